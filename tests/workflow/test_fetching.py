"""Raw files through the workflow: whatever a folder is called, once they are fetched they are not asked for again."""

import hashlib
import shutil
import subprocess

import pytest
import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json
from tests.workflow.test_workflow import ROOT, copy_tree, snakemake, started
from workflow.targets import fetch_options

FOLDER = "D'; touch injected; echo 'y $HOME {x}"
RECORD = "datasets/tiny/raw/fetched.json"
CONTENT = b"1,2\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A tree with a data set whose one file lies in a folder of a person's, and nowhere else."""
    tree = copy_tree(tmp_path_factory.mktemp("fetching"))
    (tree / "datasets" / "tiny").mkdir()
    about = yaml.safe_load((ROOT / "datasets" / "synthetic" / "card.yaml").read_text())
    file = {"file": "tiny.csv", "sha256": [hashlib.sha256(CONTENT).hexdigest()]}
    about |= {"name": "tiny", "downloads": [{"file": "tiny.zip", "holds": [file]}]}
    (tree / "datasets" / "tiny" / "card.yaml").write_text(yaml.safe_dump(about))
    shutil.copy(ROOT / "datasets" / "synthetic" / "parse.py", tree / "datasets" / "tiny")
    (tree / "workflow" / "unfinished.py").write_text("")  # no pages of what there is after a failure
    (tree / FOLDER).mkdir()
    (tree / FOLDER / "tiny.csv").write_bytes(CONTENT)
    return tree


def test_a_folder_of_any_name_is_a_folder_and_no_command(tree):
    snakemake(tree, RECORD, "--config", "scale=mini", f"raw={FOLDER}")
    assert read_json(tree / RECORD)["files"]["tiny.csv"]["path"] == str(tree / FOLDER / "tiny.csv")
    assert not (tree / "injected").exists()


def test_raw_files_lie_where_snakemake_runs_and_not_beside_code_that_may_not_be_written(tree, tmp_path):
    project = shutil.copytree(tree, tmp_path / "project", ignore=shutil.ignore_patterns(".snakemake", "raw"))
    (project / "datasets" / "tiny").chmod(0o555)
    (tmp_path / "work").mkdir()
    data = "results/mini/data/tiny/data.json"
    elsewhere = ["--snakefile", str(project / "Snakefile"), "--directory", str(tmp_path / "work")]
    snakemake(tmp_path, *elsewhere, "--config", "scale=mini", f"raw={tree / FOLDER}", "--", data)
    assert list(read_json(tmp_path / "work" / data)["files"]) == ["tiny.csv"]
    assert (tmp_path / "work" / RECORD).is_file() and not (project / "datasets/tiny/raw").exists()


@pytest.mark.parametrize("raw", [[], [f"raw={FOLDER}/"]])
def test_what_was_fetched_is_not_planned_again_whatever_the_option_says(tree, raw):
    assert "Nothing to be done" in snakemake(tree, RECORD, "--dry-run", "--config", "scale=mini", *raw)


def test_a_fetch_that_fails_says_why_once_and_leaves_the_record(tree):
    before = (tree / RECORD).read_bytes()
    (tree / FOLDER / "tiny.csv").write_bytes(b"changed")
    ended = started(tree, RECORD, "--forcerun", "fetch", "--config", "scale=mini", "raw=nowhere")
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0 and "nowhere: no folder; name the folder of raw files" in said
    assert said.count("Error in rule fetch") == 1 and "Traceback" not in said, said
    assert (tree / RECORD).read_bytes() == before


def test_options_are_whole_words():
    assert fetch_options({}) == []
    assert fetch_options({"raw": "o'brien", "accept_unverified": True}) == ["--raw", "o'brien", "--accept-unverified"]
    for raw in (2021, ["a"], {"a": "b"}):
        with pytest.raises(BadInput, match="raw=./FOLDER"):
            fetch_options({"raw": raw})


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_hands_the_folder_on_as_one_word(tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("snakemake", "python"):
        (tmp_path / ".venv" / "bin" / name).write_text('#!/bin/sh\nprintf "<%s>" "$@"; echo\n')
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / ".venv" / "ready").touch()
    given = ["SCALE=quick", f"RAW={FOLDER}", "ACCEPT_UNVERIFIED=true"]
    command = ["make", "--no-print-directory", "-f", ROOT / "Makefile", "run", *given]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[0].endswith(f"<--config><scale=quick><raw={FOLDER}><accept_unverified=true>")
    assert not (tmp_path / "injected").exists()
