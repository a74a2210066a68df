"""Where one's own method stands, in one page: against every plain method on the same split, with intervals, paired
tests and cost, ready to paste. Draws of one data set with several data seeds count as one split. Like with like: both
methods of a pair are ranked among the candidates of one's own card, the history kept or removed for both.

python -m paper_tables.standing --method markov-chain --results results/quick
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.card import card
from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput, tell
from datasets.pipeline.files import read_json, whole_file
from methods.cards import load_card
from paper_tables import latex
from paper_tables.cell import Cell
from paper_tables.differences import mean_difference, percent, user_differences
from paper_tables.draws import Draws
from paper_tables.report.page import render
from paper_tables.report.tables import Column, table
from paper_tables.results import DONE, Result, read_result
from paper_tables.spec.paper import paper
from paper_tables.standing_words import LEVEL, instead, metric_name, sentence, shown_name
from paper_tables.statistics import detectable, holm, interval, sign_flip

METRICS = ("ndcg", "f1", "hr", "mrr")
DATA_SEED = "seed"  # the variant of a card that only draws the data again
PARTS = ("paper", "split", "anchor", "treatment", "sampler", "variant")
COLUMNS = (
    Column("split", "Split"),
    Column("metric", "Metric"),
    Column("candidates", "Candidates of both"),
    Column("other", "Against"),
    Column("mean", "Own", "fixed"),
    Column("seeds", "Seeds", "count"),
    Column("other_mean", "Other", "fixed"),
    Column("other_seeds", "Seeds", "count"),
    Column("difference", "Difference", "signed"),
    Column("low", "95 % from", "signed"),
    Column("high", "to", "signed"),
    Column("p_value", "p", "figures"),
    Column("p_value_holm", "p (Holm)", "figures"),
    Column("detectable", "Detectable", "fixed"),
    Column("users", "Users", "count"),
    Column("train_seconds", "Own training, s", "fixed"),
    Column("other_train_seconds", "Other's, s", "fixed"),
    Column("rank_seconds", "Own ranking, s", "fixed"),
    Column("other_rank_seconds", "Other's, s", "fixed"),
    Column("memory_mb", "Own memory, MiB", "count"),
    Column("other_memory_mb", "Other's, MiB", "count"),
    Column("device", "Own device"),
    Column("other_device", "Other's"),
    Column("flags", "Flags"),
)


@dataclass(frozen=True)
class Standing:
    """All comparisons of one method: `rows` has the columns of COLUMNS, `sentence` states unit, test and correction."""

    method: str
    metric: str
    rows: pd.DataFrame
    sentence: str


def standing(method: str, results: Path, metric: str = "ndcg") -> Standing:
    """Compare the cell named `method` with every other plain method, and a treated one also with its control, on each
    split where both are done. Values in percent, differences in percentage points, costs are means over seeds.

    Raises BadInput where the method has no finished cell, or nothing to be compared with.
    """
    if metric not in METRICS:
        raise BadInput(f"unknown metric '{metric}': one of {', '.join(METRICS)}")
    own = list(done_cells(results, f"*/*/{method}"))
    if not own:
        raise BadInput(f"{results}: no finished cell '{method}'{instead(method, results)}")
    pairs = [(draws, other) for draws in by_place(own) for other in opponents(draws, results)]
    if not pairs:
        raise BadInput(f"{results}: nothing to compare '{method}' with: no other plain method is done on its splits")
    rows = pd.DataFrame([compared(draws, other, metric) for draws, other in pairs])
    rows["p_value_holm"] = holm(rows["p_value"].to_numpy())
    rows["detectable"] = [_detectable(*pair, metric, rows["p_value"].notna().sum()) for pair in pairs]
    return Standing(method, metric, rows, sentence(method, rows))


def done_cells(results: Path, pattern: str) -> Iterable[Result]:
    """The finished cells below results/cells that fit a pattern."""
    for file in sorted((Path(results) / "cells").glob(f"{pattern}/result.json")):
        content = read_json(file)
        about = content.get("cell")
        if content.get("status") != DONE:
            continue
        if about is None:
            raise BadInput(f"{file}: names no cell; remove it and run the cell again")
        result = read_result(Cell(**{name: about[name] for name in PARTS}), results)
        if result.done:
            yield result


def by_place(found: Iterable[Result]) -> list[Draws]:
    """Results of one cell, those on draws of one data set together."""
    places: dict[tuple, list[Result]] = {}
    for result in found:
        about, protocol = card(result.cell.dataset), result.cell.split_name.way
        drawn = tuple((name, value) for name, value in about.variant.items() if name != DATA_SEED)
        places.setdefault((result.cell.paper, about.base, drawn, protocol), []).append(result)
    return [Draws(tuple(draws)) for draws in places.values()]


def opponents(draws: Draws, results: Path) -> list[Draws]:
    """Every plain method on the same splits, and the control of a treated cell."""
    cells = [result.cell for result in draws.results]
    beside = [other for cell in cells for other in done_cells(results, f"{cell.paper}/{cell.split}/*")]
    first = cells[0]
    named = {
        other.cell.name: other.cell
        for other in beside
        if other.cell.name != first.name and (not other.cell.treatment or other.cell.name == f"{first.name}.control")
    }
    return [
        Draws(tuple(read_result(replace(cell, split=each.split), results) for each in cells))
        for _, cell in sorted(named.items())
    ]


def compared(draws: Draws, other: Draws, metric: str) -> dict:
    """One comparison, both among the candidates of `draws`. The interval and the test are paired over users, each
    user's values averaged over seeds first."""
    cutoff, reading = paper(draws.cell.paper).selection.k, draws.reading
    split = draws.cell.split + f" ({len(draws.results)} draws)" * (len(draws.results) > 1)
    row = {"split": split, "metric": f"{metric}@{cutoff}", "candidates": f"history {reading}", "other": other.cell.name}
    for before, side in (("", draws), ("other_", other)):
        mean, deviation = percent(side.values(metric, cutoff, reading=reading))
        row |= {f"{before}mean": mean, f"{before}std": deviation, f"{before}seeds": len(side.seeds)}
        row |= {f"{before}{name}": value for name, value in cost(side).items()}
    pair = user_differences(draws, other, metric, cutoff, reading)
    row["difference"] = mean_difference(draws, other, metric, cutoff, reading)
    row["low"], row["high"] = (float("nan"),) * 2 if pair is None else interval(100 * pair)
    row["p_value"] = float("nan") if pair is None else sign_flip(pair)
    row["users"] = 0 if pair is None else len(pair)
    headline = f"{other.cell.name} has its headline with the history {other.reading}"
    row["flags"] = "; ".join([*sorted({*draws.flags, *other.flags}), *[headline] * (other.reading != reading)])
    return row


def _detectable(draws: Draws, other: Draws, metric: str, tests: int) -> float:
    """The smallest difference in percentage points that the test finds in four of five cases where it is the one of
    `tests` that Holm's correction is hardest on."""
    pair = user_differences(draws, other, metric, paper(draws.cell.paper).selection.k, draws.reading)
    return float("nan") if pair is None else detectable(100 * pair, LEVEL / tests)


def cost(draws: Draws) -> dict:
    """Means over seeds; not a number of a method that runs outside, whose seconds nobody took."""
    seeds = [seed for result in draws.finished for seed in result.content["seeds"].values()]
    outside = load_card(draws.cell.anchor).kind == "external"

    def over(summary: Callable, name: str) -> float:
        return float("nan") if outside else float(summary([seed.get(name, 0) for seed in seeds]))

    return {
        "train_seconds": over(np.mean, "train_seconds"),
        "rank_seconds": over(np.mean, "rank_seconds"),
        "memory_mb": over(max, "peak_memory_mb"),
        "device": draws.finished[0].content.get("provenance", {}).get("device", "unknown"),
    }


def tex(found: Standing) -> str:
    """A booktabs table; *: significant."""
    body, split = [], None
    for row in found.rows.itertuples():
        body += [latex.RULE] if split not in (None, row.split) else []
        star = "*" if row.p_value_holm < LEVEL else ""
        between = "" if row.low != row.low else rf" [${row.low:+.2f}$, ${row.high:+.2f}$]{star}"
        body.append(
            " & ".join(
                [
                    latex.escape(row.split) if row.split != split else "",
                    latex.escape(shown_name(row.other)),
                    latex.number(row.mean, row.std),
                    latex.number(row.other_mean, row.other_std),
                    rf"${row.difference:+.2f}${between}",
                    " / ".join(map(_seconds, (row.train_seconds, row.other_train_seconds))),
                ]
            )
        )
        split = row.split
    head = ["Split & Against & Own & Other & Difference & Training (s)"]
    caption = rf"{metric_name(found.rows)} in percent. *: $p<{LEVEL}$. {latex.escape(found.sentence)}"
    return latex.table("llrrlr", head, body, caption, f"tab:standing-{found.method}")


def _seconds(value: float) -> str:
    return "--" if value != value else f"{value:.1f}"


def write(found: Standing, results: Path) -> list[Path]:
    """The files `standing/<method>.{html,tex,csv}` below `results`."""
    folder = Path(results) / "standing"
    named = found.rows.assign(other=found.rows["other"].map(shown_name))
    costs = [name for name in named if name.endswith(("_seconds", "memory_mb"))]
    named[costs] = named[costs].astype(object).fillna("–")  # nobody took a program's own time
    page = render(
        "standing.html.j2",
        title=f"Where {shown_name(found.method)} stands",
        sentence=found.sentence,
        shown=table("standing", metric_name(found.rows), named, COLUMNS, "Percent; differences in percentage points."),
        tex=tex(found),
    )
    files = {"html": page, "tex": tex(found)}
    for ending, text in files.items():
        with whole_file(folder / f"{found.method}.{ending}") as temporary:
            temporary.write_text(text, encoding="utf-8")
    with whole_file(folder / f"{found.method}.csv") as temporary:
        found.rows.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    return [folder / f"{found.method}.{ending}" for ending in ("html", "tex", "csv")]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m paper_tables.standing", description=__doc__.splitlines()[0])
    parser.add_argument("--method", required=True, help="a cell's name: markov-chain, narm.casr-d.stamp")
    parser.add_argument("--metric", default="ndcg", help=", ".join(METRICS))
    parser.add_argument("--results", type=Path, required=True, help="results/<scale>")
    chosen = parser.parse_args(arguments)
    try:
        found = standing(chosen.method, chosen.results, chosen.metric)
        print(found.sentence, *write(found, chosen.results), sep="\n", flush=True)
    except Exception as error:
        tell(error)
        return 2
    return 0


if __name__ == "__main__":
    start(main)
