"""The machine and what else it does: a figure from a busy machine has to say so."""

import datetime
import os
import subprocess
from pathlib import Path

from workflow.cells.provenance import commit, commit_of_code, processor, versions


def busy_seconds() -> float | None:
    """Seconds that all cores have been busy since the machine started, those that a host lent to other machines among
    them; None where the system does not tell."""
    file = Path("/proc/stat")
    if not file.is_file():
        return None
    user, nice, system, _, _, irq, softirq, stolen, *_ = map(int, file.read_text().split("\n")[0].split()[1:])
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")


def load_average() -> float | None:
    """Of the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def available_cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def memory_gib() -> float | None:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)


def describe(device: str, threads: int, peer: Path) -> dict[str, object]:
    """The columns that say where and with what a row was measured."""
    libraries = versions()
    named = {name: libraries[name] for name in ("python", "torch", "numpy", "snakemake")} | peer_versions(peer)
    return {
        "device": device,
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": memory_gib(),
        "threads": threads,
        "load_average": load_average(),
        "versions": ", ".join(f"{name} {version}" for name, version in named.items()),
        "code": code(),
        "measured": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def peer_versions(python: Path) -> dict[str, str]:
    """RecBole and its torch, as the peer's environment has them; empty without one."""
    names = ("recbole", "torch")
    code = f"import importlib.metadata as m; print(*(m.version(name) for name in {names}))"
    try:
        asked = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {f"RecBole's {name}" if name == "torch" else "RecBole": version
            for name, version in zip(names, asked.stdout.split(), strict=True)}  # fmt: skip


def code() -> str:
    """The commit, with a plus where files were changed since, but for results; empty outside a repository."""
    return f"{commit()[:12]}{'+' * commit_of_code().endswith('+')}"
