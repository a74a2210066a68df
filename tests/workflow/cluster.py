"""A real slurm of one node on this machine's loopback, for as long as a test needs it.

Its configuration has to lie in /etc/slurm: the plugin takes SLURM_CONF out of a job's environment. One that lies there
already is a real cluster's, and is left alone, unless a test that was killed has left it.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PLACE = Path("/etc/slurm")
CONFIGURATION, CARDS = PLACE / "slurm.conf", PLACE / "gres.conf"
OURS = "# Written by WhatIfRec's tests, and removed by them.\n"
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scancel")
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
    with tempfile.TemporaryDirectory(prefix="whatifrec-slurm-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)
        content = SETTINGS.format(host=socket.gethostname().split(".")[0], folder=folder, **_ports())
        try:
            CONFIGURATION.write_text(OURS + content)
            CARDS.write_text(OURS + GRES)
            own = {"key-file": "munge.key", "socket": "munge.socket", "seed-file": "munge.seed"}
            own |= {"pid-file": "munged.pid", "log-file": "munged.log"}
            _call("munged", "--force", *(f"--{option}={folder / name}" for option, name in own.items()))
            _call("slurmctld")
            _call("slurmd")
            _wait_for_the_node(folder)
            yield
        finally:
            subprocess.run(["scancel", "--user=root"], capture_output=True, timeout=START_SECONDS, check=False)
            for name in ("slurmd", "slurmctld", "munged"):
                _end(folder / f"{name}.pid")
            CONFIGURATION.unlink(missing_ok=True)
            CARDS.unlink(missing_ok=True)


def _ports() -> dict[str, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return {"controller": first.getsockname()[1], "node": second.getsockname()[1]}


def _call(*command: str) -> None:
    """A daemon, which leaves for the background. Nothing of it may hold the pipes of the tests."""
    with tempfile.TemporaryFile("w+") as said:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=START_SECONDS)
        said.seek(0)
        if ended.returncode != 0:
            raise RuntimeError(f"{command[0]} does not start: {said.read().strip()}")


def _wait_for_the_node(folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        state = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, timeout=10)
        if state.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    raise RuntimeError(f"no node within {START_SECONDS} s: {(folder / 'slurmctld.log').read_text()[-2000:]}")


def _end(pid_file: Path) -> None:
    """End a daemon, by force if it takes long. Only one that this module has started has written the file."""
    if not pid_file.is_file() or not pid_file.read_text().strip():
        return
    process = int(pid_file.read_text())
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
        for _ in range(100):
            os.kill(process, 0)
            time.sleep(0.05)
        os.kill(process, signal.SIGKILL)
