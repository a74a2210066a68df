"""Which settings of SASRec go together. What each may be alone stands in `card.yaml`."""

from collections.abc import Mapping

from datasets.pipeline.errors import BadInput


def check(settings: Mapping) -> None:
    dim, heads = settings["embedding"], settings["heads"]
    if dim % heads:
        raise BadInput(f"heads is {heads}; the size of the vectors, embedding {dim}, must be a multiple of it")
