"""The whole workflow, small: a copy of the tree, one paper's table, from the generator to the CSV."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from datasets.pipeline.files import read_json
from paper_tables.recommenders import own_methods

ROOT = Path(__file__).parents[2]
CODE = ("Snakefile", "workflow", "profiles", "datasets", "methods", "paper_tables", "config")
NOT_COPIED = shutil.ignore_patterns("raw", "__pycache__", ".*")
SCALE = {
    "scale": "mini",
    "seeds": [1],
    "settings": {
        "all": {"embedding": 8, "hidden": 8, "max_length": 30, "epochs": 1, "learning_rate": 0.01},
        "casr": {"retrain_epochs": 1},
    },
    "papers": {
        "casr": {
            "datasets": {"synthetic": {"augmented": ["narm"]}},
            "baselines": [],
            "controls": ["popularity"],
            "anchors": ["narm"],
            "strategies": ["casr-h"],
            "samplers": ["narm"],
            "combinations": {"synthetic": ["narm", "narm"]},
        }
    },
}
TABLE = "results/mini/tables/casr_table2.csv"


def copy_tree(folder: Path) -> Path:
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=NOT_COPIED)
        else:
            shutil.copy(source, folder / name)
    write_scale(folder)
    return folder


def write_scale(folder: Path, **changes) -> None:
    (folder / "config" / "mini.yaml").write_text(yaml.safe_dump(SCALE | changes))


def started(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Snakemake in `folder`, at the scale mini. The runs of a test do not see those of this repository."""
    config = [] if "--config" in arguments else ["--config", "scale=mini"]
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *config, "--quiet=host"]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def snakemake(folder: Path, *arguments: str) -> str:
    """Run Snakemake, which must end well; what it printed."""
    ended = started(folder, *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def planned(output: str) -> set[str]:
    """The folder of each file that a dry run would make: a cell's name, a pool's, a split's, or `tables`."""
    files = re.findall(r"^ +output: (.+)$", output, flags=re.MULTILINE)
    return {Path(file).parent.name for line in files for file in line.split(", ")}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A tree in which the mini scale's Table 2 has been made."""
    folder = copy_tree(tmp_path_factory.mktemp("tree"))
    return folder, snakemake(folder, "casr_table2")


def test_a_table_comes_out_of_nothing(tree):
    folder, output = tree
    assert re.search(r"This run: scale mini, \d+ cells \(casr \d+\); to fetch: nothing\.", output)
    rows = pd.read_csv(folder / TABLE).query("dataset == 'synthetic' and metric == 'ndcg' and status == 'done'")
    own = own_methods()  # the worked examples, and what a user has added
    assert {"markov-chain", "shell-popularity"} <= set(own)
    assert set(rows["anchor"]) == {"popularity", "narm", *own} and len(rows) == 3 + len(own)
    assert (rows["mean"] > 0).all()
    # the worked example in awk counts what the method in Python counts
    assert rows.set_index("anchor")["mean"]["shell-popularity"] == rows.set_index("anchor")["mean"]["popularity"]
    assert re.search(r"cell \d+ of \d+ · narm on synthetic.loo · validation NDCG@5 \d", output)


def test_a_second_run_does_nothing(tree):
    assert "Nothing to be done" in snakemake(tree[0], "casr_table2", "--dry-run")


EDITED, REMARK = "\nEDITED = 1\n", "\n# edited\n"


@pytest.mark.parametrize(
    ("edits", "rerun"),
    [
        ({"methods/narm/model.py": EDITED}, {"narm", "narm.casr-h.narm", "narm.casr-h", "tables"}),
        ({"methods/markov_chain/model.py": EDITED}, {"markov-chain", "tables"}),
        ({"methods/shell_popularity/popularity.awk": REMARK}, {"shell-popularity", "tables"}),
        ({"methods/casr/heuristic.py": EDITED}, {"narm.casr-h.narm", "narm.casr-h", "tables"}),
        ({"paper_tables/kinds/panels.py": EDITED}, {"tables"}),
        ({"methods/narm/model.py": REMARK, "methods/evaluation/ranking.py": '\n"""Of no number."""\n'}, set()),
        ({"methods/popularity/card.yaml": "differs: [Nothing.]\n"}, {"tables"}),
        ({"datasets/synthetic/card.yaml": "terms: As they were.\n"}, {"synthetic", "tables"}),  # its audit
    ],
)
def test_an_edit_reruns_what_it_can_change_and_nothing_else(tree, edits, rerun):
    before = {tree[0] / edited: (tree[0] / edited).read_text() for edited in edits}
    try:
        for file, more in zip(before, edits.values(), strict=True):
            file.write_text(before[file] + more)
        assert planned(snakemake(tree[0], "casr_table2", "--dry-run")) == rerun
    finally:
        for file, text in before.items():
            file.write_text(text)


def test_a_copy_of_the_shell_example_is_a_second_method(tree):
    copy = tree[0] / "methods" / "my_shell"
    shutil.copytree(tree[0] / "methods" / "shell_popularity", copy)
    try:
        about = (copy / "card.yaml").read_text()
        (copy / "card.yaml").write_text(about.replace("name: shell-popularity", "name: my-shell"))
        output = snakemake(tree[0], "casr_table2", "--dry-run", "--printshellcmds")
        assert planned(output) == {"my-shell", "tables"} and "methods/my_shell/popularity.awk" in output
    finally:
        shutil.rmtree(copy)


def test_a_failed_cell_shows_as_failed_and_the_rest_goes_on(tree):
    folder = tree[0]
    write_scale(folder, settings=SCALE["settings"] | {"narm": {"learning_rate": 1.0e30, "epochs": 3}})
    try:
        output = snakemake(folder, "casr_table2")
        cells = folder / "results/mini/cells/casr/synthetic.loo"
        narm, treated = (read_json(cells / name / "result.json") for name in ("narm", "narm.casr-h.narm"))
        assert narm["status"] == "failed" and "not finite" in narm["reason"]
        assert treated["status"] == "failed" and "builds on" in treated["reason"] and "not finite" in treated["reason"]
        assert read_json(cells / "popularity" / "result.json")["status"] == "done"
        rows = pd.read_csv(folder / TABLE).query("dataset == 'synthetic' and metric == 'ndcg'").set_index("anchor")
        assert rows.loc["popularity", "status"] == "done" and "failed" in set(rows.loc[["narm"], "status"])
        assert "failed" in output
        write_scale(folder)
        retry = [sys.executable, "-m", "workflow.retry", "--scale-file", "config/mini.yaml"]
        assert "failed results taken away" in subprocess.run(retry, cwd=folder, capture_output=True, text=True).stdout
        assert not (cells / "narm" / "result.json").exists()
    finally:
        write_scale(folder)


def test_after_a_retry_a_run_repeats_what_failed_although_all_tables_stand(tree):
    folder = tree[0]
    snakemake(folder, "casr_table2")
    result = folder / "results/mini/cells/casr/synthetic.loo/narm/result.json"
    content, changed = read_json(result), result.stat().st_mtime_ns
    result.write_text(json.dumps(content | {"status": "failed", "reason": "no memory"}))
    os.utime(result, ns=(changed, changed))
    assert not planned(snakemake(folder, "casr_table2", "--dry-run"))
    subprocess.run([sys.executable, "-m", "workflow.retry", "--scale-file", "config/mini.yaml"], cwd=folder, check=True)
    assert {"narm", "tables"} <= planned(snakemake(folder, "casr_table2", "--dry-run"))
    snakemake(folder, "casr_table2")
    assert read_json(result)["status"] == "done"


def test_data_that_cannot_be_made_is_named_and_the_tables_show_the_rest(tree):
    folder = tree[0]
    broken = folder / "datasets" / "broken"
    shutil.copytree(folder / "datasets" / "synthetic", broken)
    about = (broken / "card.yaml").read_text()
    (broken / "card.yaml").write_text(re.sub("^name: .*$", "name: broken", about, flags=re.MULTILINE))
    fault = "from datasets.pipeline.errors import BadInput\n\n\ndef parse(files):\n    raise BadInput('no such luck')\n"
    (broken / "parse.py").write_text(fault)
    augmented = {"augmented": ["narm"]}
    paper = SCALE["papers"]["casr"] | {"datasets": {"synthetic": augmented, "broken": augmented}}
    write_scale(folder, papers={"casr": paper})
    try:
        ended = started(folder, "casr_table2")
        output = ended.stdout + ended.stderr
        assert ended.returncode != 0 and "missing: broken.loo: no such luck" in output, output
        assert "Not everything is done" in output
        rows = pd.read_csv(folder / TABLE.replace("mini/", "mini/so_far/")).query("metric == 'ndcg'")
        assert set(rows[rows["dataset"] == "broken"]["status"]) == {"not run"}
        assert "done" in set(rows[rows["dataset"] == "synthetic"]["status"])
    finally:
        shutil.rmtree(broken)
        write_scale(folder)


@pytest.mark.parametrize("moment", ["seed-1.json", "seed-1.ranks.parquet"])
def test_a_killed_cell_resumes_to_the_same_result(make_world, moment):
    undisturbed, killed = make_world("undisturbed"), make_world("killed")
    undisturbed.run("narm")
    command = [sys.executable, "-m", "workflow.cells.run", "--scale-file", str(killed.file), "--cell"]
    job = subprocess.Popen(
        [*command, "casr/synthetic.loo/narm"],
        cwd=killed.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.DEVNULL,
    )
    while not (killed.path("narm") / moment).exists() and job.poll() is None:
        time.sleep(0.002)
    job.send_signal(signal.SIGKILL)
    job.wait()
    killed.run("narm")
    for seed in (1, 2):
        for file in (f"seed-{seed}.safetensors", f"seed-{seed}.ranks.parquet"):
            assert (killed.path("narm") / file).read_bytes() == (undisturbed.path("narm") / file).read_bytes()
        found = [json.loads((world.path("narm") / f"seed-{seed}.json").read_text()) for world in (killed, undisturbed)]
        assert found[0]["metrics"] == found[1]["metrics"] and found[0]["digest"] == found[1]["digest"]
