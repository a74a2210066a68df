"""Work shared out over the cores of a CPU: each core does a whole share with operations of one thread.

Operations that use all cores wait for their slowest thread at each of their ends, and many are too small to be divided.
A GPU divides an operation by itself: there, and inside a share, all is one share.
"""

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import SimpleNamespace
from typing import TypeVar

import torch

S, R = TypeVar("S"), TypeVar("R")
_whole = SimpleNamespace(threads=None)  # torch's threads before they were shared out, while they are


def cores(device: torch.device) -> int:
    """How many shares are worked on at once: the threads that torch may use on a CPU."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def over_cores(do: Callable[[S], R], shares: Sequence[S], device: torch.device) -> list[R]:
    """do(share) for every share, each on one core; a core that is free takes the next. Gradients are recorded as where
    this is called. What `do` raises is raised here, after the other cores have ended what they had begun."""
    workers = min(cores(device), len(shares))
    if workers < 2:
        return [do(share) for share in shares]
    threads, grad, inference = torch.get_num_threads(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    results: list[R | None] = [None] * len(shares)
    following = itertools.count()  # a step of it cannot be interrupted by another thread
    failed, others = False, []

    def work() -> None:
        nonlocal failed
        torch.set_num_threads(1)
        with torch.inference_mode(inference), torch.set_grad_enabled(grad):
            try:
                while not failed and (place := next(following)) < len(shares):
                    results[place] = do(shares[place])
            except BaseException:
                failed = True
                raise

    _whole.threads = threads
    try:
        others += [_pool(os.getpid(), threads).submit(work) for _ in range(workers - 1)]
        work()
    finally:
        try:
            failed = failed or len(others) < workers - 1
            errors = [each.exception() for each in others]
        finally:
            _whole.threads = None
            torch.set_num_threads(threads)
    for error in filter(None, errors):
        raise error
    return results


def on_all_cores(make: Callable[[], R]) -> R:
    """What `make` gives, with all threads again where a share asks: for what the other shares wait for."""
    if _whole.threads is None:
        return make()
    torch.set_num_threads(_whole.threads)
    try:
        return make()
    finally:
        torch.set_num_threads(1)


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work; those of a process do not live on in its forks."""
    return ThreadPoolExecutor(max(1, threads - 1), thread_name_prefix="core")
