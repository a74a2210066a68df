"""The ledger of a paper's claims by its printed numbers alone.

python -m paper_tables.claims cpr            # in the terminal
python -m paper_tables.claims cpr --csv      # everything, to be piped into a file

With results of ours it is a target of the paper: python -m paper_tables casr claims …
"""

import argparse

from tabulate import tabulate

from datasets.pipeline.command import start
from datasets.pipeline.errors import tell
from paper_tables.claims.findings import ledger
from paper_tables.reported import papers


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m paper_tables.claims", description=__doc__.splitlines()[0])
    parser.add_argument("paper", choices=papers())
    parser.add_argument("--csv", action="store_true", help="every column, as CSV")
    chosen = parser.parse_args(arguments)
    try:
        rows = ledger(chosen.paper)
    except Exception as error:
        tell(error)
        return 2
    if chosen.csv:
        print(rows.to_csv(index=False, float_format="%.6g", lineterminator="\n"), end="")
    else:
        shown = rows[["id", "wording", "printed_answer", "printed_value", "printed_comparisons"]]
        print(tabulate(shown.values, ["claim", "", "printed", "value", "of"], floatfmt=".3g", missingval="",
                       maxcolwidths=[None, 60, None, None, None]))  # fmt: skip
    return 0


if __name__ == "__main__":
    start(main)
