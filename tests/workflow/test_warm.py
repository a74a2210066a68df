"""A job of a warm process is what its command would have become, and ends with it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux only")
ROOT = Path(__file__).parents[2]
# The only job of a small project. Its parent is the keeper, whose parent is the warm process.
JOB = """
import json, os, random, signal, sys, time
import numpy
from workflow import said

def parent(process):
    return int(open(f"/proc/{process}/stat").read().rpartition(")")[2].split()[1])

def tell():
    umask = os.umask(0)
    environment = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "MINE", "MALLOC_TRIM_THRESHOLD_")}
    return {"arguments": sys.argv[1:], "folder": os.getcwd(), "umask": umask, "environment": environment,
            "said": said.WORD, "drawn": [random.random(), numpy.random.random()], "warm": parent(os.getppid())}

def main():
    what, *given = sys.argv[1:]
    if what == "tell":
        print(json.dumps(tell()))
        print("a word", file=sys.stderr)
    elif what == "terminal":
        os.write(3, b"to the terminal")
    elif what == "exit":
        sys.exit(int(given[0]))
    elif what == "return":
        return int(given[0])
    elif what == "raise":
        raise ValueError("no such luck")
    elif what == "kill":
        os.kill(os.getpid(), int(given[0]))
    elif what == "wait":
        if given:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(os.getpid(), os.getppid(), parent(os.getppid()), flush=True)
        time.sleep(600)

if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.fixture
def project(tmp_path):
    """A copy of what forks, beside that job."""
    folder = tmp_path / "project" / "workflow"
    folder.mkdir(parents=True)
    (folder / "lease.py").write_text((ROOT / "workflow" / "lease.py").read_text())
    (folder / "warm.py").write_text((ROOT / "workflow" / "warm.py").read_text())
    text = (ROOT / "workflow" / "warm_process.py").read_text()
    text, count = re.subn(
        r"^PRELOADED = \(.*?^\)$", 'PRELOADED = ("workflow.job",)', text, flags=re.DOTALL | re.MULTILINE
    )
    assert count == 1
    (folder / "warm_process.py").write_text(text)
    (folder / "__init__.py").touch()
    pipeline = folder.parent / "datasets" / "pipeline"
    pipeline.mkdir(parents=True)
    (pipeline / "command.py").write_text((ROOT / "datasets" / "pipeline" / "command.py").read_text())
    (folder / "job.py").write_text(JOB)
    (folder / "said.py").write_text("WORD = 'old'\n")
    return folder.parent


@pytest.fixture
def owner():
    """What stands for the workflow."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def command(project, owner):
    """Starts a job of the project. The folder of the sockets is not a test's own: its name would be too long."""
    started = []
    with tempfile.TemporaryDirectory(prefix="whatifrec-test-") as sockets:

        def start(*arguments, lease=(), module="workflow.job", offer=f"{owner.pid}:{sockets}", **options):
            changes = {"WHATIFREC_WARM": offer, "CUDA_VISIBLE_DEVICES": ""} | options.pop("environment", {})
            path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
            started.append(
                subprocess.Popen(
                    ["python", "-m", "workflow.lease", *lease, "--", "python", "-m", module, *arguments],
                    cwd=project,
                    env=os.environ | {"PATH": path} | changes,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    **options,
                )
            )
            return started[-1]

        yield start
        for job in started:
            job.kill()
            job.communicate()


def told(job: subprocess.Popen) -> dict:
    output, errors = job.communicate()
    assert job.returncode == 0 and errors == "a word\n", errors
    return json.loads(output)


def until(gone) -> None:
    """Wait; a test that waits in vain is ended by whoever runs the tests."""
    while not gone():
        time.sleep(0.02)


def ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_job_has_the_arguments_folder_environment_and_umask_of_its_command(command, project):
    plain = command("tell", "a b", "'c'", offer="0", environment={"MINE": "1"}, umask=0o027)
    warm = command("tell", "a b", "'c'", environment={"MINE": "1"}, umask=0o027)
    plain, warm = told(plain), told(warm)
    same = ("arguments", "folder", "umask", "environment", "said")
    assert [warm[name] for name in same] == [plain[name] for name in same]
    assert warm["umask"] == 0o027 and warm["environment"]["MINE"] == "1" and warm["folder"] == str(project)


def test_jobs_share_a_process_and_no_random_numbers(command):
    first, *others = [told(job) for job in [command("tell") for _ in range(4)]]  # all start at once
    assert {other["warm"] for other in others} == {first["warm"]} != {os.getpid()}
    for place in (0, 1):
        assert len({about["drawn"][place] for about in (first, *others)}) == 4


def test_another_environment_is_another_process_and_another_card_is_not(command):
    here = told(command("tell"))["warm"]
    assert told(command("tell", environment={"MINE": "2"}))["warm"] != here
    about = told(command("tell", environment={"CUDA_VISIBLE_DEVICES": "1"}, lease=["--slots-per-gpu", "0"]))
    assert about["warm"] == here and about["environment"]["CUDA_VISIBLE_DEVICES"] == "1"


def test_two_jobs_run_at_once(command):
    jobs = [command("wait") for _ in range(2)]
    processes = [job.stdout.readline().split() for job in jobs]
    assert processes[0][0] != processes[1][0] and processes[0][2] == processes[1][2]


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (("exit", "3"), 3),
        (("return", "2"), 2),
        (("tell",), 0),
        (("raise",), 1),
        (("kill", "9"), 137),
        (("kill", "15"), 143),
    ],
)
def test_a_command_ends_as_its_job_does(command, job, code):
    job = command(*job)
    _, errors = job.communicate()
    assert job.returncode == code
    assert code != 1 or errors.splitlines()[-1] == "ValueError: no such luck"


def test_the_terminal_s_descriptor_reaches_the_job(command):
    reader, writer = os.pipe()
    job = command("terminal", preexec_fn=lambda: os.dup2(writer, 3), pass_fds=[3])
    os.close(writer)
    assert os.read(reader, 100) == b"to the terminal" and job.wait() == 0
    os.close(reader)


@pytest.mark.parametrize(("how", "deaf"), [(signal.SIGKILL, []), (signal.SIGTERM, []), (signal.SIGKILL, ["deaf"])])
def test_a_job_ends_with_its_command_and_frees_its_card(command, project, how, deaf):
    card = {"lease": ["--folder", str(project / "locks")], "environment": {"CUDA_VISIBLE_DEVICES": "0"}}
    job = command("wait", *deaf, **card)
    process, keeper, warm = map(int, job.stdout.readline().split())
    waiting = command("tell", **card)
    time.sleep(0.3)
    assert waiting.poll() is None, "the card was given away while a job held it"
    job.send_signal(how)
    until(lambda: ended(process) and ended(keeper))
    assert told(waiting)["warm"] == warm


def test_code_that_has_changed_is_loaded_anew(command, project):
    before = told(command("tell"))
    (project / "workflow" / "said.py").write_text("WORD = 'other'\n")
    after = told(command("tell"))
    assert (before["said"], after["said"]) == ("old", "other") and before["warm"] != after["warm"]
    until(lambda: ended(before["warm"]))


def test_the_warm_process_ends_with_the_workflow_but_its_jobs_go_on(command, owner):
    job = command("wait")
    process, _, warm = map(int, job.stdout.readline().split())
    owner.kill()
    owner.wait()
    until(lambda: ended(warm))
    assert not ended(process) and job.poll() is None


# A workflow: it offers a folder, has one job done where it is told to, and waits to be killed.
WORKFLOW = """
import subprocess, sys, time
from workflow import warm
warm.offer()
if sys.argv[1:]:
    subprocess.run(["python", "-m", "workflow.lease", "--", "python", "-m", "workflow.job", "exit", "0"], check=True)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def short_folder():
    """A socket's name may have a hundred letters."""
    with tempfile.TemporaryDirectory(prefix="whatifrec-test-") as folder:
        yield Path(folder)


def test_a_killed_workflow_leaves_no_folder_behind(project, short_folder):
    """Its warm process removes it; where there was none, the next workflow does."""
    place = short_folder
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    given = {name: value for name, value in os.environ.items() if name != "WHATIFREC_WARM"}
    given |= {"PATH": path, "TMPDIR": str(place), "CUDA_VISIBLE_DEVICES": ""}

    def killed(*arguments) -> None:
        command = [sys.executable, "-c", WORKFLOW, *arguments]
        with subprocess.Popen(command, cwd=project, env=given, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            assert len(list(place.glob("whatifrec-warm-*"))) == 1
            process.kill()

    killed()
    assert len(list(place.iterdir())) == 1
    killed("job")  # removes the first one at its start
    until(lambda: not list(place.iterdir()))


def test_a_warm_process_that_was_killed_is_replaced(command):
    first = told(command("tell"))["warm"]
    os.kill(first, signal.SIGKILL)
    until(lambda: ended(first))
    assert told(command("tell"))["warm"] != first


@pytest.mark.parametrize("offer", ["0", "", "1:/there/is/no/such/folder", f"{os.getpid()}:/{'long' * 50}"])
def test_without_a_warm_process_the_command_runs_by_itself(command, offer):
    # the command took the place of its lease, a child of this process
    assert told(command("tell", offer=offer))["warm"] == os.getppid()
    assert command("exit", "3", offer=offer).wait() == 3


def test_a_process_that_cannot_start_leaves_the_job_to_its_command(command, project):
    file = project / "workflow" / "warm_process.py"
    file.write_text(
        file.read_text().replace("def serve(", "if __name__ == '__main__':\n    sys.exit(1)\n\n\ndef serve(")
    )
    assert told(command("tell"))["warm"] == os.getppid()


def test_broken_code_is_shown_by_the_job_that_needs_it(command, project):
    (project / "workflow" / "job.py").write_text("import there_is_no_such_module\n")
    job = command()
    assert "there_is_no_such_module" in job.communicate()[1] and job.returncode == 1


def test_a_job_s_cost_is_the_job_s_own(command, tmp_path):
    file = tmp_path / "costs" / "job.tsv"
    assert command("exit", "0", lease=["--cost", str(file)]).wait() == 0
    head, values = (line.split("\t") for line in file.read_text().splitlines())
    assert head == ["s", "cpu_time", "max_rss"]
    assert all(float(value) > 0 for value in values)


CELL = "casr/synthetic.loo/narm"


def test_a_cell_of_a_warm_process_has_the_same_bits(make_world, owner, tmp_path):
    plain, forked = make_world("plain"), make_world("forked")
    plain.run("narm")
    with tempfile.TemporaryDirectory(prefix="whatifrec-test-") as sockets:
        (tmp_path / "git").write_text(f'#!/bin/sh\necho "$1" >> "{tmp_path}/asked"\nexec {shutil.which("git")} "$@"\n')
        (tmp_path / "git").chmod(0o700)
        path = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]])
        changes = {"PATH": path, "PYTHONPATH": str(ROOT), "WHATIFREC_WARM": f"{owner.pid}:{sockets}"}
        lease = ["python", "-m", "workflow.lease", "--slots-per-gpu", "0", "--cost", str(tmp_path / "cost.tsv"), "--"]
        job = ["python", "-m", "workflow.cells.run", "--scale-file", str(forked.file), "--cell", CELL]
        for _ in range(2):
            subprocess.run([*lease, *job], cwd=forked.folder, env=os.environ | changes, check=True)
    assert (tmp_path / "cost.tsv").is_file()  # it was forked
    assert (tmp_path / "asked").read_text().split() == ["rev-parse", "diff"]  # not by each job
    for seed in (1, 2):
        for file in (f"seed-{seed}.safetensors", f"seed-{seed}.ranks.parquet"):
            assert (forked.path("narm") / file).read_bytes() == (plain.path("narm") / file).read_bytes()
