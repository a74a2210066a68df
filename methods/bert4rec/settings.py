"""Which settings of BERT4Rec go together. What each may be alone stands in `card.yaml`."""

from methods.sasrec.settings import check

__all__ = ["check"]
