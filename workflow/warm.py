"""Jobs without the seconds that they need to load their libraries: one process has loaded them, and forks each job.

The workflow offers a folder to its jobs in WHATIFREC_WARM. A job's command asks the warm process there by a socket,
which it starts if there is none, hands over its arguments and open files, and waits. The process was started with the
environment, working folder and umask of the job (the socket is named after them), has computed nothing and has touched
no card: what it forks is what the command would have become. A job ends when its command ends. The process ends with
the workflow that it serves, when it is idle, and when a file of the project is not the one that it has loaded. Wherever
it does not answer, the command runs by itself, as it does with WHATIFREC_WARM=0.
"""

import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "WHATIFREC_WARM"  # <process id of the workflow>:<folder of the sockets>; anything else is none
PREFIX = "whatifrec-warm-"  # of the folder's name; the process id of the workflow follows
CARD = "CUDA_VISIBLE_DEVICES"  # all that may differ between the environments of a job and of the process that forks it
PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("datasets", "methods", "paper_tables", "workflow")
DESCRIPTORS = (0, 1, 2, 3)  # that a job is given, where they are open; 3 leads to the terminal
STARTED = b"started"


@dataclass(frozen=True)
class Ended:
    """How a job ended. code: as a shell gives it, 128 + signal where one killed it; peak_memory_mb: in MiB."""

    code: int
    seconds: float
    cpu_seconds: float
    peak_memory_mb: float


def offer() -> None:
    """Let the jobs that this process starts from now on share warm processes, unless the user has said otherwise."""
    if VARIABLE not in os.environ and sys.platform == "linux":  # elsewhere system libraries do not bear a fork
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
            tidy_up_after(left)
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[VARIABLE] = f"{os.getpid()}:{folder}"


def tidy_up_after(folder: Path) -> None:
    """Remove the folder of a workflow that was killed. That of another user cannot be removed."""
    owner = folder.name.removeprefix(PREFIX).partition("-")[0]
    if owner.isdecimal() and not runs(int(owner)):
        shutil.rmtree(folder, ignore_errors=True)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    return True


def run(command: list[str], held: int | None = None) -> Ended | None:
    """Run `python -m <module> …` in a warm process. held: a descriptor whose lock the job shares.

    None if there is none, or for another command: the caller runs it itself.
    """
    owner, _, folder = os.environ.get(VARIABLE, "").partition(":")
    if not folder or command[:2] != ["python", "-m"] or command[2].split(".")[0] not in PACKAGES:
        return None
    numbers = [number for number in DESCRIPTORS if _is_open(number)]
    job = {"module": command[2], "arguments": command[3:], "descriptors": numbers, "card": os.environ.get(CARD)}
    passed = [*numbers, *([] if held is None else [held])]
    for _ in range(2):  # the first to answer may have been at its end
        begun = time.monotonic()
        with contextlib.suppress(OSError), _connected(Path(folder), owner) as connection:
            socket.send_fds(connection, [json.dumps(job).encode()], passed)
            if connection.recv(len(STARTED)) == STARTED:
                answer = connection.recv(1 << 10)
                seconds = time.monotonic() - begun
                return Ended(128 + signal.SIGKILL, seconds, 0.0, 0.0) if not answer else _ended(answer, seconds)
    return None


def _ended(answer: bytes, seconds: float) -> Ended:
    status, cpu_seconds, peak = json.loads(answer)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code if code >= 0 else 128 - code, seconds, cpu_seconds, peak)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _connected(folder: Path, owner: str) -> socket.socket:
    """A connection to the warm process of this environment, started if nobody listens. OSError where that fails."""
    place = str(folder / f"{_surroundings()}.socket")
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
        return _connection(place)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return _connection(place)  # another was faster
        Path(place).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(place)
            listener.listen(64)
            subprocess.Popen(
                [sys.executable, "-m", "workflow.warm_process", str(listener.fileno()), owner],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
            return _connection(place)  # it waits in the listener's queue
    finally:
        os.close(lock)


def _connection(place: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(place)
    except OSError:
        connection.close()
        raise
    return connection


def _surroundings() -> str:
    """A checksum of all that a command is started with besides its arguments, files and card."""
    umask = os.umask(0o077)
    os.umask(umask)
    environment = sorted((name, value) for name, value in os.environ.items() if name != CARD)
    limits = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE)]
    here = [sys.executable, os.getcwd(), umask, limits, environment]
    return hashlib.sha256(json.dumps(here).encode()).hexdigest()[:12]
