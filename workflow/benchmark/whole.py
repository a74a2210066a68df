"""The workflow around the engine: planning the paper's scale, what a job costs beside its work, preparing data."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from datasets.pipeline.files import read_json
from workflow.benchmark.bench import Bench
from workflow.benchmark.measured import Bar, Measured, Row, failed
from workflow.benchmark.turns import Player, in_turn, sides, whole_process
from workflow.cells import graph
from workflow.cells.provenance import ROOT
from workflow.lease import ENVIRONMENT
from workflow.scale import named_scale

BARS = {"plan": Bar("value", 10), "job": Bar("value", 3), "demo": Bar("value", 180), "prepare": Bar("value", 3)}
BARS["draw"] = Bar("value", 3600 / 20)  # all of CPR's Table 1 within an hour: four settings with five draws each
PREPARED = "movielens-1m"
QUICK_CELL = "casr/synthetic.loo/popularity"
DRAW = "cpr-synthetic"


def workflow(bench: Bench) -> Iterator[Row]:
    """All in a fresh copy of the tree, as after a clone: nothing is finished, nothing is touched here."""
    part = bench.seconds / 3
    tree = copy_of_the_tree(bench.store / "tree")
    snakemake = [bench.python, "-m", "snakemake"]
    dry = whole_process([*snakemake, "--dry-run", "--cores", "1", "--config", "scale=paper"], tree)
    found = in_turn({"ours": dry}, bench.runs, part, bench.told("dry-run"))
    yield Row("workflow", "dry-run of everything at the paper's scale", "", "", "s", found["ours"], bar=BARS["plan"])

    wanted = [f"results/demo/cells/{QUICK_CELL}/result.json"] if bench.quick else ["demo"]
    results = tree / "results" / "demo"
    run = with_jobs(whole_process([*snakemake, *wanted, "--cores", str(bench.threads)], tree), results)
    took = in_turn({"ours": run}, 1, part, bench.told("demo"), warm_up=False)["ours"]
    beside = Measured(reason=took.reason) if took.reason else Measured((overhead(results),))
    yield Row("workflow", "a job's seconds beside training and ranking", "synthetic", "", "s", beside, bar=BARS["job"])
    if not bench.quick:
        yield Row("workflow", "make demo without its environment", "synthetic", "", "s", took, bar=BARS["demo"])
    yield from preparing(bench, part)


def lists(bench: Bench) -> Iterator[Row]:
    """CPR's Table 1 for one draw of one of its settings, from generating the data on: every cell and its control."""
    scale = named_scale("quick")
    tree = copy_of_the_tree(bench.store / "lists")
    found = {
        str(graph.result_file(scale, cell))
        for target in ("table1", "controls")
        for cell in graph.target_cells(scale, "cpr", target)
        if cell.dataset == DRAW and not (bench.quick and cell.treatment)
    }
    run = [bench.python, "-m", "snakemake", *sorted(found), "--cores", str(bench.threads), "--config", "scale=quick"]
    play = with_jobs(whole_process(run, tree), tree / "results" / "quick")
    taken = in_turn({"ours": play}, 1, bench.seconds, bench.told("lists"), warm_up=False)
    what = f"CPR's Table 1, one draw of twenty ({len(found)} cells)"
    yield Row("lists", what, DRAW, "synthetic", "s", taken["ours"], bar=BARS["draw"])


def preparing(bench: Bench, seconds: float) -> Iterator[Row]:
    what = "preparing MovieLens-1M from raw files"
    if bench.raw is None:
        yield failed("workflow", what, "WHATIFREC_RAW names no folder of raw files", PREPARED, unit="s")
        return
    job = {"task": "data", "dataset": PREPARED, "raw": str(bench.raw), "folder": str(bench.store / "preparing")}
    with sides(bench.side("engine_side", bench.python, job, ENVIRONMENT)) as (engine,):
        found = in_turn({"ours": engine.player(do="prepare")}, bench.runs, seconds, bench.told("preparing"))
    yield Row("workflow", what, PREPARED, "real", "s", found["ours"], bar=BARS["prepare"])


def with_jobs(play: Player, results: Path) -> Player:
    """A player that runs a part of a scale. Its jobs are forked from a process beside it: what they took is added."""

    def whole(seconds: float) -> dict:
        answer = play(seconds)
        costs = [cost_of(file) for file in results.glob("benchmarks/**/*.tsv")]
        cpu = answer["cpu_seconds"] + sum(cost["cpu_time"] for cost in costs)
        peak = max([answer["memory_mb"], *(cost["max_rss"] for cost in costs)])
        return answer | {"cpu_seconds": cpu, "memory_mb": peak}

    return whole


def overhead(results: Path) -> float:
    """Median over cells: seconds of the job's process beside its training and ranking. A cell whose rule is a program
    of its own has no such process."""
    found = []
    for file in sorted(results.glob("cells/*/*/*/result.json")):
        cost = results / "benchmarks" / f"{file.parent.relative_to(results)}.tsv"
        if cost.is_file():
            seeds = read_json(file)["seeds"].values()
            found.append(cost_of(cost)["s"] - sum(seed["train_seconds"] + seed["rank_seconds"] for seed in seeds))
    return sorted(found)[len(found) // 2]


def cost_of(file: Path) -> dict[str, float]:
    """What a job took, as `workflow.lease` wrote it."""
    head, values = (line.split("\t") for line in file.read_text().splitlines()[:2])
    return {name: float(value) for name, value in zip(head, values, strict=True)}


def copy_of_the_tree(target: Path) -> Path:
    """Every file that git knows, as it stands."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target
