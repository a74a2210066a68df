"""A real slurm of one node on this machine's loopback, for as long as a test needs it.

Its configuration has to lie in /etc/slurm: the plugin takes SLURM_CONF out of a job's environment. One that lies there
already is a real cluster's, and is left alone, unless a test that was killed has left it.
"""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PLACE = Path("/etc/slurm")
CONFIGURATION, CARDS = PLACE / "slurm.conf", PLACE / "gres.conf"
OURS = "# Written by WhatIfRec's tests, and removed by them.\n"
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "sinfo", "scancel", "setpriv")
START_SECONDS = 20
# Two cards that are none: jobs can ask for them, and no library can use them. Neither CPUs nor memory are looked at.
GRES = "AutoDetect=off\nName=gpu File=/dev/null\nName=gpu File=/dev/zero\n"
SETTINGS = """ClusterName=whatifrec
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={controller}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 Gres=gpu:2
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why slurm cannot be started here; empty where it can."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can start slurm"
    if missing:
        return f"no {', '.join(missing)}: install slurm-wlm and munge"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "no snakemake-executor-plugin-slurm: pip install '.[slurm]'"
    if any(file.exists() and not file.read_text().startswith(OURS) for file in (CONFIGURATION, CARDS)):
        return f"{PLACE} holds the configuration of a real cluster"
    return ""


@contextlib.contextmanager
def started() -> Iterator[None]:
    """Slurm while the block runs. RuntimeError where it does not come up."""
    with tempfile.TemporaryDirectory(prefix="whatifrec-slurm-") as place, contextlib.ExitStack() as daemons:
        folder = Path(place)
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)
        own = {"key-file": "munge.key", "socket": "munge.socket", "seed-file": "munge.seed"}
        own |= {"pid-file": "munged.pid", "log-file": "munged.log"}
        try:
            settings = SETTINGS.format(host=socket.gethostname().split(".")[0], folder=folder, **_ports())
            CONFIGURATION.write_text(OURS + settings)
            CARDS.write_text(OURS + GRES)
            munge = ["munged", "--foreground", "--force", *(f"--{key}={folder / name}" for key, name in own.items())]
            daemons.enter_context(_daemon(*munge))
            _wait_for(lambda: (folder / "munge.socket").exists(), "munged", folder / "munged.log")
            daemons.enter_context(_daemon("slurmctld", "-D"))
            daemons.enter_context(_daemon("slurmd", "-D"))
            _wait_for(lambda: _said("sinfo", "--noheader", "--format=%T") == "idle", "slurm", folder / "slurmctld.log")
            yield
            _said("scancel", "--user=root")
        finally:
            daemons.close()
            CONFIGURATION.unlink(missing_ok=True)
            CARDS.unlink(missing_ok=True)


def _ports() -> dict[str, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return {"controller": first.getsockname()[1], "node": second.getsockname()[1]}


@contextlib.contextmanager
def _daemon(*command: str) -> Iterator[None]:
    """A program that ends with this block, and with the tests even where they are killed."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], **quiet)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False).stdout.strip()


def _wait_for(ready: Callable[[], bool], name: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{name} does not start: {log.read_text()[-2000:] if log.is_file() else 'no log'}")
        time.sleep(0.1)
