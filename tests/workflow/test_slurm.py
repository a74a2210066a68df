"""The profile for a cluster, on a real slurm: started here where that is possible."""

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from datasets.pipeline.files import read_json
from tests.workflow import cluster
from tests.workflow.test_workflow import copy_tree, started, write_scale

CELLS, TABLE = "mini/cells/casr/synthetic.loo", "mini/tables/casr_table1.csv"
WANTED = [f"results/{CELLS}/{name}/result.json" for name in ("popularity", "narm")] + ["casr_table1"]
MEMORY_MB, MINUTES = 1500, 20
# Kills the job of its method, once.
FATAL = """
import os, signal
from pathlib import Path

if not Path("was-killed").exists():
    Path("was-killed").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
PROFILE = yaml.safe_load((Path(__file__).parents[2] / "profiles" / "slurm" / "profile.yaml").read_text())
DEFAULT = yaml.safe_load((Path(__file__).parents[2] / "profiles" / "default" / "profile.yaml").read_text())


@pytest.fixture
def slurm():
    """One at a time on a machine: its configuration has one place."""
    with open(Path(tempfile.gettempdir()) / "whatifrec-slurm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if why := cluster.why_not():
            pytest.skip(why)
        with cluster.started():
            yield


def submitted() -> dict[str, list[dict]]:
    """What each job asked for, by the last part of its comment, in the order of submission."""
    asked = [
        "squeue",
        "--states=all",
        "--noheader",
        "--sort=i",
        "--Format=comment:200,minmemory:20,timelimit:20,tres-per-job:40",
    ]
    found: dict[str, list[dict]] = {}
    for line in subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines():
        comment, memory, limit, cards = line.split()
        found.setdefault(comment.rsplit("_", 1)[-1], []).append({"memory": memory, "limit": limit, "cards": cards})
    return found


def test_a_small_scale_runs_on_slurm_and_a_killed_cell_gets_more_memory(tmp_path, slurm):
    tree, local = copy_tree(tmp_path), tmp_path / "local"
    write_scale(tree, memory_mb=MEMORY_MB, minutes=MINUTES)
    with (tree / "methods" / "popularity" / "model.py").open("a") as model:
        model.write(FATAL)
    (tree / "was-killed").touch()
    ended = started(tree, *WANTED)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (tree / "results").rename(local)
    (tree / "was-killed").unlink()

    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "--config", "scale=mini"]
    quick = ["--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "20"]
    environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    ended = subprocess.run(
        [*command, *quick, *WANTED], cwd=tree, env=environment, capture_output=True, text=True, timeout=400
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr

    jobs = submitted()
    assert set(jobs) == {"synthetic", "synthetic.loo", "narm", "popularity"}  # table and audit were made here
    assert [job["memory"] for job in jobs["popularity"]] == [f"{MEMORY_MB}M", f"{2 * MEMORY_MB}M"]
    assert [job["limit"] for job in jobs["popularity"]] == [f"{MINUTES}:00", f"{2 * MINUTES}:00"]
    assert [job["memory"] for job in jobs["narm"]] == [f"{MEMORY_MB}M"]
    assert all(job["cards"] == "gres:gpu:1" for name in ("narm", "popularity") for job in jobs[name])
    assert not any("gpu" in job["cards"] for name in ("synthetic", "synthetic.loo") for job in jobs[name])
    for name in ("narm", "popularity"):
        here, there = (read_json(results / CELLS / name / "result.json") for results in (local, tree / "results"))
        assert here["status"] == there["status"] == "done" and here["digest"] == there["digest"]
        assert here["seeds"]["1"]["metrics"] == there["seeds"]["1"]["metrics"]
    assert (local / TABLE).read_bytes() == (tree / "results" / TABLE).read_bytes()


# Prints the rules that are submitted, then those that the main process runs itself.
RULES = """
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

with SnakemakeApi(OutputSettings(dryrun=True)) as api:
    settings = ResourceSettings(nodes=5), ConfigSettings(config={"scale": "mini"})
    loaded = api.workflow(resource_settings=settings[0], config_settings=settings[1], snakefile=Path("Snakefile"))
    loaded.dag(DAGSettings(targets={"all"}))
    rules = [rule for rule in loaded._workflow.rules if not rule.norun]
    local = [rule.name in loaded._workflow._localrules for rule in rules]
    for asked in (False, True):
        print(*(rule.name for rule, here in zip(rules, local, strict=True) if here is asked))
"""


def test_only_what_prepares_or_trains_is_submitted(tmp_path):
    ended = subprocess.run([sys.executable, "-c", RULES], cwd=copy_tree(tmp_path), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    away, here = (set(line.split()) for line in ended.stdout.splitlines()[-2:])
    assert away == {"prepare", "split", "cell", "pool", "tune", "shell_popularity"}
    assert here == {"fetch", "audit", "table", "figure", "document", "comparison", "report_page", "compare"}


def test_both_profiles_try_again_and_agree_where_they_say_the_same():
    assert PROFILE["retries"] == DEFAULT["retries"] == 2
    assert not [key for key in DEFAULT if PROFILE.get(key) != DEFAULT[key]]
    assert "config" not in PROFILE  # the whole of it is gone as soon as the command line has one
    assert PROFILE["slurm-status-command"] == "squeue"
