"""A checksum of the code that makes something: of the modules that a step runs, and of what they import."""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from datasets.pipeline.card import DATASETS
from datasets.pipeline.errors import BadInput

ROOT = DATASETS.parent
# Packages whose modules can change a number. What plans, names or draws cells is not among them.
NUMBERS = ("methods", "datasets")
OWN = (".py", ".yaml", ".csv")  # files of a data set's folder that say how it is made; its raw files are not looked at


def digest(value: object) -> str:
    """A checksum of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@cache
def made_with(step: str, folder: Path | None = None) -> str:
    """A checksum of what a step from raw file to split (`prepare`, `audit`, `split`) is made with: its code, and of a
    data set's folder the card and the parser. It stands in what the step writes."""
    own = [] if folder is None else [file for file in Path(folder).glob("*") if file.suffix in OWN]
    files = sorted(closure([DATASETS / "pipeline" / f"{step}.py", *own]))
    return digest([(file.name, file.read_text(encoding="utf-8")) for file in files])


def closure(files: Iterable[Path]) -> set[Path]:
    """The files, and every module of this repository that they import, directly or not."""
    found, waiting = set(), list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += imported(file) if file.suffix == ".py" else ()
    return found


@cache
def imported(file: Path) -> tuple[Path, ...]:
    """The modules of NUMBERS that a Python file names in its import statements."""
    names, text = set(), file.read_text(encoding="utf-8")
    if not any(name in text for name in NUMBERS):  # parsing takes longer than all else here
        return ()
    try:
        parsed = ast.parse(text, str(file))
    except SyntaxError as error:
        raise BadInput(f"{file.relative_to(ROOT)}, line {error.lineno}: {error.msg}") from error
    for node in statements(parsed):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = [ROOT.joinpath(*name.split(".")) for name in names if name.split(".")[0] in NUMBERS]
    candidates = [candidate for path in paths for candidate in (path.with_suffix(".py"), path / "__init__.py")]
    return tuple(sorted(path for path in candidates if path.is_file()))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below a node. What is inside of an expression is left out: most of a file, and never an import."""
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        for inner in getattr(node, part, ()):
            yield inner
            yield from statements(inner)
