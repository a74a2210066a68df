"""What came out, in one look: measured beside what was to be expected, and the files to open.

python -m paper_tables.summary --scale-file config/demo.yaml --results results/demo
"""

import importlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tabulate import tabulate

from datasets.pipeline.command import start
from paper_tables.command import answer, scale_parser
from paper_tables.lines import reader
from paper_tables.results import FAILED, Result


def status_counts(paper: str, scale: Mapping, results: Path) -> tuple[Counter, list[Result]]:
    """How many cells of a paper are done, failed, not run; and the failed ones."""
    cells = _module(paper, "specification").cells(scale)
    found = [*map(reader(cells, Path(results)), cells)]
    return Counter(result.status for result in found), [result for result in found if result.status == FAILED]


def report(scale: Mapping, results: Path) -> str:
    """The whole summary as text: each paper, and the files to open."""
    parts = [paper_report(paper, scale, results) for paper in scale.get("papers") or {}]
    ended = (Path(results) / "report.html").is_file()
    pages = Path(results) if ended else Path(results) / "so_far"
    files = [pages / "report.html", *(file for paper in scale["papers"] for file in _readable(paper, pages))]
    return "\n".join([*parts, "Open:", *(f"  {file}" for file in files if file.is_file())])


def paper_report(paper: str, scale: Mapping, results: Path) -> str:
    counts, failed = status_counts(paper, scale, results)
    expected = _module(paper, "expectations")
    states = ", ".join(f"{count} {status}" for status, count in counts.items())
    parts = [f"{paper.upper()}, scale '{scale['scale']}': {sum(counts.values())} cells, {states}."]
    parts += [f"  failed: {result.cell.identifier}: {result.reason}" for result in failed]
    lines = [[line.what, line.expected, line.measured, line.verdict] for line in expected.expectations(scale, results)]
    parts += ["", tabulate(lines, headers=["what", "expected", "measured", ""], maxcolwidths=[44, 26, 44, None])]
    what, printed = expected.beside_printed(scale, results)
    if printed:
        heads = ["data set", "method", "measured", "printed", "difference"]
        parts += ["", what, tabulate(printed, headers=heads, disable_numparse=True)]
    return "\n".join([*parts, ""])


def _readable(paper: str, results: Path) -> list[Path]:
    specification = _module(paper, "specification")
    files = [file for target in specification.TARGETS for file in specification.outputs(target, Path(results))]
    shown = [file for file in files if file.suffix in (".csv", ".png")]
    return [*shown, *specification.outputs("document", Path(results))]


def _module(paper: str, name: str):
    """paper_tables/<paper>/<name>.py."""
    return importlib.import_module(f"paper_tables.{paper}.{name}")


def main(arguments: list[str] | None = None) -> int:
    chosen = scale_parser("paper_tables.summary", __doc__).parse_args(arguments)
    return answer(chosen.scale_file, chosen.results, lambda scale, results: [report(scale, results)])


if __name__ == "__main__":
    start(main)
