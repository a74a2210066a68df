"""The methods ranked on every data set, and which of them many data sets tell apart: a critical-difference diagram."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from paper_tables import latex
from paper_tables.differences import percent
from paper_tables.lines import Line
from paper_tables.nearly_observed import FLAG, MEANING
from paper_tables.pictures import save
from paper_tables.spec.paper import Metric
from paper_tables.statistics import cliques, critical_difference, friedman
from paper_tables.study import Study

MARKED = False
FEWEST = 3  # data sets and methods without which a mean rank says nothing
COLUMNS = (
    "dataset row anchor method sampler status reason mean ranked rank mean_rank datasets methods "
    "friedman p_value p_permutation critical_difference unit seeds flags"
).split()


def frame(study: Study, target: str) -> pd.DataFrame:
    lines = [line for table in study.tables(target) for line in study.lines(table) if line.place.planned]
    return of_lines(lines, study.paper.selection)


def of_lines(lines: Iterable[Line], metric: Metric) -> pd.DataFrame:
    """One row for each line and data set of the scale. mean: of the selecting metric in percent over seeds.

    ranked: whether the row belongs to the largest complete block of data sets and methods, which Friedman's test
    needs; rank: 1 the best of its data set; mean_rank, friedman (the statistic), p_value (its limit), p_permutation,
    critical_difference (Nemenyi, 5 %): of the block, empty where it has fewer than three data sets or methods.
    """
    rows = pd.DataFrame([_row(line, metric) for line in lines], columns=COLUMNS)
    values = rows.pivot_table(index="dataset", columns="row", values="mean", sort=False)
    block = complete_block(values)
    datasets, methods = block.shape
    rows["ranked"] = rows["dataset"].isin(block.index) & rows["row"].isin(block.columns)
    rows["datasets"], rows["methods"] = datasets, methods
    if min(datasets, methods) < FEWEST:
        return rows
    found = friedman(block.to_numpy())
    ranks = pd.DataFrame(found.ranks, index=block.index, columns=block.columns).stack()
    inside = rows["ranked"]
    rows.loc[inside, "rank"] = [ranks[key] for key in zip(rows["dataset"], rows["row"], strict=True) if key in ranks]
    rows.loc[inside, "mean_rank"] = rows.loc[inside, "row"].map(dict(zip(block.columns, found.mean_ranks, strict=True)))
    rows["friedman"], rows["p_value"], rows["p_permutation"] = found.statistic, found.p_value, found.p_permutation
    rows["critical_difference"] = critical_difference(methods, datasets)
    return rows


def complete_block(values: pd.DataFrame) -> pd.DataFrame:
    """The data sets (rows) and methods (columns) without a gap that hold most numbers, three data sets or more before
    any fewer. Data sets are added in the order of how many methods they have.
    """
    values = values.dropna(axis=0, how="all").dropna(axis=1, how="all")
    ordered = values.loc[values.notna().sum(axis=1).sort_values(ascending=False, kind="stable").index]
    blocks = [ordered.iloc[:count].dropna(axis=1) for count in range(1, len(ordered) + 1)]
    return max(blocks, key=lambda block: (min(block.shape) >= FEWEST, block.size), default=values)


def picture(study: Study, target: str, rows: pd.DataFrame, folder: Path) -> None:
    """Write `<paper>_ranks.pdf` and `.png`."""
    paper, scale = study.paper, study.scale["scale"]
    ranked = rows[rows["ranked"]].dropna(subset=["mean_rank"]).drop_duplicates("row").sort_values("mean_rank")
    drawing, axes = plt.subplots(figsize=(8.5, 1.9 + 0.17 * len(ranked)), layout="constrained")
    axes.set_axis_off()
    if ranked.empty:
        axes.text(0.5, 0.5, too_few(rows), ha="center", va="center", transform=axes.transAxes)
    else:
        _diagram(axes, ranked.assign(row=ranked["row"].map(lambda name: _named(rows, name))))
        first = ranked.iloc[0]
        axes.set_title(
            f"{paper.selection.head}, {first['datasets']:.0f} data sets, {first['methods']:.0f} methods; Friedman "
            f"p = {first['p_permutation']:.3g} (permutation), {first['p_value']:.3g} (chi-square)",
            fontsize=9,
        )
    drawing.suptitle(f"{paper.label}, mean ranks across data sets, scale '{scale}'", fontsize=11)
    save(drawing, folder, f"{paper.name}_{target}")


def too_few(rows: pd.DataFrame) -> str:
    """Why there is no diagram."""
    datasets, methods = (int(rows[name].max()) if len(rows) else 0 for name in ("datasets", "methods"))
    return (
        f"too few: data sets with the same finished methods: {datasets}, methods: {methods};\n"
        f"mean ranks need at least {FEWEST} of either"
    )


def render(study: Study, target: str, rows: pd.DataFrame) -> str:
    """A figure environment that shows the picture."""
    paper, scale, metric = study.paper.name, study.scale["scale"], study.paper.selection.head
    left_out = rows.loc[~rows["ranked"] & rows["mean"].notna(), "row"].nunique()
    signed = rows.loc[rows["ranked"], "flags"].astype(str).str.contains(FLAG, regex=False).any()
    near = rf" $\approx$: on some data set {FLAG} ({latex.escape(MEANING)})." if signed else ""
    caption = (
        rf"Mean ranks of the methods across data sets by {metric}, scale \textit{{{scale}}}; 1 is the best. A bar "
        r"joins methods whose mean ranks lie within Nemenyi's critical difference (CD, 5\,\%, all pairs compared). "
        f"H, D, M: the sampler of best validation {metric}. Only methods that every ranked data set has; left out: "
        f"{left_out}.{near}"
    )
    return "\n".join(
        [
            r"\begin{figure}[p]",
            r"\centering",
            rf"\providecommand{{\{paper}figures}}{{.}}",
            rf"\includegraphics[width=0.8\textwidth]{{\{paper}figures/{paper}_{target}.pdf}}",
            rf"\caption{{{caption}}}",
            rf"\label{{fig:{paper}-{target}}}",
            r"\end{figure}",
            "",
        ]
    )


def _named(rows: pd.DataFrame, method: str) -> str:
    """With a sign where the method's set is nearly the observed data, on any data set that is ranked."""
    flags = rows.loc[rows["ranked"] & (rows["row"] == method), "flags"]
    return f"{method} ≈" if flags.str.contains(FLAG, regex=False).any() else method


def _diagram(axes: Axes, ranked: pd.DataFrame) -> None:
    """An axis of mean ranks, best on the left; names on both sides, as Demšar draws it; bars under the axis."""
    methods, mean_ranks, names = len(ranked), ranked["mean_rank"].to_numpy(), ranked["row"].tolist()
    difference = ranked["critical_difference"].iloc[0]
    bars = cliques(mean_ranks, difference)
    half, top = (methods + 1) // 2, 0.5 * len(bars) + 0.7
    axes.hlines(0, 1, methods, color="black", linewidth=1)
    for rank in range(1, methods + 1):
        axes.vlines(rank, 0, 0.15, color="black", linewidth=1)
        axes.text(rank, 0.25, str(rank), ha="center", va="bottom", fontsize=8)
    for place, (name, rank) in enumerate(zip(names, mean_ranks, strict=True)):
        left = place < half
        depth = -(top + (place if left else methods - 1 - place))
        side = 0.6 if left else methods + 0.4
        axes.plot([rank, rank, side], [0, depth, depth], color="0.35", linewidth=0.8)
        text = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
        axes.text(side + (-0.1 if left else 0.1), depth, text, ha="right" if left else "left", va="center", fontsize=8)
    for line, (first, last) in enumerate(bars):
        depth = -0.4 - 0.5 * line
        axes.hlines(depth, mean_ranks[first] - 0.05, mean_ranks[last] + 0.05, color="#0072B2", linewidth=3)
    axes.hlines(1.6, 1, 1 + difference, color="#D55E00", linewidth=2)
    axes.text(1, 1.8, f"CD = {difference:.2f}", ha="left", va="bottom", fontsize=8)
    axes.set_xlim(min(-1.5, 0.6 - 0.3 * methods), methods + max(2.5, 0.3 * methods))


def _row(line: Line, metric: Metric) -> dict:
    done = line.result.done
    mean = percent(line.result.values(metric.name, metric.k))[0] if done else float("nan")
    return line.head | {"sampler": line.result.cell.sampler if done else "", "mean": mean, "unit": "percent"}
