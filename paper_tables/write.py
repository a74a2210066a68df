"""Write the tables and figures of a paper at a scale: pure functions of results, printed numbers and the scale.

Each is made by its kind, a module with `frame(study, target)` and `render(study, target, frame)`, of a picture also
`picture(study, target, frame, folder)`: one in the paper's own folder, or one of paper_tables/kinds.
"""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

from paper_tables import marks
from paper_tables.files import document, write_csv, write_text
from paper_tables.spec.paper import PICTURED, Paper
from paper_tables.study import Study


def write(name: str, targets: Iterable[str], scale: Mapping, results: Path) -> list[Path]:
    """Make the files of the targets below `results`; gives their paths."""
    study, files = Study.of(name, scale, results), []
    for target in targets:
        made = study.paper.outputs(target, study.results)
        if target == "document":
            every = (file for one in study.paper.targets for file in study.paper.outputs(one, Path("..")))
            write_text(made[0], document(name, study.paper.label, scale, every))
        else:
            _write(study, target, made)
        files += made
    return files


def _write(study: Study, target: str, made: list[Path]) -> None:
    kind = kind_of(study.paper, target)
    rows = kind.frame(study, target)
    if getattr(kind, "MARKED", True):
        rows = marks.with_marks(rows, study.results, study.data)
    if hasattr(kind, "as_csv"):  # what LaTeX reads takes nan, but no empty cell
        write_csv(made[0], kind.as_csv(rows), study.scale, missing="nan")
    else:
        write_csv(made[0], rows, study.scale)
    write_text(made[1], kind.render(study, target, rows))
    if study.paper.kind(target) in PICTURED:
        kind.picture(study, target, rows, made[0].parent)


def kind_of(paper: Paper, target: str) -> ModuleType:
    """The module that makes a target."""
    kind = paper.kind(target)
    own = (paper.folder / f"{kind}.py").is_file()
    return importlib.import_module(f"paper_tables.papers.{paper.name}.{kind}" if own else f"paper_tables.kinds.{kind}")
