"""What the benchmark's picture shows."""

import json

import pytest

from workflow.benchmark import picture


def row(what, data="lastfm", **columns):
    empty = dict.fromkeys(("method", "unit", "ours", "other_name", "ratio", "of_floor", "bar"), "")
    return {**empty, "what": what, "data": data, **columns}


def fit(side, ndcg, method="narm", data="lastfm", **settings):
    settings = json.dumps({"max_length": 20, **settings})
    return {"method": method, "data": data, "side": side, "ndcg": str(ndcg), "settings": settings}


def test_a_floor_is_shown_once_for_each_measurement_with_what_is_wanted():
    wanted = "at most 1.3 times the floor"
    rows = [
        row("ranking", ours="5", of_floor="1.1", bar="at least 5 times as good"),
        row("ranking beside its product", ours="5", of_floor="1.1", bar=wanted),
        row("ranking beside RecBole", ours="5", of_floor="1.1"),
        row("ranking", "movielens-1m", ours="5", of_floor="1.1"),
        row("searching", ours="7"),
    ]
    assert [(each["data"], each["bar"]) for each in picture.floored(rows)] == [("lastfm", wanted), ("movielens-1m", "")]


def test_accuracy_is_shown_where_two_sides_have_fits():
    fits = [fit("windows", 5.0), fit("RecBole", 4.5), fit("windows", 5.2), fit("windows", 1.0, data="movielens-100k")]
    fits += [fit(side, 4.0, dropout=0.1) for side in ("windows", "a row for each target", "RecBole")]
    found = picture.reached(fits)
    assert list(found.pop("NARM, dropout 0.1, lastfm")) == ["windows", "a row for each target", "RecBole"]
    assert found == {"NARM, lastfm": {"windows": [5.0, 5.2], "RecBole": [4.5]}}


@pytest.mark.parametrize(
    ("rows", "fits", "shapes"),
    [
        ([], [], []),
        ([row("ranking", ratio="2", ours="5")], [], [1]),
        ([row("ranking", ratio="2", of_floor="1.1", ours="5")], [], [1, 1]),
        ([row(f"{picture.WHAT}users", "500 users", ours="0.2")], [fit("windows", 5.0), fit("RecBole", 4.5)], [2]),
        ([row("NDCG@5", ratio="2", unit="%", ours="5")], [fit("windows", 5.0)], []),
    ],
)
def test_a_panel_without_anything_to_show_is_left_out(rows, fits, shapes, tmp_path):
    assert [len(column) for column in picture.panels(rows, fits)] == shapes
    file = tmp_path / "picture.png"
    assert picture.draw(rows, fits, file) is bool(shapes) is file.exists()
