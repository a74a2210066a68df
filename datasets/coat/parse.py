"""Coat: ratings of coats that people chose by themselves, and of coats that were drawn for them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.exposures import INTERVENTIONAL, OBSERVATIONAL, positives
from datasets.pipeline.parsed import Parsed

PARTS = {OBSERVATIONAL: "train.ascii", INTERVENTIONAL: "test.ascii"}


def parse(files: Mapping[str, Path], variant: Mapping[str, int]) -> Parsed:
    """Every rating; accepted is one of at least variant["accepted"]."""
    exposures = pd.concat([_part(files[name], regime, variant["accepted"]) for regime, name in PARTS.items()])
    exposures = exposures.reset_index(drop=True)
    return Parsed(positives(exposures), exposures=exposures)


def _part(file: Path, regime: str, least: int) -> pd.DataFrame:
    rows = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]) or not set(row) <= set("012345"):
            raise BadInput(f"{file}, line {number}: {len(rows[0])} ratings from 0 (none) to 5 are expected")
    ratings = np.array(rows, dtype=np.int64).reshape(len(rows), -1)
    users, items = ratings.nonzero()
    if not len(users):
        raise BadInput(f"{file}: holds no rating; fetch it again")
    columns = {"user": users, "item": items, "accepted": ratings[users, items] >= least, "regime": regime}
    return pd.DataFrame(columns, index=pd.Index(users + 1, name=str(file)))
