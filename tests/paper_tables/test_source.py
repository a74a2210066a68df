"""A source is verified by the checksums that its card names today, and not by what was said when it was prepared."""

import pandas as pd
import pytest

from datasets.pipeline.card import card
from datasets.pipeline.files import write_json
from datasets.pipeline.prepare import prepare
from paper_tables.cell import Cell
from paper_tables.marks import with_marks
from paper_tables.results import read_result
from paper_tables.source import verified
from tests.paper_tables.made_results import ranks_with_hits, write_cell

(ENTRY,) = card("lastfm").downloads
SUMS = {kind: known[0] for kind, known in ENTRY.archive.sums.items()}


@pytest.mark.parametrize(
    ("archive", "expected"),
    [
        ({"size": 9, "sums": SUMS}, True),
        ({"size": 9, "sums": SUMS | {"md5": "0" * 32}}, False),
        (None, True),  # as older code wrote it
    ],
)
def test_data_of_files_that_the_card_does_not_name_any_more_are_marked_by_tables_alone(tmp_path, archive, expected):
    file = {"size": 5, "sha256": "1" * 64, "verified": True} | ({"archive": archive} if archive else {})
    about = {"counts": {}, "verified": True, "files": {ENTRY.holds[0].file: file}}
    write_json(tmp_path / "data" / "lastfm" / "data.json", about)
    cell = Cell("casr", "lastfm.loo", "narm")
    write_cell(tmp_path, cell, {"1": ranks_with_hits(6)})
    assert verified(tmp_path, "lastfm") is expected
    (said,) = with_marks(pd.DataFrame({"dataset": ["lastfm"]}), tmp_path)["verified"]
    assert said == ("yes" if expected else "no")
    assert ("unverified source" in read_result(cell, tmp_path).flags) is not expected


def test_what_is_known_of_an_archive_goes_with_the_data_and_its_place_does_not(tmp_path, monkeypatch):
    place = {"path": "/somewhere/a.zip", "size": 9, "sums": {"md5": "2"}}
    file = {"path": "/somewhere/a.csv", "size": 5, "sha256": "1", "md5": "3", "verified": True, "archive": place}
    monkeypatch.setattr("datasets.pipeline.prepare.load_fetched", lambda *_: {"files": {"a": file}, "verified": True})
    found = prepare(card("chain"), tmp_path)["files"]["a"]
    assert found["archive"] == {"size": 9, "sums": {"md5": "2"}} and found["md5"] == "3" and "path" not in found
