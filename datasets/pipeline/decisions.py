"""The protocol `decisions`: the last decisions of each interventional sequence are held out (CSRec, section 4.1).

Of each sequence the last decisions are the test, those before them the validation, the rest is training; how many is on
the card. A sequence that would leave no decision to train on is left out whole, and counted. Of what users took by
themselves the last item is the test and the last but one the validation item, as in `loo`; of the observational
exposures those before the validation item may be learnt from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datasets.pipeline.card import Order
from datasets.pipeline.errors import BadInput
from datasets.pipeline.exposures import OBSERVATIONAL, positives
from datasets.pipeline.orders import put_in_order
from datasets.pipeline.protocols import Parts, leave_one_out, places


@dataclass(frozen=True)
class Decided:
    """positives: what users took by themselves, in order, and its `parts`; exposures: what may be learnt from (user,
    step, item, accepted, regime, ..); decisions: what is held out (user, step, item, accepted, part), where `step` is
    the place in the user's sequence, from 0; short: how many interventional sequences were left out."""

    positives: pd.DataFrame
    parts: Parts
    exposures: pd.DataFrame
    decisions: pd.DataFrame
    short: int


def hold_out(name: str, exposures: pd.DataFrame, order: Order, held_out: Mapping[str, int]) -> Decided:
    """Split prepared exposures. held_out: {"validation": 3, "test": 3}. BadInput where no decision is left to test."""
    own = exposures["regime"] == OBSERVATIONAL
    observed, shown = (_steps(put_in_order(exposures[regime], order)) for regime in (own, ~own))
    place, rows = places(shown["user"].to_numpy())
    kept_back = sum(held_out.values())
    enough = rows > kept_back
    from_end = rows - place  # 1: last
    part = np.select([from_end <= held_out["test"], from_end <= kept_back], ["test", "validation"], "train")
    if not enough.any():
        raise BadInput(
            f"split '{name}': no sequence of recommendations has more than {kept_back} decisions, and the card "
            "holds out so many of each; take data with longer sequences, or hold out fewer (`decisions` on the card)"
        )
    taken = positives(observed)
    parts = leave_one_out(taken)
    learnt = pd.concat([observed[_before(observed, taken.iloc[parts.validation])], shown[enough & (part == "train")]])
    tested = shown[enough & (part != "train")].assign(part=part[enough & (part != "train")])
    return Decided(
        taken,
        parts,
        learnt.sort_values("user", kind="stable", ignore_index=True),
        tested[["user", "step", "item", "accepted", "part"]].reset_index(drop=True),
        int((~enough & (place == 0)).sum()),
    )


def _steps(rows: pd.DataFrame) -> pd.DataFrame:
    """With `step`, the place in the user's sequence in the order that is asked for."""
    rows = rows.drop(columns="order").reset_index(drop=True)
    rows.insert(1, "step", places(rows["user"].to_numpy())[0])
    return rows


def _before(rows: pd.DataFrame, first_held_out: pd.DataFrame) -> np.ndarray:
    """Which rows stand before their user's first held-out one; all of a user who has none."""
    step = first_held_out.set_index("user")["step"]
    return rows["step"].to_numpy() < rows["user"].map(step).fillna(np.inf).to_numpy()
