"""The structural model behind a cell's data, where it is known."""

import importlib
from pathlib import Path

from datasets.pipeline.card import card
from datasets.pipeline.files import record_of, sha256, unchanged
from methods.engine.data.split import LISTS, load_lists
from methods.engine.treatment import Truth


def known_truth(data: Path, dataset: str) -> Truth | None:
    """data: the prepared data set's folder. None for data whose truth nobody knows."""
    file = data / "truth.npz"
    if not file.is_file():
        return None
    module = importlib.import_module(f"datasets.{card(dataset).folder.name}.truth")
    lists = load_lists(data) if (data / LISTS).is_file() else None
    return Truth(module, module.load_truth(unchanged(file, record_of(data))), lists)


def truth_digest(data: Path) -> str:
    """A checksum of the truth, for what is made with it."""
    file = data / "truth.npz"
    return sha256(file) if file.is_file() else ""
