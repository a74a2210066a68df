"""The process that has loaded the libraries and forks each job: started, and asked, by the jobs' commands (warm.py)."""

import atexit
import contextlib
import fcntl
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

from workflow.warm import CARD, DESCRIPTORS, PACKAGES, PROJECT, STARTED, runs, tidy_up_after

PRELOADED = (
    "workflow.cells.run",
    "workflow.cells.pool",
    "workflow.cells.tune",
    "paper_tables.judge.comparison",
    "paper_tables.report.page",
    "paper_tables.write",
    "pyarrow.parquet",
    "pyarrow.pandas_compat",
    "matplotlib.backends.backend_agg",
)
IDLE_SECONDS = 600
LOOK_SECONDS = 1.0  # between looks whether the workflow still runs
TO_TIDY_UP = 3.0  # seconds between Ctrl-C and an end by force, of a job whose command is gone


def serve(listener: socket.socket, owner: int) -> dict | None:
    """Fork a child for each job that is asked for. Gives, in that child, the job; in this process, at its end, None."""
    loaded = _files()
    for name in PRELOADED:
        with contextlib.suppress(Exception):  # broken code is shown by the jobs that need it
            importlib.import_module(name)
    with contextlib.suppress(Exception):  # what each job would ask git: it is of the code that was loaded
        importlib.import_module("workflow.cells.provenance").commit_of_code()
    gc.collect()
    gc.freeze()  # what is never looked at again stays shared with the jobs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a keeper
    asked, place = time.monotonic(), Path(listener.getsockname())
    while time.monotonic() - asked < IDLE_SECONDS and runs(owner):
        if not select.select([listener], [], [], LOOK_SECONDS)[0]:
            continue
        asked = time.monotonic()
        with listener.accept()[0] as connection:
            if _user_of(connection) != os.getuid():
                continue
            if _files() != loaded:
                listener.close()  # before the command hears of it and asks for another
                break
            if os.fork() == 0:
                listener.close()
                return _keep(connection)
    if not runs(owner):
        tidy_up_after(place.parent)
    return None


def _files() -> dict[str, tuple[int, int]]:
    """Time and size of each file of the project's packages, raw data left out."""
    found = {}
    for package in PACKAGES:
        for folder, inside, files in os.walk(PROJECT / package):
            inside[:] = [name for name in inside if name not in ("raw", "__pycache__")]
            for name in files:
                with contextlib.suppress(FileNotFoundError):
                    about = os.stat(file := os.path.join(folder, name))
                    found[file] = about.st_mtime_ns, about.st_size
    return found


def _user_of(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1]


def _keep(connection: socket.socket) -> dict:
    """Fork one job, end it when its command is gone, and say how it ended. Returns in the job's process only."""
    message, received, _, _ = socket.recv_fds(connection, 1 << 20, len(DESCRIPTORS) + 1)
    os.setsid()  # a group of the keeper, the job, and what the job starts
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    job = os.fork()
    if job == 0:
        connection.close()
        return {**json.loads(message), "received": received}
    for number in received:
        os.close(number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    connection.send(STARTED)
    _, status, used = os.wait4(job, 0)
    answer = [status, used.ru_utime + used.ru_stime, used.ru_maxrss / (1 << 10)]
    with contextlib.suppress(OSError):
        connection.send(json.dumps(answer).encode())
    os._exit(0)


def _end_with(connection: socket.socket) -> None:
    """Wait until the command is gone, and end the group."""
    connection.recv(1)
    os.killpg(0, signal.SIGINT)
    time.sleep(TO_TIDY_UP)
    os.killpg(0, signal.SIGKILL)


def become(job: dict) -> object:
    """Do the job in this process, as if the interpreter had been started for it. Gives what its `main` does."""
    received = [fcntl.fcntl(number, fcntl.F_DUPFD, 64) for number in job["received"]]
    for number in job["received"]:
        os.close(number)
    for number, given in zip(job["descriptors"], received, strict=False):  # the lock keeps the number that it got
        os.dup2(given, number)
        os.close(given)
    if job["card"] is None:
        os.environ.pop(CARD, None)
    else:
        os.environ[CARD] = job["card"]
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # no two jobs start with the same state; `random` sees to it itself
    name = job["module"]
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        name += ".__main__"
    module = importlib.import_module(name)
    sys.argv = [module.__file__, *job["arguments"]]
    return module.main()


def main() -> None:
    job = serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
    if job is not None and (code := become(job)):
        sys.exit(code)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)  # taking the loaded libraries apart would cost more than many a job


if __name__ == "__main__":
    main()
