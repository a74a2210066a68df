"""The files of a paper that the page shows as tables: title, a note for the reader, columns in the order shown."""

from paper_tables.report.tables import Column

WHAT = (
    Column("dataset", "Data set", "name"),
    Column("setting", "Setting"),
    Column("anchor", "Anchor", "name"),
    Column("method", "Method", "name"),
    Column("sampler", "Sampler", "name"),
    Column("metric", "Metric"),
)
P_VALUES = (Column("p_value", "p", "figures"), Column("p_value_holm", "p (Holm)", "figures"))
COMPARISON_NOTE = (
    "Another run from, to: where one more run of ours would fall in 95 % of cases, which is what the verdict rests on; "
    "it is wider than an interval of the mean."
)
COMPARISON = (
    *WHAT,
    Column("k", "k"),
    Column("verdict", "Verdict", "verdict"),
    Column("by_numbers", "By its value alone", "verdict"),
    Column("measured", "Measured", "fixed"),
    Column("low", "Another run from", "fixed"),
    Column("high", "to", "fixed"),
    Column("seeds", "Seeds", "count"),
    Column("printed_text", "Printed"),
    Column("difference", "Difference", "signed"),
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
        "bootstrap interval over methods, in which the noise of seeds and users is not.",
        (
            Column("table", "Table"),
            Column("dataset", "Data set", "name"),
            Column("metric", "Metric"),
            Column("numbers", "Numbers", "count"),
            Column("reproduced", "Reproduced", "count"),
            Column("direction_only", "Direction only", "count"),
            Column("contradicted", "Contradicted", "count"),
            Column("not_comparable", "Not comparable", "count"),
            Column("printed_value_suspect", "Suspect", "count"),
            Column("not_run", "Not run", "count"),
            Column("methods", "Methods", "count"),
            Column("tau", "Order", "fixed"),
            Column("tau_low", "95 % from", "fixed"),
            Column("tau_high", "to", "fixed"),
        ),
    ),
    "table1": (
        "data",
        "Sizes of the data sets",
        "",
        (
            Column("dataset", "Data set", "name"),
            Column("count", "Count"),
            Column("measured", "Measured", "plain"),
            Column("printed", "Printed"),
            Column("verdict", "Verdict"),
            Column("recipe", "Recipe"),
            Column("recipe_remark", "Remark"),
            Column("verified", "Source verified"),
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
        "Percentage points over the plain anchor. The control has as many extra sequences with random items, and as "
        "many epochs: a gain that it has, too, is no evidence for the counterfactual. Interval and p: difference of "
        "the two over users, averaged over seeds, for these trained models.",
        (
            *WHAT,
            Column("status", "Status", "verdict"),
            Column("gain", "Gain", "signed"),
            Column("gain_control", "Control's gain", "signed"),
            Column("difference", "Difference", "signed"),
            Column("low", "95 % from", "signed"),
            Column("high", "to", "signed"),
            *P_VALUES,
            Column("n_users", "Users", "count"),
            Column("reason", "Why"),
        ),
    ),
    "tests": (
        "tests",
        "Paired tests",
        "Percentage points. The interval and the p-value of two levels count users and seeds; p counts users, averaged "
        "over seeds. Holm's correction within the family that is named. Detectable: the smallest difference that the "
        "run would have found in four of five cases.",
        (
            *WHAT,
            Column("comparison", "Against"),
            Column("status", "Status", "verdict"),
            Column("difference", "Difference", "signed"),
            Column("low", "95 % from", "signed"),
            Column("high", "to", "signed"),
            *P_VALUES,
            Column("p_two_levels_holm", "p, two levels (Holm)", "figures"),
            Column("effect_d", "d", "fixed"),
            Column("relative", "Relative", "share"),
            Column("margin", "Margin of sameness", "figures"),
            Column("p_equivalence_holm", "p, same (Holm)", "figures"),
            Column("detectable", "Detectable", "fixed"),
            Column("seeds", "Seeds", "count"),
            Column("users", "Users", "count"),
            Column("family", "Family"),
            Column("reason", "Why"),
            Column("flags", "Flags"),
        ),
    ),
    "readings": (
        "readings",
        "Readings of the protocol",
        "Every reading that the kept ranks allow, beside the printed numbers; percent. Distance: mean of F1@5 and "
        "NDCG@5. Nearest: of the readings of the plain anchor (alone), or of the strategy with any sampler; nearest of "
        "all: of both together. Share: of the bootstrap draws of users and seeds in which it is so; with two or three "
        "seeds their part is shown too small. Among many readings one lies near almost any number: resemblance is all "
        "that it shows.",
        (
            Column("dataset", "Data set", "name"),
            Column("anchor", "Anchor", "name"),
            Column("target", "Printed number of", "name"),
            Column("method", "Measured with", "name"),
            Column("sampler", "Sampler", "name"),
            Column("order", "Order"),
            Column("part", "Part"),
            Column("history", "History"),
            Column("ties", "Ties"),
            Column("counted", "Users counted"),
            Column("status", "Status", "verdict"),
            Column("ndcg", "NDCG@5", "fixed"),
            Column("ndcg_low", "95 % from", "fixed"),
            Column("ndcg_high", "to", "fixed"),
            Column("printed_ndcg", "Printed", "fixed"),
            Column("distance", "Distance", "fixed"),
            Column("nearest", "Nearest", "yes"),
            Column("nearest_share", "Share", "share"),
            Column("nearest_of_all", "Nearest of all", "yes"),
            Column("share_of_all", "Share", "share"),
            Column("flags", "Flags"),
        ),
    ),
    "splits": (
        "readings",
        "Other orders and splits",
        "",
        (
            Column("dataset", "Data set", "name"),
            Column("split", "Split"),
            Column("row", "Method"),
            Column("metric", "Metric"),
            Column("status", "Status", "verdict"),
            Column("mean", "Measured", "fixed"),
            Column("std", "±", "fixed"),
            Column("seeds", "Seeds", "count"),
            Column("main_mean", "On the main split", "fixed"),
            Column("change", "Change", "signed"),
            Column("flags", "Flags"),
        ),
    ),
    "sets": (
        "sets",
        "Cards of the augmented sets",
        "Means over seeds. Observed label: share of sequences whose generated next item is the observed one. Test "
        "item: share whose generated next item is the user's test item, looked at after all training.",
        (
            Column("dataset", "Data set", "name"),
            Column("row", "Cell"),
            Column("status", "Status", "verdict"),
            Column("seeds", "Seeds", "count"),
            Column("size", "Sequences", "count"),
            Column("refused_confidence_share", "Refused by κ", "share"),
            Column("duplicates", "Duplicates", "count"),
            Column("distance_mean", "Distance", "fixed"),
            Column("observed_label", "Observed label", "share"),
            Column("same_category", "Same category", "share"),
            Column("heldout_overlap.test.labels", "Test item", "share"),
            Column("label_accuracy", "True label", "share"),
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
# The files of the accuracy tables, whose numbers stand in comparison.csv too.
ACCURACY_FILES = ("table2", "table3")
