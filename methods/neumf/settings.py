"""Which settings of NeuMF go together: those of its MLP part."""

from methods.mlp.settings import check

__all__ = ["check"]
