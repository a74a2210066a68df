"""The files that the page shows as tables: title, a note for the reader, columns in the order shown.

Here are those of every paper; a paper's own stand in its pages.yaml."""

from paper_tables.report import read
from paper_tables.report.tables import Column
from paper_tables.spec.paper import paper

WHAT = (
    Column("dataset", "Data set", "name"),
    Column("setting", "Setting", "setting"),
    Column("anchor", "Anchor", "name"),
    Column("method", "Method", "name"),
    Column("sampler", "Sampler", "name"),
    Column("metric", "Metric"),
)
P_VALUES = (Column("p_value", "p", "figures"), Column("p_value_holm", "p (Holm)", "figures"))
COMPARISON_NOTE = (
    "Judged: the gain over the plain anchor, paired by seed or draw, where one is printed, else the value. Another run "
    "from, to: where that of one more run of ours would fall in 95 % of cases, which is what the verdict rests on; it "
    "is wider than an interval of the mean. Pooled: the deviation used, that of like cells together."
)
COMPARISON = (
    *WHAT,
    Column("k", "k"),
    Column("verdict", "Verdict", "verdict"),
    Column("by_numbers", "By its numbers alone", "verdict"),
    Column("measured", "Measured", "fixed"),
    Column("printed_text", "Printed"),
    Column("difference", "Difference", "signed"),
    Column("gain", "Gain", "signed"),
    Column("printed_gain", "Printed gain", "signed"),
    Column("judged", "Judged"),
    Column("low", "Another run from", "fixed"),
    Column("high", "to", "fixed"),
    Column("pooled_std", "Pooled ±", "fixed"),
    Column("freedom", "Degrees of freedom", "count"),
    Column("std", "Own ±, value", "fixed"),
    Column("gain_std", "Own ±, gain", "fixed"),
    Column("seeds", "Seeds", "count"),
    Column("unit", "Unit"),
    Column("cell", "Made by", "cell"),
    Column("verdict_reason", "Why"),
    Column("reason", "Remark"),
    Column("anomalies", "Doubts"),
    Column("flags", "Flags"),
)
# A paper's accuracy tables, shown where there is no comparison.csv yet.
ACCURACY = (
    Column("dataset", "Data set", "name"),
    Column("row", "Method"),
    Column("sampler", "Sampler", "name"),
    Column("metric", "Metric"),
    Column("status", "Status", "verdict"),
    Column("mean", "Measured", "fixed"),
    Column("std", "±", "fixed"),
    Column("seeds", "Seeds", "count"),
    Column("printed", "Printed"),
    Column("difference", "Difference", "signed"),
    Column("p_value_holm", "p (Holm)", "figures"),
    Column("reason", "Why"),
    Column("flags", "Flags"),
    Column("cell", "Made by", "cell"),
)
# name of the file behind `<paper>_` -> (section, title, note, columns); columns that are not named are not shown.
FILES = {
    "verdicts": (
        "agreement",
        "Verdicts and order of the methods",
        "Order: Kendall's tau-b of measured against printed over all methods, plain and treated, with its 95 % "
        "bootstrap interval over methods, in which the noise of seeds and users is not. Numbers that cannot tell "
        "are in no order.",
        (
            Column("table", "Table"),
            Column("dataset", "Data set", "name"),
            Column("metric", "Metric"),
            Column("numbers", "Numbers", "count"),
            Column("reproduced", "Reproduced", "count"),
            Column("direction_only", "Direction only", "count"),
            Column("contradicted", "Contradicted", "count"),
            Column("cannot_tell", "Cannot tell", "count"),
            Column("not_comparable", "Not comparable", "count"),
            Column("printed_value_suspect", "Suspect", "count"),
            Column("not_run", "Not run", "count"),
            Column("methods", "Methods", "count"),
            Column("tau", "Order", "fixed"),
            Column("tau_low", "95 % from", "fixed"),
            Column("tau_high", "to", "fixed"),
        ),
    ),
    "audit": (
        "data",
        "Audit",
        "Made before anything was trained. Error: a metric on this data says nothing about a model unless the cause "
        "is removed.",
        (
            Column("dataset", "Data set", "name"),
            Column("check", "Check"),
            Column("level", "Level", "verdict"),
            Column("value", "Value", "figures"),
            Column("meaning", "Meaning"),
        ),
    ),
    "controls": (
        "tests",
        "Gains beside the gains of the random controls",
        "Percentage points over the plain anchor. The control has as many extra examples with random items, and as "
        "many epochs: a gain that it has, too, is no evidence for the counterfactual. Interval and p: difference of "
        "the two over users, averaged over seeds, for these trained models. Detectable: the smallest difference that "
        "as many users show in four of five cases, alone.",
        (
            *WHAT,
            Column("status", "Status", "verdict"),
            Column("gain", "Gain", "signed"),
            Column("gain_control", "Control's gain", "signed"),
            Column("difference", "Difference", "signed"),
            Column("low", "95 % from", "signed"),
            Column("high", "to", "signed"),
            *P_VALUES,
            Column("detectable", "Detectable", "fixed"),
            Column("n_users", "Users", "count"),
            Column("reason", "Why"),
        ),
    ),
    "tests": (
        "tests",
        "Paired tests",
        "Percentage points. The interval and the p-value of two levels count users and seeds; p counts users, averaged "
        "over seeds. Holm's correction within the family that is named. Detectable: the smallest difference that the "
        "run would have found in four of five cases, alone and with that correction. Answer: of the two levels, held "
        "against the gain that is printed. One seed has no spread, and so no such number.",
        (
            *WHAT,
            Column("comparison", "Against"),
            Column("status", "Status", "verdict"),
            Column("difference", "Difference", "signed"),
            Column("low", "95 % from", "signed"),
            Column("high", "to", "signed"),
            *P_VALUES,
            Column("p_two_levels_holm", "p, two levels (Holm)", "figures"),
            Column("answer", "Answer"),
            Column("effect_d", "d", "fixed"),
            Column("relative", "Relative", "share"),
            Column("margin", "Margin of sameness", "figures"),
            Column("p_equivalence_holm", "p, same (Holm)", "figures"),
            Column("detectable", "Detectable", "fixed"),
            Column("detectable_holm", "Detectable (Holm)", "fixed"),
            Column("printed_gain", "Printed gain", "signed"),
            Column("seeds", "Seeds", "count"),
            Column("users", "Users", "count"),
            Column("family", "Family"),
            Column("reason", "Why"),
            Column("flags", "Flags"),
        ),
    ),
    "claims": (
        "claims",
        "Claims",
        "Two answers to each: do the paper's own numbers bear it out, and do ours.",
        (
            Column("id", "Claim"),
            Column("wording", "In our words"),
            Column("where", "Where"),
            Column("printed_answer", "Printed", "verdict"),
            Column("printed_value", "Value", "figures"),
            Column("printed_note", "Remark"),
            Column("measured_answer", "Measured", "verdict"),
            Column("measured_value", "Value", "figures"),
            Column("measured_low", "95 % from", "figures"),
            Column("measured_high", "to", "figures"),
            Column("measured_datasets", "Data sets", "count"),
            Column("number", "In"),
            Column("needed", "What would decide it"),
            Column("statistic", "Statistic"),
            Column("support", "Supported where"),
            Column("asked_by", "Asked by"),
        ),
    ),
}


def own_files(name: str) -> dict[str, tuple]:
    """The paper's own, in the same form."""
    return {
        target: (page["section"], page["title"], page.get("note", ""), tuple(Column(*each) for each in page["columns"]))
        for target, page in read.pages(name).items()
    }


def accuracy_files(name: str) -> list[str]:
    """The tables whose numbers stand in comparison.csv, too, and that the paper shows in no way of its own."""
    shown = read.pages(name)
    return [
        target for target, about in paper(name).targets.items() if about["kind"] == "accuracy" and target not in shown
    ]
