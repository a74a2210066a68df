"""What was spent on settings: the trials of each cell's search, the hours, what was chosen and what it gained."""

import json
from pathlib import Path

import pandas as pd

from datasets.pipeline.errors import BadInput, Damaged
from datasets.pipeline.files import read_json
from paper_tables import latex, marks
from paper_tables.cell import Cell
from paper_tables.labels import cell_label
from paper_tables.results import DONE, FAILED, NOT_RUN
from paper_tables.spec.specification import target_cells
from paper_tables.study import Study

COLUMNS = (
    "dataset row anchor method sampler status reason budget trials diverged hours first chosen_value chosen"
).split()


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each cell whose settings may be searched. first, chosen_value: validation NDCG in percent of the
    settings as they stood and of the chosen ones. A cell without a search is `not run`: its settings are fixed.
    """
    return pd.DataFrame([_row(cell, study.results) for cell in target_cells(study.plan, target)], columns=COLUMNS)


def _row(cell: Cell, results: Path) -> dict:
    about = {
        "dataset": cell.dataset,
        "row": cell_label(cell),
        "anchor": cell.anchor,
        "method": cell.treatment or "none",
        "sampler": cell.sampler,
    }
    file = Path(results, "tuning", f"{cell.identifier}.json")
    if not file.is_file():
        return about | {"status": NOT_RUN, "reason": "fixed settings at this scale", "trials": 0, "hours": 0.0}
    try:
        found = read_json(file)
        about |= {"status": found["status"], "reason": found["reason"]}
        if found["status"] != DONE:
            return about | {"trials": 0, "hours": 0.0}
        values = [trial["validation"] for trial in found["trials"]]
        finite = [value for value in values if value is not None]
        return about | {
            "budget": found["budget"],
            "trials": len(values),
            "diverged": len(values) - len(finite),
            "hours": found["seconds"] / 3600,
            "first": 100 * values[0] if values[0] is not None else float("nan"),
            "chosen_value": 100 * max(finite),
            "chosen": json.dumps(found["chosen"], sort_keys=True),
        }
    except Damaged as error:
        return about | {"status": FAILED, "reason": str(error), "trials": 0, "hours": 0.0}
    except (KeyError, TypeError) as error:
        raise BadInput(f"{file}: not the result of a search ({error!r}); remove it and run again") from error


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    shown = frame[frame["status"] != NOT_RUN]
    body = [
        " & ".join([marks.marked_label(frame, row.dataset), latex.escape(row.row), *_numbers(row)])
        for row in shown.itertuples()
    ]
    caption = (
        rf"Search for settings: {shown['trials'].sum():,.0f} trials, {shown['hours'].sum():.1f} hours, the same budget "
        f"for each cell, on validation {study.paper.shown.head} in percent: of the settings as they stood, and of the "
        "chosen ones."
        if len(shown)
        else "Search for settings: none at this scale, settings are fixed in its files."
    )
    head = [" & ".join(["Data set", "Cell", "trials", "hours", "as it stood", "chosen", "settings"])]
    return latex.table("llrrrrl", head, body, caption, f"tab:{study.paper.name}-tuning")


def _numbers(row: object) -> list[str]:
    if row.status != DONE:
        return [rf"\multicolumn{{5}}{{l}}{{\textit{{{row.status}}}: {latex.escape(row.reason[:80])}}}"]
    settings = json.loads(row.chosen).items()
    chosen = ", ".join(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in settings)
    diverged = f" ({row.diverged:.0f} diverged)" if row.diverged else ""
    return [
        f"{row.trials}{diverged}",
        f"{row.hours:.2f}",
        f"{row.first:.2f}",
        f"{row.chosen_value:.2f}",
        latex.escape(chosen),
    ]
