"""What methods and data sets are called in print: the labels of their cards."""

from functools import cache

from datasets.pipeline.card import card
from datasets.pipeline.card import cards as data_cards
from methods.cards import has_card, load_card, treatment_method
from paper_tables.cell import Cell


@cache
def method_label(method: str) -> str:
    return load_card(method).label if has_card(method) else method  # of a paper whose methods are not here yet


@cache
def strategy_label(strategy: str) -> str:
    """`casr-h` -> `H`; `l2aug` -> `L2Aug`, where the method is one strategy."""
    method, name = treatment_method(strategy)
    return load_card(method).strategy_label(name)


def dataset_label(dataset: str) -> str:
    return card(dataset).label if _known(dataset) else dataset


@cache
def _known(dataset: str) -> bool:
    """Data sets of a paper may be missing here, as long as nothing runs them."""
    return any(dataset == name or dataset.startswith(f"{name}-") for name in data_cards())


def row_label(anchor: str, strategy: str = "") -> str:
    """`NARM`, `H-NARM`, as CASR writes it; what a strategy's label has after a hyphen stands last: `CPR-BPR-r`."""
    if not strategy:
        return method_label(anchor)
    here = has_card(treatment_method(strategy)[0])
    before, *after = (strategy_label(strategy) if here else strategy).split("-", 1)
    return "-".join([before, method_label(anchor), *after])


def cell_label(cell: Cell) -> str:
    """`H-NARM, sampler STAMP`."""
    sampler = f", sampler {method_label(cell.sampler)}" if cell.sampler else ""
    variant = f", {cell.variant}" if cell.variant else ""
    return row_label(cell.anchor, cell.treatment) + sampler + variant


def setting_label(setting: str) -> str:
    """`feedback=linear;dim=16` -> `linear, dim 16`: a name in words where its value alone would say nothing."""
    parts = [part.split("=", 1) for part in setting.split(";") if part]
    return ", ".join(value if name in ("feedback", "reading") else f"{name} {value}" for name, value in parts)
