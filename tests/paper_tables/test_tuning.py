"""What was spent on settings, from made-up searches."""

import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import write_json
from paper_tables.write import write

TRIALS = [
    {"settings": {"learning_rate": 0.01}, "validation": 0.10, "reason": "", "seconds": 1800.0},
    {"settings": {"learning_rate": 0.1}, "validation": None, "reason": "not finite", "seconds": 600.0},
    {"settings": {"learning_rate": 0.001}, "validation": 0.12, "reason": "", "seconds": 1200.0},
]
DONE = {"status": "done", "reason": "", "budget": 4, "seconds": 3600.0, "trials": TRIALS}


def made(scale, results):
    write("casr", ["tuning"], scale, results)
    rows = pd.read_csv(results / "tables" / "casr_tuning.csv", keep_default_na=False, na_values=[""])
    return rows[rows["dataset"] == "lastfm"].set_index(["anchor", "method", "sampler"]).sort_index(), (
        results / "tables" / "casr_tuning.tex"
    ).read_text(encoding="utf-8")


def test_trials_hours_and_choice_of_each_cell(scale, results):
    folder = results / "tuning" / "casr" / "lastfm.loo"
    write_json(folder / "narm.json", DONE | {"chosen": {"learning_rate": 0.001}})
    write_json(folder / "nais.json", DONE | {"chosen": {"loss": "square", "batch": 64}})
    write_json(folder / "bpr.json", {"status": "failed", "reason": "out of memory"})
    rows, text = made(scale, results)
    narm = rows.loc["narm", "none"].iloc[0]
    assert (narm["trials"], narm["diverged"], narm["budget"], narm["hours"]) == (3, 1, 4, 1.0)
    assert (narm["first"], narm["chosen_value"]) == (10.0, 12.0) and narm["chosen"] == '{"learning_rate": 0.001}'
    assert rows.loc["bpr", "none"].iloc[0][["status", "reason"]].tolist() == ["failed", "out of memory"]
    assert set(rows.loc["stamp"]["status"]) == {"not run"}
    assert "3 (1 diverged) & 1.00 & 10.00 & 12.00 & learning\\_rate 0.001" in text and "6 trials, 2.0 hours" in text
    assert "batch 64, loss square" in text


def test_without_a_search_it_says_so(scale, results):
    rows, text = made(scale, results)
    assert set(rows["status"]) == {"not run"} and "none at this scale" in text


def test_what_is_no_search_is_refused(scale, results):
    write_json(results / "tuning" / "casr" / "lastfm.loo" / "narm.json", {"status": "done"})
    with pytest.raises(BadInput, match="narm.json: not the result of a search"):
        made(scale, results)
