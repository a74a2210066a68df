"""Nothing that a reader sees changes unnoticed: cells and settings of the shipped scales, tables of made-up results,
and `comparison.csv` of the published ones, by the checksums in golden.sha256.

Where a table is meant to change, its new sum goes into the same commit:

    GOLDEN=write python -m pytest tests/paper_tables/test_golden.py

A test that fails names what differs; GOLDEN=FOLDER also writes every text there, to be compared with those of another
checkout.
"""

import hashlib
import json
import os
from pathlib import Path

import pytest

from datasets.pipeline.files import parse_yaml
from paper_tables.judge.comparison import comparison, paper_comparison
from paper_tables.judge.comparison import write as write_comparison
from paper_tables.spec.specification import specification
from paper_tables.study import Study
from paper_tables.write import write
from tests.cpr_tables import conftest as cpr
from workflow.cells import graph
from workflow.scale import load_scale

ROOT = Path(__file__).parents[2]
SUMS = Path(__file__).with_name("golden.sha256")
ASKED = os.environ.get("GOLDEN", "")
PAIRS = [
    (file.stem, paper)
    for file in sorted((ROOT / "config").glob("*.yaml"))
    for paper in parse_yaml(file.read_text(encoding="utf-8"))["papers"]
]
tree, written = cpr.tree, cpr.written


@pytest.mark.parametrize(("scale", "paper"), PAIRS)
def test_a_shipped_scale_has_the_same_cells_with_the_same_settings(scale, paper):
    of = load_scale(ROOT / "config" / f"{scale}.yaml")
    cells = {name: cell for name, cell in graph.all_cells(of).items() if cell.paper == paper}
    lines = [
        f"{name} {dict(sorted(cell.settings.items()))} {json.dumps(graph.planned_settings(of, cell), sort_keys=True)}"
        for name, cell in cells.items()
    ]
    targets = graph.specification(paper).TARGETS
    read = [
        f"{name} {' '.join(sorted(cell.identifier for cell in graph.target_cells(of, paper, name)))}"
        for name in targets
    ]
    golden(f"cells/{scale}-{paper}", {"cells": "\n".join(sorted(lines)), "targets": "\n".join(sorted(read))})


def test_the_made_up_results_of_casr_make_the_same_tables(results, scale):
    write("casr", [*specification("casr").TARGETS, "document"], scale, results)
    paper_comparison(Study.of("casr", scale, results)).to_csv(results / "tables" / "comparison.csv", index=False)
    golden("casr", texts_below(results))


def test_the_made_up_results_of_cpr_make_the_same_tables(written):
    golden("cpr", texts_below(written) | {"comparison.csv": (written / "comparison.csv").read_text(encoding="utf-8")})


def test_the_published_results_make_the_same_comparison(tmp_path):
    scale = parse_yaml((ROOT / "config" / "quick.yaml").read_text(encoding="utf-8"))
    rows = comparison(scale, ROOT / "results" / "published" / "quick")
    golden("published", {"comparison.csv": write_comparison(rows, tmp_path).read_text(encoding="utf-8")})


def texts_below(results: Path) -> dict[str, str]:
    """The tables and figures as text; what is drawn depends on the version that draws it."""
    files = [file for folder in ("tables", "figures") for file in sorted((results / folder).glob("*.*"))]
    return {file.name: file.read_text(encoding="utf-8") for file in files if file.suffix in (".csv", ".tex")}


def golden(part: str, texts: dict[str, str]) -> None:
    """Hold the texts against the sums that stand in the file under this part's name, or write them there."""
    sums = dict(reversed(line.split("  ")) for line in SUMS.read_text(encoding="utf-8").splitlines())
    here = {f"{part}/{name}": hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    if ASKED and ASKED != "write":
        for name, text in texts.items():
            file = Path(ASKED, part, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    known = {name: found for name, found in sums.items() if name.startswith(f"{part}/")}
    if ASKED == "write":
        sums = {name: found for name, found in sums.items() if name not in known} | here
        SUMS.write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)), encoding="utf-8")
        return
    differs = sorted(name for name in known.keys() | here.keys() if known.get(name) != here.get(name))
    assert not differs, f"not as in {SUMS.name}: {', '.join(differs)}; see the head of {Path(__file__).name}"
