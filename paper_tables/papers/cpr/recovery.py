"""What the synthetic data's truth says of the learnt world and of the lists that are made of it: how near the simulator
comes, what the lists are truly worth, how noisy their labels are, and what the paper's theorems then ask for.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from paper_tables import latex, marks
from paper_tables.kinds.sets import numbers
from paper_tables.labels import setting_label, strategy_label
from paper_tables.lines import Line
from paper_tables.results import DONE
from paper_tables.study import Study

# column -> the card's key, methods/cpr/description.py
NUMBERS = {
    "exposure_divergence": "recovery.exposure_divergence",
    "uniform_divergence": "recovery.uniform_divergence",
    "choice_auc": "recovery.choice_auc",
    "value_made": "values.made",
    "value_observed": "values.observed",
    "value_random": "values.random",
    "positives_taken": "positives_taken",
    "others_taken": "others_taken",
    "label_accuracy": "label_accuracy",
    "zeta": "zeta",
    "zeta_decided": "zeta_decided",
    "decided": "decided",
}
# a theorem that promises nothing (its noise is 1/2 or more) asks for infinitely many
ENDLESS = {
    "votes_printed": "theorem1.printed",
    "votes_by_hoeffding": "theorem1.hoeffding",
    "votes_needed": "theorem1.exact",
    "samples_needed": "theorem2.samples",
}
COLUMNS = (
    *"dataset setting row anchor method status reason k_filter".split(),
    *NUMBERS,
    *ENDLESS,
    *"promised draws seeds flags".split(),
)


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each treated line on data whose truth is known. Numbers are means over draws and seeds; of the
    theorems' counts the median, `inf` where half of them promise nothing, and `promised`, the share that promises.
    """
    return pd.DataFrame([_row(line) for line in headline(study.treated(target))], columns=COLUMNS)


def headline(lines: Iterable[Line]) -> list[Line]:
    """The lines on data whose truth is known, each once, whatever candidates are ranked."""
    return [line for line in lines if line.place.values and line.view == "all"]


def _row(line: Line) -> dict:
    result = line.result
    cards = [card for each in map(numbers, result.cards) if (card := each).get("label_accuracy") is not None]
    row = line.head | {"k_filter": result.setting("treatment", "k"), "draws": len(result.finished)}
    if not cards:
        return row
    known = {name: [card[key] for card in cards if key in card] for name, key in NUMBERS.items()}
    row |= {name: float(np.mean(values)) if values else np.nan for name, values in known.items()}
    counts = {name: [card.get(key, np.inf) for card in cards] for name, key in ENDLESS.items()}
    row |= {name: float(np.median(values)) for name, values in counts.items()}
    return row | {"promised": float(np.mean(np.isfinite(counts["samples_needed"])))}


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """One row for each setting and strategy, means over the anchors; each anchor stands in the CSV."""
    done = frame[frame["status"] == DONE].replace(np.inf, np.nan)
    body, previous = [], None
    for (dataset, setting, method), rows in done.groupby(["dataset", "setting", "method"], sort=False):
        body += [latex.RULE] if previous not in (None, setting) else []
        name = f"{marks.marked_label(frame, dataset)}, {latex.escape(setting_label(setting))}"
        means = rows[[*NUMBERS, "promised"]].mean()
        low, high = rows["zeta"].min(), rows["zeta"].max()
        cells = [
            name if setting != previous else "",
            strategy_label(method),
            f"{means['exposure_divergence']:.4f} ({means['uniform_divergence']:.4f})",
            f"{means['choice_auc']:.3f}",
            *(f"{means[f'value_{kind}']:.2f}" for kind in ("made", "observed", "random")),
            rf"{100 * means['positives_taken']:.0f}\,\% / {100 * means['others_taken']:.0f}\,\%",
            f"{low:.2f}--{high:.2f}",
            *(_count(rows[key]) for key in ("votes_printed", "votes_needed", "samples_needed")),
            rf"{100 * means['promised']:.0f}\,\%",
        ]
        body.append(" & ".join(cells))
        previous = setting
    caption = (
        "The learnt world beside the truth of the synthetic data, means over anchors, draws and seeds. Exposure: mean "
        "Kullback-Leibler divergence from the true probability of being shown (in parentheses that of showing all "
        "items alike); choice: how often an item that the user would take scores above one that he would not. Value: "
        r"how many of a list's five items its user would truly take. Labels: how many of $s^{(k+)}$ and of $s^{(k-)}$ "
        r"are truly taken; $\zeta$: share of their pairs in the wrong order, over anchors. Votes of Theorem 1 (as "
        r"printed, and exactly) and samples of Theorem 2 with this $\zeta$, medians over anchors; promised: in how "
        "many cells Theorem 2 promises anything."
    )
    head = [
        "Data & Sets & exposure & choice AUC & made & observed & random & taken & $\\zeta$ & votes, printed & votes & "
        "samples & promised"
    ]
    empty = [r"\multicolumn{13}{c}{\textit{nothing was run on data whose truth is known}}"]
    return latex.table("ll" + "r" * 11, head, body or empty, caption, "tab:cpr-recovery")


def _count(values: pd.Series) -> str:
    return r"$\infty$" if values.isna().mean() >= 0.5 else f"{values.median():,.3g}"
