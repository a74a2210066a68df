"""Verdicts on numbers that can be worked out by hand, and that the interval keeps its promise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, t

from paper_tables.judge.agreement import agreement, counted, kendall
from paper_tables.judge.verdicts import judged, rules, signs, verdict_names

NAN = float("nan")


def row(anchor, method="none", printed="5.00", values=(), **other):
    """One number of CASR's Table 2; `values` are those of seeds 1, 2, ...; without any it was not run."""
    done = len(values) > 0
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
        "measured": float(np.mean(values)) if done else NAN,
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else NAN,
        "seeds": len(values),
        "by_unit": {str(seed): value for seed, value in enumerate(values, start=1)},
        "user_error": NAN,
        "family": "sequential",
        "reading": "",
        "cell": f"casr/lastfm.loo/{anchor}.{method}",
        "incomparable": "",
    } | other


def seeds(mean, std=0.1, count=3, turn=0):
    """Values of this mean and standard deviation; another `turn` is another order of seeds, which then go together
    less."""
    shape = np.roll(np.linspace(-1, 1, count), turn) if count > 1 else np.zeros(1)
    return mean + (std * shape / shape.std(ddof=1) if count > 1 else shape)


def verdicts(*rows):
    found = judged(pd.DataFrame(rows))
    return list(zip(found["verdict"], found["verdict_reason"], strict=True))


def test_the_interval_is_that_of_one_more_run():
    found = judged(pd.DataFrame([row("narm", values=seeds(5.2))])).iloc[0]
    half = t.ppf(0.975, 2) * 0.1 * np.sqrt(1 + 1 / 3)
    assert found["low"] == pytest.approx(5.2 - half) and found["high"] == pytest.approx(5.2 + half)
    assert found["difference"] == pytest.approx(0.2) and found["relative_difference"] == pytest.approx(0.04)
    assert found["verdict"] == "reproduced" and found["judged"] == "value"


# --- 2a: what cannot be told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "std", "told"),
    [(5.2, 0.1, ""), (3.0, 0.8, "half the printed value"), (6.98, 1.14, "half"), (9.5, 1.4, "twice the printed value")],
)
def test_an_interval_that_holds_half_or_twice_the_printed_value_tells_nothing(mean, std, told):
    """(6.98 ± 1.14 is SASRec on Last.fm, which would have reproduced any NDCG@5 from 1.3 to 12.6.)"""
    [(verdict, why)] = verdicts(row("sasrec", printed="5.11", values=seeds(mean, std)))
    assert verdict == ("cannot tell" if told else "reproduced") and told in why


def test_gmf_of_cprs_table_1_is_not_reproduced_by_being_wide():
    """Linear, d = 32: 0.309 of five draws against 0.130, which a tolerance of 0.224 used to cover."""
    made = row("gmf", printed="0.130", values=seeds(0.309, 0.0737, 5), reading="closed-mirrored")
    [(verdict, why)] = verdicts(made)
    assert verdict == "cannot tell" and "twice the printed value" in why and "read as closed-mirrored" in why


def test_a_gain_whose_interval_holds_none_at_all_tells_nothing():
    plain = row("narm", printed="5.00", values=seeds(5.0))
    for std, verdict in (0.1, "reproduced"), (0.5, "cannot tell"):
        found = verdicts(plain, row("narm", "casr-d", printed="6.00", values=seeds(6.0, std, turn=1)))[1]
        assert found[0] == verdict and ("which holds no gain at all, too" in found[1]) == (verdict == "cannot tell")


# --- 2b: gains are judged as gains ---------------------------------------------------------------------------------

DRAWS = np.array([20.0, 31.0, 24.0, 38.0, 27.0])  # an anchor whose draws differ by far more than any gain


@pytest.mark.parametrize(("gain", "printed", "verdict"), [(3.0, "3.00", "reproduced"), (-2.0, "0.85", "contradicted")])
def test_a_gain_is_paired_by_draw(gain, printed, verdict):
    """Exactly the printed gain in each of five draws; and a loss where a gain is printed."""
    plain = row("bpr", printed="30.00", values=DRAWS)
    treated = row("bpr", "cpr", printed=f"{30 + float(printed):.2f}", values=DRAWS + gain)
    assert verdicts(plain, treated)[1][0] == verdict
    noisy = row("bpr", "cpr", printed=treated["value"], values=DRAWS + gain + seeds(0, 0.2, 5))
    found = judged(pd.DataFrame([plain, noisy])).iloc[1]
    assert found["verdict"] == verdict and found["judged"] == "gain"
    assert found["gain"] == pytest.approx(gain) and found["gain_std"] == pytest.approx(0.2)
    assert found["printed_gain"] == pytest.approx(float(printed))
    half = t.ppf(0.975, 4) * 0.2 * np.sqrt(1 + 1 / 5)
    assert (found["low"], found["high"]) == pytest.approx((gain - half, gain + half))


def test_the_chance_of_the_users_widens_a_gains_interval_and_its_absence_is_said():
    plain = row("narm", values=seeds(5.0))
    treated = row("narm", "casr-d", printed="6.00", values=seeds(6.0, 0.1, turn=1))
    rows = [plain, treated, treated | {"user_error": 0.1, "anchor": "narm", "cell": "other", "sampler": "s"}]
    found = judged(pd.DataFrame(rows))
    without, with_users = (found["high"] - found["gain"]).iloc[1:]
    assert with_users == pytest.approx(np.hypot(without, 1.959964 * 0.1))
    assert "without the users' chance" in found["verdict_reason"].iloc[1]
    assert "without the users' chance" not in found["verdict_reason"].iloc[2]


def test_a_draw_that_only_one_of_the_two_has_is_left_out():
    plain, treated = row("bpr", values=DRAWS[:4]), row("bpr", "cpr", printed="6.00", values=DRAWS + 1)
    assert judged(pd.DataFrame([plain, treated])).iloc[1]["gain"] == pytest.approx(1)
    none = row("bpr", values=[5.0], by_unit={"9": 5.0})
    assert "no" in verdicts(none, treated)[1][0] and "with the same seeds or draws" in verdicts(none, treated)[1][1]


def test_without_a_printed_anchor_or_gain_the_value_is_judged():
    treated = row("narm", "casr-d", printed="6.00", values=seeds(6.1))
    assert judged(pd.DataFrame([treated])).iloc[0]["judged"] == "value"
    level = row("narm", printed="6.01", values=seeds(9.0))
    assert list(judged(pd.DataFrame([level, treated]))["judged"]) == ["value", "value"]


# --- 2c: the pooled deviation --------------------------------------------------------------------------------------


def test_the_deviation_is_that_of_like_cells_together_and_the_own_one_is_shown():
    rows = [row("narm", values=seeds(5.0, 0.3, 4, turn=0)), row("stamp", values=seeds(9.0, 0.4, 4, turn=1))]
    found = judged(pd.DataFrame([*rows, row("sasrec", values=[1.0])]))
    assert found["pooled_std"].to_numpy() == pytest.approx(np.sqrt((0.3**2 + 0.4**2) / 2))
    assert found["freedom"].between(3, 6).all() and found["freedom"].nunique() == 1
    half = t.ppf(0.975, found["freedom"]) * found["pooled_std"] * np.sqrt([1.25, 1.25, 2.0])
    assert (found["high"] - found["measured"]).to_numpy() == pytest.approx(half.to_numpy())
    assert "1 seed, ±0.354 pooled over 2 cells" in found["verdict_reason"].iloc[2]
    assert "±0.3 its own" in found["verdict_reason"].iloc[0]


def test_another_family_and_treated_cells_have_a_deviation_of_their_own():
    rows = [row("narm", values=seeds(5.0, 0.3)), row("bpr", values=seeds(1.0, 0.02), family="general")]
    rows.append(row("narm", "casr-d", printed="6.00", values=seeds(6.0, 0.3) + seeds(0, 0.05)))
    assert judged(pd.DataFrame(rows))["pooled_std"].to_numpy() == pytest.approx([0.3, 0.02, 0.05])


def test_a_method_without_randomness_lends_no_variance():
    rows = [row("narm", values=seeds(5.0, 0.3)), row("itemknn", values=[5.0, 5.0 + 1e-15, 5.0])]
    found = judged(pd.DataFrame(rows))
    assert "pooled over 1 cell " in found["verdict_reason"].iloc[0]
    assert found["low"].iloc[1] == pytest.approx(5.0) and found["verdict"].iloc[1] == "reproduced"


def test_a_cell_that_two_tables_show_lends_its_variance_once():
    narm = row("narm", values=seeds(5.0, 0.3))
    assert "pooled over 1 cell " in verdicts(narm, narm | {"table": "3"})[0][1]


def test_half_a_unit_of_the_last_printed_digit_counts():
    half = t.ppf(0.975, 2) * 0.1 * np.sqrt(1 + 1 / 3)
    just = {"values": seeds(5 + half + 0.049)}
    assert verdicts(row("narm", printed="5.0", **just))[0][0] == "reproduced"
    assert verdicts(row("narm", printed="5.00", **just))[0][0] == "contradicted"


# --- the direction -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured", "verdict", "why"),
    [
        (6.0, "direction only", "same direction"),
        (3.0, "contradicted", "other direction"),
        (4.1, "contradicted", "not distinguishable"),
    ],
)
def test_a_treatment_is_held_against_its_plain_anchor(measured, verdict, why):
    plain = row("narm", printed="5.00", values=seeds(4.0))
    found = verdicts(plain, row("narm", "casr-h", printed="9.00", values=seeds(measured, turn=1)))[1]
    assert found[0] == verdict and why in found[1] and "narm alone" in found[1]


def test_a_plain_method_is_held_against_the_printed_best_of_the_others():
    rows = [row("narm", printed="5.00", values=seeds(8.0)), row("bpr", printed="1.00", values=seeds(3.0, turn=1))]
    rows.append(row("stamp", printed="4.00", values=seeds(2.0, turn=2)))
    found = verdicts(*rows)
    assert "+6 against stamp alone, printed +1" in found[0][1] and found[0][0] == "direction only"
    assert all("against narm alone" in why for _, why in found[1:])


def test_the_direction_has_the_degrees_of_freedom_of_its_own_paired_differences():
    """Nine cells of one anchor, whose gains all hold the same three seeds of the anchor: 2 degrees of freedom, not 18;
    with the larger number a difference of three errors would be a direction."""
    plain = row("narm", printed="5.00", values=seeds(4.0, 0.3))
    treated = [
        row("narm", "casr-h", printed="9.00", values=[4.6, 4.6, 4.6 + 1e-6 * number], cell=str(number), sampler=number)
        for number in range(9)
    ]
    found = judged(pd.DataFrame([plain, *treated]))[1:]
    assert found["freedom"].to_numpy() == pytest.approx(2, abs=0.01)
    error = 0.3 / np.sqrt(3)
    assert t.ppf(0.975, 18) * error < 0.6 < t.ppf(0.975, 2) * error
    assert found["verdict_reason"].str.contains("not distinguishable from zero").all()


def test_no_direction_where_the_print_has_none_or_the_other_was_not_run():
    rows = [row("narm", printed="5.00", values=seeds(8.0)), row("stamp", printed="5.01", values=seeds(2.0))]
    assert all(verdict == "contradicted" and "so no direction" in why for verdict, why in verdicts(*rows))
    verdict, why = verdicts(rows[0], row("stamp", printed="3.00"))[0]
    assert verdict == "contradicted" and "stamp alone, which gives the direction, was not run" in why
    assert "nothing printed" in verdicts(rows[0])[0][1]


def test_what_comes_before_the_numbers():
    good = {"values": seeds(5.0)}
    suspect = row("narm", **good, suspect=True, anomalies="casr-3")
    assert verdicts(suspect) == [("printed value suspect", "see casr-3")]
    assert verdicts(row("narm")) == [("not run", "no result yet")]
    failed = row("narm", status="failed", reason="out of memory")
    assert verdicts(failed) == [("not run", "failed: out of memory")]
    verdict, why = verdicts(row("narm", **good, incomparable="audit: identifiers rise"))[0]
    assert verdict == "not comparable" and "; by the numbers reproduced: value off by" in why
    assert why.startswith("audit: identifiers rise; ")
    assert verdicts(row("narm", values=[5.0]))[0][0] == "not comparable"
    unknown = row("ddpg", **good, paper="macs", anomalies="macs-16")
    assert verdicts(unknown)[0][0] == "not comparable"
    assert verdicts(row("markov-chain", printed="", **good)) == [("", "")]


def test_what_the_bare_numbers_say_of_a_number_that_is_not_comparable_is_kept():
    good = {"values": seeds(5.0)}
    rows = [row("narm", **good, incomparable="audit: identifiers rise"), row("stamp", **good), row("sasrec")]
    assert list(judged(pd.DataFrame(rows))["by_numbers"]) == ["reproduced", "", ""]


def test_the_rules_name_every_verdict_and_tell_them_apart_without_colour():
    assert verdict_names() == [
        "printed value suspect",
        "not run",
        "not comparable",
        "cannot tell",
        "reproduced",
        "direction only",
        "contradicted",
    ]
    assert len(set(signs().values())) == 7
    assert all(entry["when"] and entry["why"] for entry in rules()["verdicts"])
    assert all(entry["what"] and entry["when"] and entry["why"] for entry in rules()["changed"])


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


def test_counts_add_up_and_suspect_numbers_and_those_that_cannot_tell_have_no_rank():
    rows = [row(f"m{number}", printed=f"{number}.00", values=seeds(number)) for number in range(1, 7)]
    rows[0] |= {"suspect": True, "measured": 99.0}
    rows.append(row("sasrec"))
    rows.append(row("wide", printed="2.00", values=seeds(3.0, 0.8), family="general"))
    rows.append(row("bare", printed="2.00", values=seeds(3.0, 0.8), family="general", incomparable="audit"))
    found = judged(pd.DataFrame(rows))
    [counts] = counted(found).to_dict("records")
    assert counts["printed value suspect"] == 1 and counts["not run"] == 1 and counts["numbers"] == 9
    assert counts["cannot tell"] == 1
    [agreed] = agreement(found).to_dict("records")
    assert agreed["methods"] == 5 and agreed["tau"] == pytest.approx(1)
