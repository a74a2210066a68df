"""CPR's own files on the report's page (what each entry means: paper_tables/report/known.py)."""

from paper_tables.report.tables import Column

ACCURACY_FILES = ()  # all of them stand in FILES, with their gains, readings and twins
PLACE = (
    Column("dataset", "Data set", "name"),
    Column("setting", "Setting", "setting"),
    Column("popularity", "Popularity"),
    Column("candidates", "Candidates"),
    Column("row", "Method"),
    Column("metric", "Metric"),
    Column("status", "Status", "verdict"),
)
NUMBERS = (
    Column("mean", "Measured", "fraction"),
    Column("std_draws", "± over draws", "fraction"),
    Column("std_seeds", "± over training seeds", "fraction"),
    Column("draws", "Draws", "count"),
    Column("seeds", "Training seeds", "count"),
    Column("printed", "Printed"),
    Column("gain_percent", "Gain, %", "signed"),
    Column("printed_gain_percent", "Printed gain, %"),
    Column("p_value_holm", "p (Holm)", "figures"),
    Column("n_users", "Users", "count"),
    Column("reason", "Why"),
    Column("flags", "Flags"),
)
TWINS = "Candidates sampled: the twin with 99 sampled items, which is no headline. Gain: over the plain anchor."
FILES = {
    "table1": ("tables", "Table 1: gains, every reading, sampled twin", TWINS, (*PLACE, *NUMBERS)),
    "table2": ("tables", "Table 2: size k of the noise filter", TWINS, (*PLACE, *NUMBERS)),
    "table3": ("tables", "Table 3: MIND", TWINS, (*PLACE, *NUMBERS)),
    "table4": ("tables", "Table 4: by the training interactions of the test item", TWINS, (*PLACE, *NUMBERS)),
    "readings": (
        "readings",
        "Readings of the generator and the protocol",
        "Distance: mean of HR@10 and NDCG@10 of |measured / printed - 1|, percent. All plain methods: its mean over "
        "the plain methods of a setting. Among many readings one lies near almost any number: resemblance is all that "
        "it shows.",
        (
            Column("dataset", "Data set", "name"),
            Column("target", "Printed setting", "setting"),
            Column("row", "Method"),
            Column("reading", "Formulas read", "name"),
            Column("part", "Item ranked", "name"),
            Column("candidates", "Candidates"),
            Column("status", "Status", "verdict"),
            Column("hr", "HR@10", "fraction"),
            Column("printed_hr", "Printed", "fraction"),
            Column("ndcg", "NDCG@10", "fraction"),
            Column("printed_ndcg", "Printed", "fraction"),
            Column("distance", "Distance", "fixed"),
            Column("nearest", "Nearest", "yes"),
            Column("draws", "Draws", "count"),
            Column("flags", "Flags"),
        ),
    ),
    "recovery": (
        "sets",
        "The learnt world beside the truth",
        "Where the truth is known. Exposure: mean divergence from the true probabilities, beside that of showing all "
        "items alike. Value: items of a list that its user would truly take. ζ: share of pairs in the wrong order. "
        "Theorem 1: votes; Theorem 2: samples, inf where it promises nothing.",
        (
            Column("dataset", "Data set", "name"),
            Column("setting", "Setting", "setting"),
            Column("row", "Method"),
            Column("status", "Status", "verdict"),
            Column("exposure_divergence", "Exposure", "figures"),
            Column("uniform_divergence", "All alike", "figures"),
            Column("choice_auc", "Choice AUC", "fixed"),
            Column("value_made", "Value, made", "fixed"),
            Column("value_observed", "Observed", "fixed"),
            Column("value_random", "Random", "fixed"),
            Column("positives_taken", "s(k+) taken", "share"),
            Column("others_taken", "s(k-) taken", "share"),
            Column("label_accuracy", "True labels", "share"),
            Column("zeta", "ζ", "fixed"),
            Column("zeta_decided", "ζ of decided pairs", "fixed"),
            Column("votes_printed", "Votes, printed", "figures"),
            Column("votes_needed", "Votes, exact", "figures"),
            Column("samples_needed", "Samples", "figures"),
            Column("promised", "Promised", "share"),
            Column("draws", "Draws", "count"),
        ),
    ),
    "sets": (
        "sets",
        "Cards of the counterfactual sets",
        "Means over draws and seeds, of the first round. Observed: share that the user's training history holds; test "
        "item: share that is the user's test item, looked at after all training.",
        (
            Column("dataset", "Data set", "name"),
            Column("setting", "Setting", "setting"),
            Column("row", "Cell"),
            Column("status", "Status", "verdict"),
            Column("seeds", "Sets", "count"),
            Column("k", "k", "count"),
            Column("sets", "Lists", "count"),
            Column("rounds", "Rounds", "fixed"),
            Column("observed.positives", "s(k+) observed", "share"),
            Column("observed.others", "s(k-) observed", "share"),
            Column("heldout_overlap.test.positives", "s(k+), test item", "share"),
            Column("heldout_overlap.test.others", "s(k-), test item", "share"),
            Column("label_accuracy", "True labels", "share"),
        ),
    ),
}
