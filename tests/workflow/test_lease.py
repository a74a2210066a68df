"""No two jobs share a slot of a GPU, and a slot is free again however its job ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from workflow.lease import ENVIRONMENT, devices, take_slot

ROOT = Path(__file__).parents[2]
# Takes exclusive hold of a file named after its card, and reports a second holder.
JOB = """
import os, sys, time
mine = os.path.join(sys.argv[1], "in-use-" + os.environ["CUDA_VISIBLE_DEVICES"])
held = os.open(mine, os.O_CREAT | os.O_EXCL)
time.sleep(0.05)
os.unlink(mine)
print(os.environ["CUDA_VISIBLE_DEVICES"])
"""


def start(folder, cards, *command, slots=1, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in ("SLURM_JOB_ID", "JOB_ID", "PBS_JOBID")}
    clean = clean | environment | ({"CUDA_VISIBLE_DEVICES": cards} if cards is not None else {})
    lease = [sys.executable, "-m", "workflow.lease", "--slots-per-gpu", str(slots), "--folder", str(folder), "--"]
    return subprocess.Popen([*lease, *command], cwd=ROOT, env=clean, stdout=subprocess.PIPE, text=True)


def test_jobs_that_run_together_have_different_cards(tmp_path):
    jobs = [start(tmp_path, "0,1", sys.executable, "-c", JOB, str(tmp_path)) for _ in range(12)]
    cards = [job.communicate()[0].strip() for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 12  # O_EXCL fails where two jobs hold one card
    assert set(cards) <= {"0", "1"} and len(cards) == 12


def test_several_slots_let_jobs_share_a_card(tmp_path):
    waits = [start(tmp_path, "0", "sh", "-c", "echo here; sleep 60", slots=2) for _ in range(2)]
    try:
        assert [job.stdout.readline() for job in waits] == ["here\n", "here\n"]
    finally:
        for job in waits:
            job.kill()
            job.wait()


def test_a_killed_job_frees_its_slot(tmp_path):
    first = start(tmp_path, "0", sys.executable, "-c", "print('here', flush=True); import time; time.sleep(600)")
    assert first.stdout.readline() == "here\n"
    second = start(tmp_path, "0", "echo", "mine")
    time.sleep(0.3)
    assert second.poll() is None, "the card was given away while a job held it"
    first.send_signal(signal.SIGKILL)
    assert second.communicate()[0] == "mine\n"
    first.wait()


def test_a_scheduler_s_choice_stays(tmp_path):
    job = start(tmp_path, "3", "sh", "-c", "echo $CUDA_VISIBLE_DEVICES", SLURM_JOB_ID="7")
    assert job.communicate()[0] == "3\n"
    assert not list(tmp_path.iterdir())


def test_a_job_keeps_its_memory_and_spins_shortly_unless_the_user_says_otherwise(tmp_path):
    say = ("sh", "-c", "echo $MALLOC_TRIM_THRESHOLD_ $MALLOC_MMAP_THRESHOLD_ $GOMP_SPINCOUNT")
    job = start(tmp_path, "", *say, MALLOC_TRIM_THRESHOLD_="1000")
    assert job.communicate()[0] == f"1000 {ENVIRONMENT['MALLOC_MMAP_THRESHOLD_']} {ENVIRONMENT['GOMP_SPINCOUNT']}\n"


def test_without_a_card_the_command_runs_as_it_is(tmp_path):
    assert start(tmp_path, "", "echo", "cpu").communicate()[0] == "cpu\n"
    assert devices({"CUDA_VISIBLE_DEVICES": ""}) == []
    assert devices({"CUDA_VISIBLE_DEVICES": "GPU-1, GPU-2"}) == ["GPU-1", "GPU-2"]


def test_every_card_has_a_job_before_one_has_two(tmp_path):
    held = [take_slot(["0", "1", "2"], 2, tmp_path) for _ in range(6)]
    for _, descriptor in held:
        os.close(descriptor)
    assert [card for card, _ in held] == ["0", "1", "2", "0", "1", "2"]
