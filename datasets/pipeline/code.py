"""A checksum of the code that makes something: of the modules that a step runs, and of what they import.

Of a Python file its syntax counts, without comments, docstrings and layout; of a data set's card all but its words; of
any other file every byte. So an edit that can change no number changes no checksum.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath

from datasets.pipeline.card import DATASETS
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml

ROOT = DATASETS.parent
# Packages whose modules can change a number. What plans, names or draws cells is not among them.
NUMBERS = ("methods", "datasets")
OWN = (".py", ".yaml", ".csv")  # files of a data set's folder that say how it is made; its raw files are not looked at
# What of a data set's card is for people. Tables show it, but nothing is prepared or trained by it.
WORDS = (
    *("label", "domain", "about", "licence", "terms", "login", "citation", "citation.*", "assumptions"),
    *("default_order_reason", "orders.*.meaning", "printed.*.source", "printed.*.remark"),
)
NO_SYNTAX = ("ctx", "kind", "type_comment")  # fields of a syntax tree that follow from others, or change nothing


@dataclass(frozen=True)
class Source:
    """What of a file can change a number, as a checksum; and the modules of this repository that it imports."""

    sum: str
    imports: tuple[Path, ...] = ()


def digest(value: object) -> str:
    """A checksum of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def digest_of(files: Iterable[Path]) -> str:
    """A checksum of what the files, and all modules that they import, can change of a number."""
    return digest([(str(_place(file)), source(file).sum) for file in sorted(closure(files))])


@cache
def made_with(step: str, folder: Path | None = None) -> str:
    """A checksum of what a step from raw file to split (`prepare`, `audit`, `split`) is made with: its code, and of a
    data set's folder the card and the parser. It stands in what the step writes."""
    own = [] if folder is None else [file for file in Path(folder).glob("*") if file.suffix in OWN]
    return digest_of([DATASETS / "pipeline" / f"{step}.py", *own])


def closure(files: Iterable[Path]) -> set[Path]:
    """The files, and every module of this repository that they import, directly or not."""
    found, waiting = set(), list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += source(file).imports
    return found


@cache
def source(file: Path) -> Source:
    """Read a file as the head of this module says."""
    read = file.read_bytes()
    if file.suffix == ".py":
        try:
            parsed = ast.parse(read, str(file))
        except SyntaxError as error:
            raise BadInput(f"{_place(file)}, line {error.lineno}: {error.msg}") from error
        return Source(_sum(repr(_syntax(parsed)).encode()), _imported(parsed))
    if file.name == "card.yaml":
        return Source(digest(_without_words(parse_yaml(read.decode()))))
    return Source(_sum(read))


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _place(file: Path) -> PurePath:
    """Below the project where it is there: a checksum must not know where the project lies."""
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else PurePath(file.name)


def _syntax(node: object) -> object:
    """A syntax tree without docstrings, the same in every version of Python: fields that are empty are left out."""
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if name not in NO_SYNTAX)
        return (type(node).__name__, *((name, _syntax(value)) for name, value in fields if value not in (None, [])))
    if isinstance(node, list):
        return [_syntax(each) for each in node if not _is_text(each)]
    return repr(node)


def _is_text(node: object) -> bool:
    """Whether a statement is a string that nothing uses, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_words(content: object, at: str = "") -> object:
    if not isinstance(content, Mapping):
        return content
    kept = {key: f"{at}{key}" for key in content if not any(fnmatchcase(f"{at}{key}", words) for words in WORDS)}
    return {str(key): _without_words(content[key], f"{place}.") for key, place in kept.items()}


def _imported(parsed: ast.Module) -> tuple[Path, ...]:
    """The modules of NUMBERS that a file names in its import statements, and the packages that they lie in."""
    names = set()
    for node in statements(parsed):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    parts = [name.split(".") for name in names if name.split(".")[0] in NUMBERS]
    paths = {ROOT.joinpath(*each[:count]) for each in parts for count in range(1, len(each) + 1)}
    candidates = [candidate for path in paths for candidate in (path.with_suffix(".py"), path / "__init__.py")]
    return tuple(sorted(path for path in candidates if path.is_file()))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below a node. What is inside of an expression is left out: most of a file, and never an import."""
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        for inner in getattr(node, part, ()):
            yield inner
            yield from statements(inner)
