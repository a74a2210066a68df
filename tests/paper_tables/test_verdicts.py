"""Verdicts on numbers that can be worked out by hand, and that the interval keeps its promise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, t

from paper_tables.agreement import agreement, counted, kendall
from paper_tables.verdicts import judged, rules, signs, verdict_names

NAN = float("nan")


def row(anchor, method="none", printed="5.00", measured=NAN, std=NAN, seeds=3, **other):
    """One number of CASR's Table 2 on one data set; a cell without a mean was not run."""
    done = measured == measured
    return {
        "paper": "casr",
        "table": "2",
        "dataset": "lastfm",
        "setting": "",
        "anchor": anchor,
        "method": method,
        "metric": "ndcg",
        "k": "5",
        "value": printed,
        "printed": float(printed or "nan"),
        "suspect": False,
        "anomalies": "",
        "status": "done" if done else "not run",
        "reason": "" if done else "no result yet",
        "measured": measured,
        "std": std,
        "seeds": seeds if done else 0,
        "cell": f"casr/lastfm.loo/{anchor}.{method}",
        "incomparable": "",
    } | other


def verdicts(*rows):
    found = judged(pd.DataFrame(rows))
    return list(zip(found["verdict"], found["verdict_reason"], strict=True))


def test_the_interval_is_that_of_one_more_run():
    found = judged(pd.DataFrame([row("narm", measured=5.2, std=0.1)])).iloc[0]
    half = t.ppf(0.975, 2) * 0.1 * np.sqrt(1 + 1 / 3)
    assert found["low"] == pytest.approx(5.2 - half) and found["high"] == pytest.approx(5.2 + half)
    assert found["difference"] == pytest.approx(0.2) and found["relative_difference"] == pytest.approx(0.04)
    assert found["verdict"] == "reproduced"


def test_an_interval_that_holds_the_plain_number_too_says_so():
    plain = row("narm", printed="5.00", measured=5.0, std=0.1)
    for std, wide in (0.1, False), (0.5, True):
        (_, _), (verdict, why) = verdicts(plain, row("narm", "casr-d", printed="6.00", measured=6.0, std=std))
        assert verdict == "reproduced" and ("holds narm alone as printed, too" in why) == wide


def test_half_a_unit_of_the_last_printed_digit_counts():
    half = t.ppf(0.975, 2) * 0.1 * np.sqrt(1 + 1 / 3)
    just = {"std": 0.1, "measured": 5 + half + 0.049}
    assert verdicts(row("narm", printed="5.0", **just))[0][0] == "reproduced"
    assert verdicts(row("narm", printed="5.00", **just))[0][0] == "contradicted"


def test_two_seeds_borrow_the_variance_of_the_data_set_and_metric():
    rows = [row("narm", measured=5.0, std=0.3, seeds=2), row("stamp", measured=9.0, std=0.4, seeds=2)]
    found = judged(pd.DataFrame([*rows, row("sasrec", measured=1.0, seeds=1)]))
    half = t.ppf(0.975, 2) * np.sqrt((0.3**2 + 0.4**2) / 2) * np.sqrt([1.5, 1.5, 2.0])
    assert (found["high"] - found["measured"]).to_numpy() == pytest.approx(half)
    assert "1 seed, variance pooled over 2 cells" in found["verdict_reason"].iloc[2]


def test_a_method_without_randomness_lends_no_variance():
    rows = [row("narm", measured=5.0, std=0.3, seeds=2), row("itemknn", measured=5.0, std=1e-16, seeds=3)]
    found = judged(pd.DataFrame(rows))
    assert "pooled over 1 cells" in found["verdict_reason"].iloc[0]
    assert found["low"].iloc[1] == pytest.approx(5.0) and found["verdict"].iloc[1] == "reproduced"


def test_a_cell_that_two_tables_show_lends_its_variance_once():
    narm = row("narm", measured=5.0, std=0.3, seeds=2)
    assert "pooled over 1 cells" in verdicts(narm, narm | {"table": "3"})[0][1]


@pytest.mark.parametrize(
    ("measured", "verdict", "why"),
    [
        (6.0, "direction only", "same direction"),
        (3.0, "contradicted", "other direction"),
        (4.1, "contradicted", "not distinguishable"),
    ],
)
def test_a_treatment_is_held_against_its_plain_anchor(measured, verdict, why):
    plain = row("narm", printed="5.00", measured=4.0, std=0.1)
    found = verdicts(plain, row("narm", "casr-h", printed="9.00", measured=measured, std=0.1))[1]
    assert found[0] == verdict and why in found[1] and "narm alone" in found[1]


def test_a_plain_method_is_held_against_the_printed_best_of_the_others():
    rows = [row("narm", printed="5.00", measured=8.0, std=0.1), row("bpr", printed="1.00", measured=3.0, std=0.1)]
    rows.append(row("stamp", printed="4.00", measured=2.0, std=0.1))
    found = verdicts(*rows)
    assert "+6 against stamp alone, printed +1" in found[0][1] and found[0][0] == "direction only"
    assert all("against narm alone" in why for _, why in found[1:])


def test_no_direction_where_the_print_has_none_or_the_other_was_not_run():
    rows = [row("narm", printed="5.00", measured=8.0, std=0.1), row("stamp", printed="5.01", measured=2.0, std=0.1)]
    assert all(verdict == "contradicted" and "so no direction" in why for verdict, why in verdicts(*rows))
    verdict, why = verdicts(rows[0], row("stamp", printed="3.00"))[0]
    assert verdict == "contradicted" and "stamp alone, which gives the direction, was not run" in why
    assert "nothing printed" in verdicts(rows[0])[0][1]


def test_what_comes_before_the_numbers():
    good = {"measured": 5.0, "std": 0.1}
    suspect = row("narm", **good, suspect=True, anomalies="casr-3")
    assert verdicts(suspect) == [("printed value suspect", "see casr-3")]
    assert verdicts(row("narm")) == [("not run", "no result yet")]
    failed = row("narm", status="failed", reason="out of memory")
    assert verdicts(failed) == [("not run", "failed: out of memory")]
    verdict, why = verdicts(row("narm", **good, incomparable="audit: identifiers rise"))[0]
    assert verdict == "not comparable" and why.startswith("audit: identifiers rise; by the numbers reproduced: off by")
    assert verdicts(row("narm", measured=5.0, seeds=1))[0][0] == "not comparable"
    unknown = row("ddpg", **good, paper="macs", anomalies="macs-16")
    assert verdicts(unknown)[0][0] == "not comparable"
    assert verdicts(row("markov-chain", printed="", **good)) == [("", "")]


def test_what_the_bare_numbers_say_of_a_number_that_is_not_comparable_is_kept():
    good = {"measured": 5.0, "std": 0.1}
    rows = [row("narm", **good, incomparable="audit: identifiers rise"), row("stamp", **good), row("sasrec")]
    assert list(judged(pd.DataFrame(rows))["by_numbers"]) == ["reproduced", "", ""]


def test_the_rules_name_every_verdict_and_tell_them_apart_without_colour():
    assert verdict_names() == [
        "printed value suspect",
        "not run",
        "not comparable",
        "reproduced",
        "direction only",
        "contradicted",
    ]
    assert len(set(signs().values())) == 6
    assert all(entry["when"] and entry["why"] for entry in rules()["verdicts"])


def test_a_true_number_is_reproduced_as_often_as_the_level_says():
    """Own runs and the printed one from one distribution."""
    generator, cells, seeds = np.random.default_rng(4), 2000, 3
    runs = generator.normal(5, 0.2, size=(cells, seeds + 1))
    printed = [f"{value:.4f}" for value in runs[:, 0]]
    means, deviations = runs[:, 1:].mean(axis=1), runs[:, 1:].std(axis=1, ddof=1)
    rows = [
        row(f"m{number}", printed=text, measured=mean, std=deviation, dataset=f"d{number}")
        for number, (text, mean, deviation) in enumerate(zip(printed, means, deviations, strict=True))
    ]
    share = np.mean([verdict == "reproduced" for verdict, _ in verdicts(*rows)])
    assert abs(share - rules()["level"]) < 4 * np.sqrt(0.05 * 0.95 / cells)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=12))
def test_tau_is_scipys(pairs):
    first, second = np.array(pairs, dtype=float).T
    assert kendall(first, second)[0] == pytest.approx(kendalltau(first, second).statistic, nan_ok=True)


def test_taus_interval_is_that_of_drawn_methods():
    generator = np.random.default_rng(1)
    first = generator.normal(size=9)
    second = first + generator.normal(size=9)
    tau, low, high = kendall(first, second)
    draws = [generator.integers(0, 9, size=9) for _ in range(400)]
    slow = np.nanquantile([kendalltau(first[draw], second[draw]).statistic for draw in draws], [0.025, 0.975])
    assert low <= tau <= high and np.abs(np.array([low, high]) - slow).max() < 0.15
    assert kendall(first, first)[1:] == (1.0, 1.0)
    assert np.isnan(kendall(first[:4], second[:4])[1])


def test_only_numbers_of_one_setting_are_held_against_each_other():
    """Two settings far apart, each in the opposite order: as one ranking they would agree."""
    first, second = np.array([1.0, 2, 3, 11, 12, 13]), np.array([3.0, 2, 1, 13, 12, 11])
    assert kendall(first, second)[0] > 0
    assert kendall(first, second, np.repeat(["low", "high"], 3))[0] == -1


def test_counts_add_up_and_suspect_numbers_have_no_rank():
    rows = [row(f"m{number}", printed=f"{number}.00", measured=number, std=0.1) for number in range(1, 7)]
    rows[0] |= {"suspect": True, "measured": 99.0}
    rows.append(row("sasrec"))
    found = judged(pd.DataFrame(rows))
    [counts] = counted(found).to_dict("records")
    assert counts["printed value suspect"] == 1 and counts["not run"] == 1 and counts["numbers"] == 7
    [agreed] = agreement(found).to_dict("records")
    assert agreed["methods"] == 5 and agreed["tau"] == pytest.approx(1)
