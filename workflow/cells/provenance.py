"""What it takes to repeat a result: checksums of code and settings, versions, machine, cost. No torch here."""

import datetime
import importlib.metadata
import platform
import resource
import subprocess
from functools import cache
from pathlib import Path

from datasets.pipeline.code import ROOT, digest_of
from datasets.pipeline.code import digest as digest

LIBRARIES = ("torch", "numpy", "numba", "pandas", "scipy", "safetensors", "pyarrow", "snakemake")
STEPS = ROOT / "workflow" / "cells"
TEXTS = (".md", ".yaml")
STARTS = ("model.py", "treatment.py")  # what a cell imports of a method
MADE = "__pycache__"  # holds what is compiled from the code


def commit() -> str:
    """The commit that is checked out; empty where the project is not a checkout of git."""
    return git("rev-parse", "HEAD")


@cache
def commit_of_code() -> str:
    """The same, with a `+` where the code is another. Asked once by the process that forks the jobs (warm_process.py),
    which ends when its code changes: git takes longer than some jobs can spare."""
    return commit() + ("+" if git("diff", "HEAD", "--name-only", "--", ":!results") else "")


def git(*command: str) -> str:
    """What git says of this repository; empty where it fails."""
    try:
        asked = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


@cache
def code_digest(methods: tuple[Path, ...], steps: tuple[str, ...] = ("steps",)) -> str:
    """A checksum of all code that a cell runs: of its methods (`code_files`), of the named modules beside this one, and
    of what these import, nothing else.

    So an edit of one method changes the digest of its own cells and of those that build on it. Settings are not part
    of it: a card may get another label without a training run.
    """
    own = [file for folder in methods for file in code_files(folder)]
    return digest_of([*(STEPS / f"{name}.py" for name in steps), *own])


def code_files(folder: Path) -> list[Path]:
    """The files of a method's folder that can change a number: `model.py` or `treatment.py`, which name what else of
    it they import, and all that is no Python, such as a program in another language. A method with neither of the two
    runs outside: all of its files count. Texts never do."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.parent.name != MADE]
    starts = [file for file in files if file.parent == folder and file.name in STARTS]
    python = [file for file in files if file.suffix == ".py"]
    return [*(starts or python), *(file for file in files if file.suffix not in (".py", *TEXTS))]


def record(code: str, threads: int, device: str) -> dict:
    """Where and with what a result was made."""
    return {
        "code": code,
        "commit": commit_of_code(),
        "versions": versions(),
        "processor": processor(),
        "threads": threads,
        "device": device,
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in LIBRARIES}}


def processor() -> str:
    """The processor's model, as the system names it."""
    file = Path("/proc/cpuinfo")
    if file.is_file():
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory_mb() -> float:
    """The most memory that this process has had, in MiB.

    Linux's getrusage would count what the process that started this one had held.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    for line in lines:
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / (1 << 10), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if platform.system() == "Darwin" else 1 << 10), 1)
