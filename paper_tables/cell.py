"""A cell: one number's worth of training, in the words of the papers. Its name is its folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from datasets.pipeline.split_name import SplitName

_taken_apart = cache(SplitName.of)


@dataclass(frozen=True)
class Cell:
    """data set x anchor x treatment x sampler x settings, with all its seeds.

    `settings` holds only what this cell changes on top of its method's card, the scale and the tuning, e.g.
    {"share": 0.4} for Figure 3. `variant` is the short name of that change and makes the folder unique.
    """

    paper: str
    split: str  # <dataset>.<protocol>[.<order>]
    anchor: str  # the recommender that is improved, or the baseline itself
    treatment: str = ""  # "" for the anchor alone; casr-h, casr-d, casr-m
    sampler: str = ""
    variant: str = ""  # "", control, r40, kappa0.1, d-3, l2
    settings: Mapping = field(default_factory=dict, compare=False)

    @cached_property
    def name(self) -> str:
        return ".".join(part for part in (self.anchor, self.treatment, self.sampler, self.variant) if part)

    @property
    def dataset(self) -> str:
        return self.split_name.dataset

    @property
    def split_name(self) -> SplitName:
        return _taken_apart(self.split)

    @cached_property
    def identifier(self) -> str:
        """`casr/lastfm.loo/narm.casr-d.stamp`: also the folder below `results/<scale>/cells/`."""
        return f"{self.paper}/{self.split}/{self.name}"

    def folder(self, results: Path) -> Path:
        return Path(results, "cells", self.identifier)
