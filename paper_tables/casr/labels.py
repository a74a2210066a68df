"""What methods and data sets are called in print: the labels of their cards."""

from functools import cache

from datasets.pipeline.card import card
from methods.cards import load_card


@cache
def method_label(method: str) -> str:
    return load_card(method).label


@cache
def strategy_label(strategy: str) -> str:
    """`casr-h` -> `H`."""
    method, _, name = strategy.rpartition("-")
    return load_card(method).strategies[name]["label"]


def dataset_label(dataset: str) -> str:
    return card(dataset).label


def row_label(anchor: str, strategy: str = "") -> str:
    """`NARM`, `H-NARM`, as the paper writes it."""
    return f"{strategy_label(strategy)}-{method_label(anchor)}" if strategy else method_label(anchor)
