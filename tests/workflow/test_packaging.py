"""The ways to set the project up agree: pyproject.toml, the lock file, environment.yml, CITATION.cff."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from methods.cards import cards

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line and not line.startswith("#")]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())


def locked() -> dict[str, set[str]]:
    """Versions by package; more than one where they differ by Python version."""
    versions: dict[str, set[str]] = {}
    for line in LOCK:
        requirement = Requirement(line)
        versions.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return versions


@pytest.mark.parametrize("wanted", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])
def test_the_lock_holds_what_the_project_asks_for(wanted):
    requirement = Requirement(wanted)
    versions = locked()[canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(version.removeprefix("==")) for version in versions)


def test_the_lock_names_one_exact_version_that_every_machine_can_have():
    for line in LOCK:
        specifier = Requirement(line).specifier
        assert [part.operator for part in specifier] == ["=="], line
        assert "+" not in str(specifier), f"{line}: a local version exists on one index only"
    # what a GPU needs is torch's own business, so that a machine without one installs none of it
    assert not [name for name in locked() if re.match(r"(nvidia|cuda|triton)", name)]


def test_conda_installs_the_same_from_the_same_lock():
    python, *_ = (Requirement(each) for each in ENVIRONMENT["dependencies"] if isinstance(each, str))
    assert python.name == "python" and python.specifier == SpecifierSet(PROJECT["requires-python"])
    (by_pip,) = (each["pip"] for each in ENVIRONMENT["dependencies"] if isinstance(each, dict))
    assert by_pip == ["-r requirements.lock"]
    assert ENVIRONMENT["name"] == PROJECT["name"]


def test_the_citation_file_cites_every_method_s_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["license"] == PROJECT["license"] and citation["version"] == PROJECT["version"]
    known = {str(each.get("doi") or each.get("url")).lower(): each for each in citation["references"]}
    for card in cards().values():
        if card.citation:
            address = str(card.citation.get("doi") or card.citation.get("url")).lower()
            assert known[address]["title"].lower() == card.citation["title"].lower(), card.name
            assert known[address]["year"] == card.citation["year"]
