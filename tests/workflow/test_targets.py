"""Every target can be asked for, at every scale, and plans something."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.resources import Resources

from datasets.pipeline.files import read_json
from tests.workflow.test_workflow import CODE, copy_tree
from workflow.cells import graph
from workflow.targets import made, named_scale, papers, side_by_side, table_inputs, targets

ROOT = Path(__file__).parents[2]
# In one process, because loading Snakemake takes longer than a plan. Prints a line for each target.
PLAN = """
import contextlib, io, re, sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

scale, targets = sys.argv[1], sys.argv[2:]
for target in targets:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        with SnakemakeApi(OutputSettings(dryrun=True)) as api:
            workflow = api.workflow(
                resource_settings=ResourceSettings(cores=2),
                config_settings=ConfigSettings(config={"scale": scale}),
                snakefile=Path("Snakefile"),
            )
            workflow.dag(DAGSettings(targets={target})).execute_workflow(executor="dryrun")
    print(target, *re.findall(r"^total +(\\d+)", said.getvalue(), flags=re.MULTILINE)[-1:])
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return copy_tree(tmp_path_factory.mktemp("targets"))


def plan(folder: Path, scale: str, *names: str) -> dict[str, int]:
    """Jobs of each target in a dry run."""
    ended = subprocess.run([sys.executable, "-c", PLAN, scale, *names], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {name: int(total) for name, total in re.findall(r"^(\S+) (\d+)$", ended.stdout, flags=re.MULTILINE)}


def test_every_target_plans_jobs(tree):
    names = ["all", "demo", *targets("demo")]
    jobs = plan(tree, "demo", *names)
    assert set(jobs) == set(names) and all(count > 1 for count in jobs.values()), jobs
    assert {"casr", "casr_table1", "casr_table2", "casr_table3"} <= set(names)
    assert {"casr_figure3", "casr_figure4", "casr_figure5", "casr_figure6"} <= set(names)
    assert jobs["all"] == jobs["demo"] > jobs["casr_table2"]


def test_the_paper_scale_is_planned_whole(tree):
    jobs = plan(tree, "paper", "all")
    assert jobs["all"] > 1000 and "Snakefile" in CODE
    assert len(named_scale("paper").content["papers"]["casr"]["datasets"]) == 9


@pytest.mark.parametrize(
    ("cores", "nodes", "cards", "jobs"), [(6, None, None, 6), (6, None, 2, 2), (None, 200, None, 200)]
)
def test_jobs_side_by_side_are_limited_by_cores_cards_or_the_cluster_s_jobs(cores, nodes, cards, jobs):
    limits = Resources()
    if cards is not None:
        limits["gpu"] = cards
    workflow = SimpleNamespace(cores=cores, nodes=nodes, local_exec=nodes is None, global_resources=limits)
    assert side_by_side(workflow, gpu=1) == jobs


def test_results_may_lie_elsewhere_than_the_project(tree, tmp_path):
    """With --directory, from any folder, also where nothing may be written in the project's."""
    project = shutil.copytree(tree, tmp_path / "it's mine", ignore=shutil.ignore_patterns(".snakemake"))
    for place in (project, project / "config", project / "methods" / "shell_popularity"):
        place.chmod(0o555)
    work = tmp_path / "work"
    work.mkdir()
    result = "results/mini/cells/casr/synthetic.loo/shell-popularity/result.json"  # its program lies in the project
    command = [sys.executable, "-m", "snakemake", "--snakefile", project / "Snakefile", "--directory", work]
    options = ["--config", "scale=mini", "--cores", "2", "--"]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    environment.pop("PYTHONPATH", None)
    ended = subprocess.run([*command, *options, result], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert read_json(work / result)["status"] == "done"
    assert not (project / "results").exists() and not (project / ".snakemake").exists()


def test_whoever_reads_the_counts_of_data_waits_for_its_audit():
    """Itself, or through an earlier table that it waits for."""

    def waited_for(paper: str, target: str) -> set[str]:
        found = set()
        for file in map(Path, table_inputs(SimpleNamespace(scale="paper", paper=paper, target=target))):
            found |= {file.parent.name} if file.name == "audit.json" else set()
            if file.parent.name in ("tables", "figures"):
                found |= waited_for(*file.stem.split("_"))
        return found

    scale = named_scale("paper")
    for paper in papers("paper"):
        for target in made(scale, paper):
            assert {cell.dataset for cell in graph.target_cells(scale, paper, target)} <= waited_for(paper, target)
