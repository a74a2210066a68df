"""CASR's own files on the report's page (what each entry means: paper_tables/report/known.py)."""

from paper_tables.report.tables import Column

ACCURACY_FILES = ("table2", "table3")
FILES = {
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
            Column("refused_share", "Refused", "share"),
            Column("refused_confidence_share", "By κ", "share"),
            Column("duplicates", "Duplicates", "count"),
            Column("distance_mean", "Distance", "fixed"),
            Column("observed_label", "Observed label", "share"),
            Column("same_category", "Same category", "share"),
            Column("heldout_overlap.test.labels", "Test item", "share"),
            Column("label_accuracy", "True label", "share"),
            Column("flags", "Flags"),
        ),
    ),
}
