"""What it takes to repeat a result: checksums of code and settings, versions, machine, cost. No torch here."""

import ast
import datetime
import hashlib
import importlib.metadata
import json
import platform
import resource
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from datasets.pipeline.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("torch", "numpy", "numba", "pandas", "scipy", "safetensors", "pyarrow", "snakemake")
# Packages whose modules can change a number. What plans, names or draws cells is not among them.
NUMBERS = ("methods", "datasets")
STEPS = ROOT / "workflow" / "cells"
TEXTS = (".md", ".yaml")
MADE = "__pycache__"  # holds what is compiled from the code


def digest(value: object) -> str:
    """A checksum of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def commit() -> str:
    """The commit that is checked out; empty where the project is not a checkout of git."""
    return git("rev-parse", "HEAD")


def git(*command: str) -> str:
    """What git says of this repository; empty where it fails."""
    try:
        asked = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


@cache
def code_digest(methods: tuple[Path, ...], steps: tuple[str, ...] = ("steps",)) -> str:
    """A checksum of all code that a cell runs: the folders of its methods, the named modules beside this one, and what
    these import, nothing else.

    So an edit of one method changes the digest of its own cells and of those that build on it. Settings are not part
    of it: a card may get another label without a training run.
    """
    all_own = {file for folder in methods for file in folder.rglob("*") if file.is_file()}
    own = {file for file in all_own if file.suffix not in TEXTS and file.parent.name != MADE}
    files = sorted(closure([*(STEPS / f"{name}.py" for name in steps), *own]))
    return digest([(str(file.relative_to(ROOT)), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files])


def closure(files: Iterable[Path]) -> set[Path]:
    """The files, and every module of this repository that they import, directly or not."""
    found, waiting = set(), list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += imported(file) if file.suffix == ".py" else ()
    return found


@cache
def imported(file: Path) -> tuple[Path, ...]:
    """The modules of NUMBERS that a Python file names in its import statements."""
    names, text = set(), file.read_text(encoding="utf-8")
    if not any(name in text for name in NUMBERS):  # parsing takes longer than all else here
        return ()
    try:
        parsed = ast.parse(text, str(file))
    except SyntaxError as error:
        raise BadInput(f"{file.relative_to(ROOT)}, line {error.lineno}: {error.msg}") from error
    for node in statements(parsed):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = [ROOT.joinpath(*name.split(".")) for name in names if name.split(".")[0] in NUMBERS]
    candidates = [candidate for path in paths for candidate in (path.with_suffix(".py"), path / "__init__.py")]
    return tuple(sorted(path for path in candidates if path.is_file()))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below a node. What is inside of an expression is left out: most of a file, and never an import."""
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        for inner in getattr(node, part, ()):
            yield inner
            yield from statements(inner)


def record(code: str, threads: int, device: str) -> dict:
    """Where and with what a result was made."""
    return {
        "code": code,
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
