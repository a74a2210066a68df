"""Where the structural model of the data is known: how often a sampler's next item is the true one, and what CASR's
Theorem 1 then asks for."""

import importlib
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from datasets.pipeline.card import card
from methods.casr.pool import Pool
from methods.casr.theory import label_accuracy, samples_needed
from methods.engine.recommender import Recommender
from methods.engine.windows import Windows

ERROR, FAILURE = 0.05, 0.05  # epsilon and delta
BITS = 32  # a parameter is one of 2^32 numbers, which makes the class of hypotheses finite


def against_truth(
    data: Path, dataset: str, pool: Pool, settings: Mapping, windows: Windows, anchor: Recommender
) -> dict:
    """`label_accuracy`, the noise eta, and Theorem 1's number of samples (None: eta >= 0.5, where it promises nothing).

    data: the prepared data set's folder. Empty for data whose truth nobody knows, and where a history is cut into
    windows: the truth depends on all of it.
    """
    file = data / "truth.npz"
    if not file.is_file() or len(windows.users.unique()) < len(windows):
        return {}
    truth = importlib.import_module(f"datasets.{card(dataset).folder.name}.truth")
    accuracy = label_accuracy(pool, settings, windows, partial(truth.true_next, truth.load_truth(file)))
    if accuracy is None:
        return {}
    hypotheses = sum(parameter.numel() for parameter in anchor.parameters()) * BITS * math.log(2)
    needed = samples_needed(hypotheses, 1 - accuracy, ERROR, FAILURE)
    theorem = {"error": ERROR, "failure": FAILURE, "log_hypotheses": hypotheses}
    return {
        "label_accuracy": accuracy,
        "noise": 1 - accuracy,
        "theorem1": {**theorem, "samples": needed if math.isfinite(needed) else None},
    }
