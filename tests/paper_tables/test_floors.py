"""Nothing imports upwards: datasets < methods < paper_tables < workflow; nor do floors in methods and paper_tables."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("datasets", "methods", "paper_tables", "workflow")
# The floors within methods, the lowest first. A method's own folder is of the last.
ENGINE = (
    ("engine.data",),
    ("engine.layers",),
    ("engine.recommender", "engine.environment"),
    ("engine.fit",),
    ("engine.treatment",),
    ("evaluation",),
)
# The floors within paper_tables, the lowest first, which takes no pandas. A module that is not named is of the second.
FLOORS = (
    ("spec", "cell", "scale_part", "recommenders", "printed_rows"),
    ("statistics",),
    ("claims",),
    ("kinds", "judge", "papers"),
    ("report", "standing", "standing_words"),
    ("write", "summary", "__main__"),
)
LONGEST = 250


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """The modules of this project that a file imports when it is loaded or run, not only for its types."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typed = [node for each in ast.walk(tree) if isinstance(each, ast.If) and "TYPE_CHECKING" in ast.dump(each.test)
             for node in each.body]  # fmt: skip
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node not in typed:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return {name for name in found if name.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_one_above_it(package):
    above = PACKAGES[PACKAGES.index(package) + 1 :]
    wrong = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in modules(package)
        for name in imported(file)
        if name.split(".")[0] in above
    }
    assert not wrong


def engine_floor(name: str) -> int:
    """Of a module of methods. What tables read, such as metrics, stands below all."""
    inner = name.removeprefix("methods.") + "."
    return next((number for number, names in enumerate(ENGINE) if inner.startswith(tuple(f"{n}." for n in names))), 9)


def test_no_floor_of_the_methods_imports_one_above_it():
    wrong = set()
    for file in modules("methods"):
        own = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        there = {name for name in imported(file) if name.startswith("methods.") and module_of(name)}
        wrong |= {f"{own} imports {name}" for name in there if engine_floor(own) < engine_floor(name)}
    assert not wrong


def floor(name: str) -> int:
    """Of a module of paper_tables."""
    part = name.split(".")[1] if "." in name else ""
    return next((number for number, names in enumerate(FLOORS) if part in names), 1)


def test_no_floor_of_the_tables_imports_one_above_it():
    wrong = set()
    for file in modules("paper_tables"):
        own = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        there = {name for name in imported(file) if name.startswith("paper_tables.") and module_of(name)}
        wrong |= {f"{own} imports {name}" for name in there if floor(own) < floor(name)}
    assert not wrong


def module_of(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def test_no_file_of_the_tables_is_longer_than_can_be_read_at_once():
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in modules("paper_tables")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
