"""A comparison.csv with made-up numbers (columns: paper_tables/README.md), and claims beside it."""

from pathlib import Path

import pandas as pd

CELL = "casr/lastfm.loo/narm"
# table, anchor, method, metric, printed, measured, verdict, cell
NUMBERS = [
    ("2", "narm", "none", "ndcg", "5.53", "35.0", "reproduced", CELL),
    ("2", "narm", "none", "f1", "2.75", "11.67", "direction only", CELL),
    ("2", "bpr", "none", "ndcg", "0.67", "", "not run", "casr/lastfm.loo/bpr"),
    ("2", "narm", "casr-d", "ndcg", "9.82", "4.5", "contradicted", f"{CELL}.casr-d.stamp"),
    ("2", "narm", "casr-m", "ndcg", "100.5", "9.0", "printed value suspect", ""),
    ("2", "stamp", "none", "ndcg", "5.48", "5.5", "not comparable", ""),
    ("", "markov-chain", "none", "ndcg", "", "6.02", "", "casr/lastfm.loo/markov-chain"),
]
CLAIMS = [
    {
        "id": "casr-figure5",
        "wording": "A moderate κ is best.",
        "where": "Figure 5",
        "statistic": "tendency of a curve",
        "printed_answer": "undecided",
        "printed_value": "",
        "measured_answer": "not supported",
        "measured_value": "0 of 1",
        "needed": "",
    }
]


def write_comparison(results: Path) -> None:
    rows = [
        {
            "paper": "casr",
            "table": table,
            "dataset": "lastfm",
            "setting": "",
            "anchor": anchor,
            "method": method,
            "sampler": "",
            "metric": metric,
            "k": 5,
            "unit": "percent",
            "printed_text": printed,
            "status": "done" if measured else "not run",
            "measured": measured,
            "difference": float(measured) - float(printed) if measured and printed else "",
            "verdict": verdict,
            "verdict_reason": "<b>because</b> & so on",
            "by_numbers": "reproduced" if verdict == "not comparable" else "",
            "cell": cell,
        }
        for table, anchor, method, metric, printed, measured, verdict, cell in NUMBERS
    ]
    pd.DataFrame(rows).to_csv(Path(results) / "comparison.csv", index=False)
    (Path(results) / "tables").mkdir(exist_ok=True)
    pd.DataFrame(CLAIMS).to_csv(Path(results) / "tables" / "casr_claims.csv", index=False)
