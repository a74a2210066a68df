"""Exposures of a world with a known truth: nothing is read, everything is drawn."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from datasets.csrec_synthetic.generate import World, generate
from datasets.csrec_synthetic.truth import AXES
from datasets.pipeline.exposures import positives
from datasets.pipeline.parsed import Parsed


def parse(files: Mapping[str, Path], variant: Mapping[str, float]) -> Parsed:
    """Every exposure, what was taken without a system, and the truth (truth.py). variant: fields of `World`."""
    exposures, truth = generate(World(**variant))
    return Parsed(positives(exposures), exposures=exposures, arrays={"truth": asdict(truth)}, axes={"truth": AXES})
