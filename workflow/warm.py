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
import gc
import hashlib
import importlib
import importlib.util
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "WHATIFREC_WARM"  # <process id of the workflow>:<folder of the sockets>; anything else is none
PREFIX = "whatifrec-warm-"  # of the folder's name; the process id of the workflow follows
CARD = "CUDA_VISIBLE_DEVICES"  # all that may differ between the environments of a job and of the process that forks it
PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("datasets", "methods", "paper_tables", "workflow")
PRELOADED = (
    "workflow.cells.run",
    "workflow.cells.pool",
    "workflow.cells.tune",
    "paper_tables.comparison",
    "paper_tables.report.page",
    *(f"paper_tables.{file.parent.name}.write" for file in sorted(PROJECT.glob("paper_tables/*/write.py"))),
    "pyarrow.parquet",
    "pyarrow.pandas_compat",
    "matplotlib.backends.backend_agg",
)
DESCRIPTORS = (0, 1, 2, 3)  # that a job is given, where they are open; 3 leads to the terminal
STARTED = b"started"
IDLE_SECONDS = 600
LOOK_SECONDS = 1.0  # between looks whether the workflow still runs
TO_TIDY_UP = 3.0  # seconds between Ctrl-C and an end by force, of a job whose command is gone


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
            _tidy_up_after(left)
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[VARIABLE] = f"{os.getpid()}:{folder}"


def _tidy_up_after(folder: Path) -> None:
    """Remove the folder of a workflow that was killed. That of another user cannot be removed."""
    owner = folder.name.removeprefix(PREFIX).partition("-")[0]
    if owner.isdecimal() and not _runs(int(owner)):
        shutil.rmtree(folder, ignore_errors=True)


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
                [sys.executable, "-m", "workflow.warm", str(listener.fileno()), owner],
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


def serve(listener: socket.socket, owner: int) -> dict | None:
    """Fork a child for each job that is asked for. Gives, in that child, the job; in this process, at its end, None."""
    loaded = _files()
    for name in PRELOADED:
        with contextlib.suppress(Exception):  # broken code is shown by the jobs that need it
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is never looked at again stays shared with the jobs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a keeper
    asked, place = time.monotonic(), Path(listener.getsockname())
    while time.monotonic() - asked < IDLE_SECONDS and _runs(owner):
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
    if not _runs(owner):
        _tidy_up_after(place.parent)
    return None


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    return True


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
