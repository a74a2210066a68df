"""Which settings of MLP go together. What each may be alone stands in `card.yaml`."""

from collections.abc import Mapping

from datasets.pipeline.errors import BadInput


def check(settings: Mapping) -> None:
    widths(settings["embedding"], settings["layers"])


def widths(dim: int, layers: int) -> list[int]:
    """Units of each hidden layer: half of what is below it, 2 dim at the bottom."""
    if dim >> (layers - 1) < 1:
        raise BadInput(f"embedding {dim} cannot be halved {layers - 1} times; use fewer layers or a larger embedding")
    return [dim >> layer for layer in range(layers)]
