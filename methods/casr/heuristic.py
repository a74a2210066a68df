"""The heuristic sampler (H): a random replacement; the next item follows by eq. 2."""

from dataclasses import replace

import torch
from torch import Tensor

from methods.casr.candidates import Candidates
from methods.engine.data.branches import Branches


def replace_item(sequences: Branches, candidates: Candidates, uniform: Tensor) -> Branches:
    """The sequences with another first item each, drawn from C. uniform (samples,) in [0, 1)."""
    drawn = candidates.draw(sequences.items[:, 0], uniform)
    return replace(sequences, items=torch.cat([drawn[:, None], sequences.items[:, 1:]], dim=1))
