"""What came out, in one look: what the papers claim and what these results say of it, and the files to open.

python -m paper_tables.summary --scale-file config/demo.yaml --results results/demo
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tabulate import tabulate

from datasets.pipeline.command import start
from paper_tables.claims import ledger
from paper_tables.command import answer, scale_parser
from paper_tables.judge.evidence import measured_evidence
from paper_tables.kinds import dose
from paper_tables.labels import dataset_label, setting_label
from paper_tables.reported import MISSING
from paper_tables.results import FAILED, Result
from paper_tables.spec.paper import paper
from paper_tables.study import Study


def status_counts(study: Study) -> tuple[Counter, list[Result]]:
    """How many cells of a paper are done, failed, not run; and the failed ones."""
    found = [*map(study.read, study.cells)]
    return Counter(result.status for result in found), [result for result in found if result.status == FAILED]


def report(scale: Mapping, results: Path) -> str:
    """The whole summary as text: each paper, and the files to open."""
    parts = [paper_report(Study.of(name, scale, results)) for name in scale.get("papers") or {}]
    ended = (Path(results) / "report.html").is_file()
    pages = Path(results) if ended else Path(results) / "so_far"
    files = [pages / "report.html", *(file for name in scale["papers"] for file in _readable(name, pages))]
    return "\n".join([*parts, "Open:", *(f"  {file}" for file in files if file.is_file())])


def paper_report(study: Study) -> str:
    counts, failed = status_counts(study)
    states = ", ".join(f"{count} {status}" for status, count in counts.items())
    head = f"{study.paper.name.upper()}, scale '{study.scale['scale']}': {sum(counts.values())} cells, {states}."
    parts = [head, *(f"  failed: {result.cell.identifier}: {result.reason}" for result in failed)]
    if lines := [*claimed(study), *dose.bars(study)]:
        heads = ["what", "printed", "measured", ""]
        parts += ["", tabulate(lines, headers=heads, maxcolwidths=[44, 26, 44, None], disable_numparse=True)]
    if printed := beside_printed(study):
        heads = ["data set", "method", "measured", "printed", "difference"]
        what = f"{study.paper.selection.head} in {study.paper.unit}"
        parts += ["", what, tabulate(printed, headers=heads, disable_numparse=True)]
    return "\n".join([*parts, ""])


def claimed(study: Study) -> list[list[str]]:
    """(claim, what the printed numbers say, what ours say, how many comparisons) of each claim that ours speak of."""
    if "claims" not in study.paper.targets:
        return []
    rows = ledger(study.paper.name, measured_evidence(study, "claims"))
    rows = rows[rows["measured_answer"] != "not run"]
    return [
        [row.wording, row.printed_answer, row.measured_answer, f"{row.measured_comparisons} comparisons"]
        for row in rows.itertuples()
    ]


def beside_printed(study: Study) -> list[list[str]]:
    """Place, method, measured, printed, difference of each number of the selecting metric that is both."""
    metric, digits = study.paper.selection, 2 if study.paper.unit == "percent" else 4
    scale, found = 100 if study.paper.unit == "percent" else 1, []
    for line in (line for name in study.tables() for line in study.lines(name) if line.headline and line.result.done):
        value = study.printed(line, metric)[0] if metric in line.metrics else ""
        if value not in ("", MISSING):
            own = scale * float(line.result.values(metric.name, metric.k).mean())
            place = ", ".join(filter(None, [dataset_label(line.dataset), setting_label(line.printed_setting)]))
            numbers = [f"{own:.{digits}f}", value, f"{own - float(value):+.{digits}f}"]
            found.append([place, line.row, *numbers])
    return found


def _readable(name: str, results: Path) -> list[Path]:
    about = paper(name)
    files = [file for target in about.targets for file in about.outputs(target, Path(results))]
    return [*(file for file in files if file.suffix in (".csv", ".png")), *about.outputs("document", Path(results))]


def main(arguments: list[str] | None = None) -> int:
    chosen = scale_parser("paper_tables.summary", __doc__).parse_args(arguments)
    return answer(chosen.scale_file, chosen.results, lambda scale, results: [report(scale, results)])


if __name__ == "__main__":
    start(main)
