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
COMPARISON = (
    *WHAT,
    Column("k", "k"),
    Column("verdict", "Verdict", "verdict"),
    Column("measured", "Measured", "fixed"),
    Column("low", "95 % from", "fixed"),
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
    "verdicts": ("agreement", "Verdicts and order of the methods", "", ()),
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
        "Percentage points over the plain anchor. A gain that the control has, too, comes from more training and not "
        "from a counterfactual.",
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
    "tests": ("tests", "Paired tests", "", ()),
    "readings": (
        "readings",
        "Readings of the protocol",
        "Every reading that the kept ranks allow, beside the printed numbers. Resemblance is all that it shows.",
        (),
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
            Column("statistic", "Statistic"),
            Column("printed_answer", "Printed", "verdict"),
            Column("printed_value", "Value"),
            Column("measured_answer", "Measured", "verdict"),
            Column("measured_value", "Value"),
            Column("needed", "What would decide it"),
        ),
    ),
}
# The files of the accuracy tables, whose numbers stand in comparison.csv too.
ACCURACY_FILES = ("table2", "table3")
