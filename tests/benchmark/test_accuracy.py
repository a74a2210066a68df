"""What whole fits reach, and which sides are equivalent."""

import json

import pytest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from workflow.benchmark.accuracy import ROWS, STARTED, WINDOWS, Comparison, Group, beside_speed, gathered
from workflow.benchmark.training import RECBOLE

OURS, THEIRS = [4.21, 4.40, 3.93, 4.05], [4.35, 4.61, 4.02]


def fit(side, seed, ndcg, method="narm", data="lastfm", source="real, of paper", epochs="30", **settings):
    about = {"method": method, "data": data, "source": source, "side": side, "epochs": epochs, "seed": str(seed)}
    return {**about, "ndcg": str(ndcg), "settings": json.dumps({"max_length": 20, **settings})}


def compared(ours, others, sides=(WINDOWS, ROWS)):
    values = dict(zip(sides, (ours, others), strict=True))
    return Comparison(Group("sasrec", "lastfm", "real", 30, '{"max_length":20}', values), *sides)


def test_fits_belong_together_that_differ_by_side_and_seed_alone():
    one = [
        fit(WINDOWS, 2, 5.2),
        fit(WINDOWS, 1, 5.0),
        fit(ROWS, 1, 4.5, source="real, of quick"),
        fit(WINDOWS, 1, 50.0),
    ]
    others = [
        {"data": "movielens-100k"},
        {"method": "stamp"},
        {"epochs": "1"},
        {"dropout": 0.25},
        {"source": "synthetic"},
    ]
    first, *rest = gathered(one + [fit(WINDOWS, 1, 1.0, **change) for change in others])
    assert first.sides == {WINDOWS: [5.0, 5.2], ROWS: [4.5]}  # of two of one seed the first counts
    assert [group.sides for group in rest] == [{WINDOWS: [1.0]}] * len(others)
    assert (first.name, rest[3].name) == ("NARM, lastfm", "NARM, dropout 0.25, lastfm")


def test_sides_are_compared_that_are_there():
    sides = dict.fromkeys((RECBOLE, STARTED, WINDOWS), [4.0, 5.0])
    pairs = [(each.side, each.other) for each in Group("stamp", "lastfm", "real", 30, "{}", sides).comparisons]
    assert pairs == [(WINDOWS, RECBOLE), (STARTED, RECBOLE), (STARTED, WINDOWS)]


def test_the_interval_is_welch_s_of_the_difference_of_means():
    expected = CompareMeans(DescrStatsW(OURS), DescrStatsW(THEIRS)).tconfint_diff(0.1, usevar="unequal")
    assert compared(OURS, THEIRS).interval == pytest.approx(expected)


@pytest.mark.parametrize(
    ("middle", "apart", "told"),
    [
        (0.0, 0.01, "yes"), (-0.4, 0.01, "yes"), (0.6, 0.01, "no"), (0.4, 0.1, "not shown; not worse"),
        (-0.4, 0.1, "not shown; lower"), (-0.9, 0.1, "no"), (-0.4, 0.4, "not shown"), (0.0, 0.9, "not shown"),
    ],
)  # fmt: skip
def test_equivalent_is_what_has_the_whole_interval_within_the_bar(middle, apart, told):
    ours = [4.0 + middle - apart, 4.0 + middle + apart, 4.0 + middle]
    assert compared(ours, [3.99, 4.0, 4.01]).equivalent == told


def test_one_seed_says_nothing_of_a_difference():
    one = compared([4.0], [4.0, 4.1])
    assert (one.interval, one.equivalent) == (None, "not shown")
    assert (one.flat()["low"], one.flat()["ours_deviation"], one.flat()["other_seeds"]) == (None, None, 2)


def test_accuracy_stands_beside_speed_where_it_was_measured():
    rows = [{"data": "lastfm", "source": "real, prepared", "method": method} for method in ("sasrec", "narm", "")]
    rows.append({**rows[0], "source": "synthetic"})
    known = [compared([5.0, 5.2], [4.9, 4.7], (WINDOWS, RECBOLE)), compared([9.0], [9.0])]
    found = [(row["parity_ours"], row["parity_other"]) for row in beside_speed(rows, known)]
    assert found[0] == pytest.approx((5.1, 4.8))
    assert found[1:] == [("not measured",) * 2, ("", ""), ("not measured",) * 2]


@pytest.mark.parametrize("place", [0, 1])
def test_beside_speed_the_card_s_own_settings_go_before_others(place):
    changed = [{"dropout": 0.75}, {}][place:] + [{"dropout": 0.75}]  # whichever stands last in the file
    lines = [fit(side, 1, value, **of) for value, of in enumerate(changed) for side in (WINDOWS, RECBOLE)]
    comparisons = [each for group in gathered(lines) for each in group.comparisons]
    rows = [{"data": "lastfm", "source": "real", "method": "narm"}]
    (own,) = beside_speed(rows, comparisons)
    assert (own["parity_ours"], own["parity_changed"]) == (changed.index({}), "")
    (other,) = beside_speed(rows, [each for each in comparisons if each.group.changed])
    assert other["parity_changed"] == "dropout 0.75"
