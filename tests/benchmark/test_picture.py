"""What the benchmark's picture shows."""

import pytest

from workflow.benchmark import picture
from workflow.benchmark.accuracy import Group


def row(what, data="lastfm", **columns):
    empty = dict.fromkeys(("method", "unit", "ours", "other_name", "ratio", "of_floor", "bar"), "")
    return {**empty, "what": what, "data": data, **columns}


def group(*sides):
    return Group("narm", "lastfm", "real", 30, '{"max_length":20}', {side: [5.0, 4.5] for side in sides})


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


@pytest.mark.parametrize(
    ("rows", "groups", "shapes"),
    [
        ([], [], []),
        ([row("ranking", ratio="2", ours="5")], [], [1]),
        ([row("ranking", ratio="2", of_floor="1.1", ours="5")], [], [1, 1]),
        ([row(f"{picture.WHAT}users", "500 users", ours="0.2")], [group("windows", "RecBole")], [2]),
        ([], [group("windows")], []),
    ],
)
def test_a_panel_without_anything_to_show_is_left_out(rows, groups, shapes, tmp_path):
    assert [len(column) for column in picture.panels(rows, groups)] == shapes
    file = tmp_path / "picture.png"
    assert picture.draw(rows, groups, file) is bool(shapes) is file.exists()
