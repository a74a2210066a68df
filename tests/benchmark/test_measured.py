"""Medians, ratios and bars of a line of the table."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.benchmark.measured import Bar, Measured, Row, failed

VALUES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=7).map(tuple)


def row(ours, other=None, floor=None, more=False, bar=None, **names):
    names = {"benchmark": "training", "what": "w", "data": "d", "source": "s", "unit": "u"} | names
    return Row(**names, ours=ours, other=other, other_name="peer", floor=floor, floor_name="bare", more=more, bar=bar)


@given(VALUES, VALUES)
def test_a_ratio_compares_medians_and_says_how_many_times_as_good(ours, other):
    costs, rates = row(Measured(ours), Measured(other)), row(Measured(ours), Measured(other), more=True)
    assert costs.ratio == pytest.approx(median(other) / median(ours))
    assert rates.ratio == pytest.approx(median(ours) / median(other))


@given(VALUES, VALUES)
def test_the_floor_s_cost_is_compared_alike_for_costs_and_rates(ours, floor):
    costs = row(Measured(ours), floor=Measured(floor))
    as_rates = row(Measured(ours).each(lambda v: 1 / v), floor=Measured(floor).each(lambda v: 1 / v), more=True)
    assert costs.of_floor == pytest.approx(median(ours) / median(floor))
    if len(ours) % 2 and len(floor) % 2:  # of an even number the median of inverses is another one
        assert as_rates.of_floor == pytest.approx(costs.of_floor)


def test_the_spread_is_the_range_beside_the_median():
    assert Measured((8.0, 10.0, 13.0)).spread == pytest.approx(0.5)
    assert Measured((8.0,)).spread is None


@pytest.mark.parametrize(
    ("bar", "met"),
    [
        (Bar("ratio", 3.9), True), (Bar("ratio", 4.1), False), (Bar("floor", 2.1), True), (Bar("floor", 1.9), False),
        (Bar("value", 2.0), True), (Bar("value", 1.9), False), (None, None),
    ],
)  # fmt: skip
def test_a_bar_is_reached_or_not(bar, met):
    assert row(Measured((2.0,)), Measured((8.0,)), Measured((1.0,)), bar=bar).met is met


def test_a_bar_without_its_other_side_is_neither_reached_nor_missed():
    line = row(Measured((2.0,)), Measured(reason="not installed"), bar=Bar("ratio", 2))
    assert line.met is None and line.ratio is None
    assert line.flat()["status"] == "failed in part" and line.flat()["reason"] == "peer: not installed"


def test_a_failure_is_a_row_with_its_reason():
    flat = failed("search", "search D", "out of memory").flat()
    assert flat["status"] == "failed" and "out of memory" in flat["reason"] and flat["ours"] is None


def test_no_value_needs_a_reason():
    with pytest.raises(ValueError, match="reason"):
        Measured()


def test_a_row_keeps_runs_range_memory_and_the_busiest_moment():
    flat = row(Measured((3.0, 1.0, 2.0), 100.0, 0.5), Measured((4.0,), 50.0, 1.5)).flat()
    assert (flat["ours"], flat["ours_low"], flat["ours_high"], flat["ours_runs"]) == (2.0, 1.0, 3.0, 3)
    assert (flat["ours_memory_mb"], flat["other_memory_mb"], flat["busy_elsewhere"]) == (100.0, 50.0, 1.5)


def test_a_run_that_ended_early_is_failed_in_part():
    assert row(Measured((1.0,), reason="stopped")).flat()["status"] == "failed in part"
