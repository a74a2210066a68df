"""A run that was stopped, in whatever way, goes on by the same command and ends as one that nobody disturbed."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datasets.pipeline.files import read_json
from tests.workflow.test_workflow import copy_tree, planned, snakemake, started
from workflow.clean import main as clean
from workflow.clock import mend_times

RESULTS, CELLS = Path("results/mini"), "cells/casr/synthetic.loo"
SCALE_FILE = ("--scale-file", "config/mini.yaml")
ITSELF = [sys.executable, "-m", "snakemake", "--cores", "2", "--config", "scale=mini", "--quiet=host"]


def command(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], cwd=folder, check=True, capture_output=True)


def finished(folder: Path) -> dict[str, dict]:
    """The metrics of each seed of each finished cell."""
    files = sorted((folder / RESULTS / CELLS).glob("*/result.json"))
    return {file.parent.name: {s: each["metrics"] for s, each in read_json(file)["seeds"].items()} for file in files}


def killed(folder: Path) -> set[str]:
    """The cells whose job was running when Snakemake was killed: their results stand, but it makes sure of them."""
    marks = [base64.b64decode(mark.name).decode() for mark in (folder / ".snakemake" / "incomplete").glob("*")]
    return {Path(file).parent.name for file in marks if "/cells/" in file}


def disturbed(folder: Path, how: signal.Signals, cells: int) -> int:
    """Start a run of everything, and send a signal to all its processes, as a terminal does, after so many cells.

    What a shell starts in the background ignores Ctrl-C, and so does what that starts: the run is told to heed it.
    """
    run = subprocess.Popen(
        ITSELF, cwd=folder, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while len(finished(folder)) < cells and run.poll() is None:
        time.sleep(0.01)
    os.killpg(run.pid, how)
    return run.wait()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = copy_tree(tmp_path_factory.mktemp("undisturbed"))
    snakemake(folder)
    return folder


@pytest.fixture
def tree(undisturbed, tmp_path):
    """A tree in which nothing has been run."""
    (tmp_path / "tree").mkdir()
    return copy_tree(tmp_path / "tree")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_disturbed_run_ends_like_an_undisturbed_one_by_the_same_command(tree, undisturbed, how):
    assert disturbed(tree, how, cells=1) != 0  # a busy machine may see it end before it counts to more
    before = finished(tree)
    assert 1 <= len(before) < len(finished(undisturbed))
    output = snakemake(tree)
    assert finished(tree) == finished(undisturbed) and before.items() <= finished(tree).items()
    for page in (undisturbed / RESULTS / "tables").glob("*.csv"):
        if page.stem != "casr_tuning":  # has seconds
            assert (tree / RESULTS / "tables" / page.name).read_text() == page.read_text(), page.name
    assert (tree / RESULTS / "report.html").is_file() and not (tree / RESULTS / "so_far").exists()
    assert "Nothing to be done" in snakemake(tree, "--dry-run"), output


def test_a_step_that_failed_and_was_mended_leaves_nothing_out(tree, undisturbed):
    parser = tree / "datasets" / "synthetic" / "parse.py"
    whole = parser.read_text()
    parser.write_text("def parse(files):\n    raise OSError('no space left on device')\n")
    assert started(tree).returncode != 0
    assert not (tree / RESULTS / "report.html").exists() and (tree / RESULTS / "so_far" / "report.html").is_file()
    parser.write_text(whole)
    snakemake(tree)
    assert finished(tree) == finished(undisturbed)


ORDER = ["half a run", "tables", "killed run", "report", "merge", "retry"]


@pytest.mark.parametrize("order", [ORDER, ORDER[::-1]], ids=["forth", "back"])  # either order of any two
def test_a_run_plans_exactly_the_missing_cells_whatever_was_done_before(tree, undisturbed, order):
    there = {name: read_json(undisturbed / RESULTS / CELLS / name / "result.json") for name in finished(undisturbed)}

    def half_a_run():
        snakemake(tree, str(RESULTS / CELLS / "popularity" / "result.json"))

    def killed_run():
        disturbed(tree, signal.SIGKILL, cells=len(finished(tree)) + 1)

    def merged():
        source = tree.parent / "elsewhere" / RESULTS.name
        (source / CELLS).mkdir(parents=True)
        shutil.copytree(undisturbed / RESULTS / "data", source / "data")
        shutil.copytree(undisturbed / RESULTS / CELLS / "markov-chain", source / CELLS / "markov-chain")
        command(tree, "workflow.merge", "--source", str(source), *SCALE_FILE)

    def retried():
        for file in (tree / RESULTS / CELLS).glob("*/result.json"):
            file.write_text(json.dumps(read_json(file) | {"status": "failed", "reason": "no memory"}))
            break
        command(tree, "workflow.retry", *SCALE_FILE)

    steps = {
        "half a run": half_a_run,
        "killed run": killed_run,
        "tables": lambda: command(tree, "paper_tables", *SCALE_FILE, "--results", str(RESULTS)),
        "report": lambda: command(tree, "workflow.unfinished", *SCALE_FILE, "--tables"),
        "merge": merged,
        "retry": retried,
    }
    snakemake(tree, str(RESULTS / "splits" / "synthetic.loo" / "split.json"))
    for step in order:
        try:
            steps[step]()
        except subprocess.CalledProcessError as error:
            assert step == "report" and error.returncode == 1  # not everything is done
        missing = there.keys() - finished(tree).keys() | killed(tree)
        assert planned(snakemake(tree, "--dry-run")) & there.keys() == missing, step
        assert planned(snakemake(tree, "casr_table2", "--dry-run")) & there.keys() <= missing, step


@pytest.mark.parametrize("place", [f"{CELLS}/narm/seed-1.safetensors", "splits/synthetic.loo/items.csv"])
def test_what_a_run_finds_damaged_the_next_run_makes_anew(tree, undisturbed, place):
    shutil.copytree(undisturbed / RESULTS, tree / RESULTS)
    shutil.copytree(undisturbed / ".snakemake", tree / ".snakemake")
    treated = tree / RESULTS / CELLS / "narm.casr-h.narm"
    for name in ("result.json", "seed-1.json"):
        (treated / name).unlink()
    (tree / RESULTS / place).write_bytes((tree / RESULTS / place).read_bytes()[:-1])
    started(tree)
    said = read_json(treated / "result.json")["reason"]
    assert f"{place}: changed since it was written; the next run makes it anew" in said, said
    output = snakemake(tree)
    assert finished(tree) == finished(undisturbed), output + read_json(treated / "result.json").get("reason", "")
    assert "Nothing to be done" in snakemake(tree, "--dry-run")


def test_a_clock_that_was_set_back_ends_nothing(tree, undisturbed):
    shutil.copytree(undisturbed / RESULTS, tree / RESULTS)
    shutil.copytree(undisturbed / ".snakemake", tree / ".snakemake")
    ahead = time.time() + 30 * 86400
    for file in [tree / RESULTS, *(tree / RESULTS).rglob("*")]:
        os.utime(file, (ahead, ahead))
    raw = tree / "datasets" / "lastfm" / "raw"
    raw.mkdir()
    for name in ("fetched.json", "of_a_person.dat"):
        (raw / name).touch()
        os.utime(raw / name, (ahead, ahead))
    (tree / RESULTS / CELLS / "narm" / "result.json").unlink()
    snakemake(tree)
    assert finished(tree) == finished(undisturbed)
    assert "Nothing to be done" in snakemake(tree, "--dry-run")
    assert (raw / "of_a_person.dat").stat().st_mtime == ahead > (raw / "fetched.json").stat().st_mtime


def test_times_ahead_come_to_lie_before_now_in_their_order(tmp_path):
    times = {"old": 50.0, "allowed": 130.0, "first": 500.0, "second": 500.5, "third": 9000.0}
    for name, changed in times.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (changed, changed))
    (tmp_path / "in").mkdir()
    for name in times:
        (tmp_path / name).rename(tmp_path / "in" / name)
    for name in ("named", "not named"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (500.0, 500.0))
    os.utime(tmp_path / "in", (10.0, 10.0))
    assert mend_times(tmp_path / "in", tmp_path / "named", tmp_path / "absent", now=100.0) == 4
    assert (tmp_path / "named").stat().st_mtime <= 100.0 and (tmp_path / "not named").stat().st_mtime == 500.0
    found = {name: (tmp_path / "in" / name).stat().st_mtime for name in times}
    assert found["old"] == 50.0 and found["allowed"] == 130.0
    assert 99.0 <= found["first"] < found["second"] < found["third"] <= 100.0


@pytest.fixture
def scales(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("config/demo.yaml", "config/published.yaml", "results/demo/cells/x", "results/published/quick/y"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("12345")
    return tmp_path


@pytest.mark.parametrize("name", ["", ".", "..", "published", "demo quick", "demo/", "../results/demo", "nosuch", "*"])
def test_clean_removes_nothing_for_what_is_no_scale(scales, capsys, name):
    assert clean(["--scale", name]) == 2
    assert "nothing is removed" in capsys.readouterr().err
    assert (scales / "results/demo/cells/x").exists() and (scales / "results/published/quick/y").exists()


def test_clean_does_not_follow_a_link(scales, capsys):
    shutil.move(scales / "results/demo", scales / "elsewhere")
    (scales / "results/demo").symlink_to(scales / "elsewhere")
    assert clean(["--scale", "demo"]) == 2 and (scales / "elsewhere/cells/x").exists()
    assert "is a link to" in capsys.readouterr().err


def test_clean_says_what_goes_and_how_large_it_is(scales, capsys):
    assert clean(["--scale", "demo"]) == 0
    assert "results/demo: 1 files, 0.0 MiB" in capsys.readouterr().out
    assert not (scales / "results/demo").exists() and (scales / "results/published/quick/y").exists()
    assert clean(["--scale", "demo"]) == 0 and "nothing is there" in capsys.readouterr().out


@pytest.fixture
def makes(tmp_path):
    """A folder with as much of the project as `make clean` needs."""
    root = Path(__file__).parents[2]
    shutil.copy(root / "Makefile", tmp_path)
    shutil.copytree(root / "workflow", tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(root / "datasets/pipeline", tmp_path / "datasets/pipeline")
    (tmp_path / "config").mkdir()
    (tmp_path / "results" / "demo").mkdir(parents=True)
    (tmp_path / "config" / "demo.yaml").touch()
    return tmp_path


@pytest.mark.parametrize("name", ["", "$UNSET", "published", "demo quick", "o'brien; touch here"])
def test_make_hands_a_name_on_as_it_is(makes, name):
    ended = subprocess.run(["make", "clean", f"SCALE={name}"], cwd=makes, capture_output=True, text=True)
    assert ended.returncode != 0 and "nothing is removed" in ended.stderr
    assert (makes / "results" / "demo").is_dir() and not (makes / "here").exists()


def test_make_takes_a_python_of_any_name(makes):
    python = makes / "o'brien; touch here" / "python 3"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    command = ["make", "clean", "SCALE=demo", f"PYTHON={python}"]
    ended = subprocess.run(command, cwd=makes, capture_output=True, text=True)
    assert ended.returncode == 0 and not (makes / "results" / "demo").exists() and not (makes / "here").exists(), ended
