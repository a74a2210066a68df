"""Give a job a GPU of its own: `python -m workflow.lease [--slots-per-gpu 2] -- <command>`

Snakemake counts GPUs but does not say which one a job has. Here a job takes a lock on a slot of a card, and becomes the
command with the lock's descriptor inherited: the slot is free again when the job and its children are gone, however
they ended. Without a GPU, or where a scheduler has chosen one already, the command runs as it is. Every job is told to
keep the memory that it has once asked for, and not to spin for long; a warm process may fork it (workflow/warm.py).
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.command import start
from workflow import warm

POLL_SECONDS = 0.2
# glibc gives large buffers back to the system when they are freed, and every next step of a training faults their pages
# in again: on a CPU up to half of the time. The job keeps them. Other C libraries look at neither variable.
KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(16 << 30), "MALLOC_MMAP_THRESHOLD_": str(4 << 30)}
# Threads of GNU's OpenMP wait for torch's next operation by spinning, by default for 300,000 turns: some 20 ms, longer
# than many a step of training, in which they take cores from the threads that share a batch (engine/layers/cores.py).
# A job's spin for less than a millisecond. Other OpenMPs do not look at it.
SHORT_SPIN = {"GOMP_SPINCOUNT": "10000"}
ENVIRONMENT = {**KEPT_MEMORY, **SHORT_SPIN}
SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")  # their jobs see only the cards that are theirs


def devices(environment: Mapping[str, str]) -> list[str]:
    """The cards to choose from: those that CUDA_VISIBLE_DEVICES names, else all."""
    if "CUDA_VISIBLE_DEVICES" in environment:
        return [name.strip() for name in environment["CUDA_VISIBLE_DEVICES"].split(",") if name.strip()]
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    return answer.stdout.split() if answer.returncode == 0 else []


def take_slot(cards: list[str], slots_per_gpu: int, folder: Path) -> tuple[str, int]:
    """Wait for a free slot. Gives its card and the descriptor that holds it. Cards are filled one slot each first."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for slot in range(slots_per_gpu):
            for card in cards:
                name = hashlib.sha256(card.encode()).hexdigest()[:12]
                held = os.open(folder / f"{name}-{slot}.lock", os.O_RDWR | os.O_CREAT)
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return card, held
                except BlockingIOError:
                    os.close(held)
        time.sleep(POLL_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots-per-gpu", type=int, default=1, help="0 for a job that wants none")
    parser.add_argument("--cost", type=Path, help="where to write what a warm job took")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / f"whatifrec-gpu-{os.getuid()}")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    cards, held = devices(os.environ) if options.slots_per_gpu else [], None
    if cards and not any(name in os.environ for name in SCHEDULERS):
        os.environ["CUDA_VISIBLE_DEVICES"], held = take_slot(cards, options.slots_per_gpu, options.folder)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    ended = warm.run(options.command, held)
    if ended is not None:
        if options.cost is not None:
            write_cost(ended, options.cost)
        sys.exit(ended.code)
    if held is not None:
        os.set_inheritable(held, True)
    sys.stdout.flush()
    os.execvp(options.command[0], options.command)


def write_cost(ended: warm.Ended, file: Path) -> None:
    """Seconds, processor seconds and peak memory (MiB) of a job, in the columns of Snakemake's benchmarks, which would
    see only the command that waits."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"s\tcpu_time\tmax_rss\n{ended.seconds:.3f}\t{ended.cpu_seconds:.3f}\t{ended.peak_memory_mb:.1f}\n")


if __name__ == "__main__":
    start(main)
