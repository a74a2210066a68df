"""What a run is told besides its scale's file: nothing unknown is passed over, and the run says what it plans."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from datasets.pipeline.errors import BadInput
from workflow.options import VARIABLES, check_config, check_environment, first_words

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scal": "quick"}, "--config: unknown key 'scal'; did you mean 'scale'"),
        ({"accept-unverified": "true"}, "did you mean 'accept_unverified'"),
        ({"seeds": 5}, "unknown key 'seeds'"),
        ({"accept_unverified": "maybe"}, "accept_unverified: unknown value 'maybe'; known: true, yes, 1, false, no, 0"),
        ({"gpu": "two"}, "gpu is 'two'; it must be a whole number from 0"),
        ({"gpu": -1}, "gpu is -1"),
        ({"scale": 5}, "scale is 5; it must be a text"),
    ],
)
def test_what_no_rule_reads_is_refused(config, message):
    with pytest.raises(BadInput, match=message):
        check_config(config)


def test_what_rules_read_is_taken():
    check_config({"scale": "quick", "raw": 2024, "accept_unverified": True, "gpu": 1}, ["snakemake", "--config", "a=1"])
    check_config({"accept_unverified": "Yes", "raw": None})


@pytest.mark.parametrize("second", ["--config", "-C", "--config=raw=F"])
def test_a_second_config_would_replace_the_first_and_is_refused(second):
    with pytest.raises(BadInput, match="stands twice"):
        check_config({"raw": "F"}, ["snakemake", "--config", "scale=quick", second, "raw=F"])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("WHATIFREC_RAWW", "x", "unknown environment variable 'WHATIFREC_RAWW'; did you mean 'WHATIFREC_RAW'"),
        ("WHATIFREC_WARM", "no", "WHATIFREC_WARM is 'no'; it must be 0, for no warm processes"),
    ],
)
def test_a_variable_that_nothing_reads_is_refused(name, value, message):
    check_environment({"PATH": "/bin", "WHATIFREC_WARM": "0", "WHATIFREC_RAW": "raw"})
    with pytest.raises(BadInput, match=message):
        check_environment({name: value})


def test_every_variable_that_the_code_reads_is_known():
    folders = [ROOT / name for name in ("datasets", "methods", "paper_tables", "workflow")]
    files = [file for folder in folders for ending in ("*.py", "*.smk") for file in folder.rglob(ending)]
    named = {name for file in files for name in re.findall(r'"(WHATIFREC_[A-Z_]+\w)"', file.read_text("utf-8"))}
    assert named == set(VARIABLES)


def test_first_words():
    jobs = [
        ("fetch", ["datasets/movielens_1m/raw/fetched.json"]),
        ("prepare", ["results/quick/data/lastfm/data.json"]),
        ("cell", ["results/quick/cells/casr/lastfm.loo/narm/result.json"]),
        ("shell_popularity", ["results/quick/cells/cpr/mind-small.loo/shell-popularity/result.json"]),
        ("all", []),
    ]
    assert first_words(jobs) == "This run: scale quick, 2 cells (casr 1, cpr 1); to fetch: movielens-1m."
    assert first_words(jobs[1:2]) == "This run: scale quick, 0 cells; to fetch: nothing."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--config", "scal=quick"], "--config: unknown key 'scal'"),
        (["--config", "scale=quick", "--config", "raw=F"], "--config stands twice"),
    ],
)
def test_snakemake_ends_before_it_plans(arguments, said):
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ.copy(), capture_output=True, text=True)
    assert ended.returncode != 0 and said in ended.stdout + ended.stderr
