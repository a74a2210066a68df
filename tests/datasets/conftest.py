import os
from pathlib import Path

import pytest
import yaml

from datasets.pipeline.card import Card, load_card

MINIMAL = {
    "name": "tiny",
    "label": "Tiny",
    "domain": "Tests",
    "licence": "none",
    "citation": {"key": "nobody", "text": "Nobody."},
    "downloads": [],
    "format": "none",
    "recipe": [],
    "has_time": False,
    "orders": {"file": {"meaning": "as in the file"}},
    "default_order": "file",
    "default_order_reason": "There is no other.",
}


@pytest.fixture
def make_card(tmp_path: Path):
    """A function that writes a card.yaml, the minimal one with the given keys changed, and loads it."""

    def make(**changes) -> Card:
        folder = tmp_path / "tiny"
        folder.mkdir(exist_ok=True)
        (folder / "card.yaml").write_text(yaml.safe_dump(MINIMAL | changes, sort_keys=False), encoding="utf-8")
        return load_card(folder)

    return make


@pytest.fixture(scope="session")
def real_raw() -> Path:
    """The folder of real raw files that a person has named, or a skip with the reason."""
    folder = os.environ.get("WHATIFREC_RAW")
    if not folder:
        pytest.skip("WHATIFREC_RAW names no folder of real raw files")
    return Path(folder)
