"""The card of counterfactual sets: what of them was observed, is held out, and is true where the truth is known."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from methods.cpr.counterfactual import Sets
from methods.cpr.fit import World
from methods.cpr.recovery import recovery
from methods.cpr.theory import pair_noise, votes_by_hoeffding, votes_needed, votes_printed
from methods.engine.data.split import Split, Targets
from methods.engine.fit.sample_complexity import FAILURE, samples_for
from methods.engine.recommender import Recommender
from methods.engine.treatment import Truth

VOTES = {"printed": votes_printed, "hoeffding": votes_by_hoeffding, "exact": votes_needed}


def describe_sets(sets: Sets, split: Split, held_out: Mapping[str, Targets]) -> dict:
    """Shares of s^(k+) and of s^(k-): `observed`, items that the user's training history holds, and `heldout_overlap`,
    the items held out of the same user. Made after all training: it looks at the held-out items."""
    held = split.held
    known = {"observed": _keys(held.rows, held.items, split.catalogue)}
    known |= {part: _keys(targets.users, targets.items, split.catalogue) for part, targets in held_out.items()}
    shares = {
        name: {side: _share(sets.users, getattr(sets, side), keys, split.catalogue) for side in ("positives", "others")}
        for name, keys in known.items()
    }
    return {"observed": shares.pop("observed"), "heldout_overlap": shares}


def against_truth(world: World, sets: Sets, model: Recommender, truth: Truth) -> dict:
    """What the truth says of the sets, the lists that they were made of, and the world.

    positives_taken, others_taken: shares that the user would take; label_accuracy: items that are on their side, noise
    the rest; zeta, decided, zeta_decided: of pairs (methods/cpr/theory.py). theorem1: votes on a pair, and theorem2:
    samples, both with zeta; None where they promise nothing. recovery: the simulator beside the truth. values: how many
    items of a list its user would take: of the lists that were made here, of those that were observed, and of random
    ones.
    """
    users, known = _numpy(sets.users), truth.content
    taken, others = (
        truth.module.true_choices(known, users, _numpy(items)).mean() for items in (sets.positives, sets.others)
    )
    accuracy = float(taken + 1 - others) / 2
    found = pair_noise(sets, lambda users, items: known.value[users[:, None], items])
    votes = {name: needed(found["zeta"], FAILURE) for name, needed in VOTES.items()}
    length, shown = sets.lists.shape[1], truth.lists
    values = {
        "made": float(truth.module.true_value(known, users, _numpy(sets.lists)).mean()),
        "observed": length * float(known.answers[shown.owners, shown.items].mean()),
        "random": length * float(known.answers.mean()),
    }
    return {
        "positives_taken": float(taken),
        "others_taken": float(others),
        "label_accuracy": accuracy,
        "noise": 1 - accuracy,
        **found,
        "theorem1": {"failure": FAILURE, **{name: _finite(number) for name, number in votes.items()}},
        "theorem2": samples_for(model, found["zeta"]),
        "recovery": recovery(world, known.exposure, known.answers),
        "values": values,
    }


def _keys(users: Tensor, items: Tensor, catalogue: int) -> Tensor:
    return users * catalogue + items


def _share(users: Tensor, items: Tensor, keys: Tensor, catalogue: int) -> float:
    """The share of the pairs (users (n,), items (n, k)) whose keys are among `keys`."""
    own = _keys(users[:, None], items, catalogue).cpu()
    return float(torch.isin(own, keys).double().mean())


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
