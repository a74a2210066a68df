"""GPT4-books of later commits of the same repository, at three temperatures, with the stated probabilities."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.gpt4_books.rows import Sequences, observed, read_sequences, recommended
from datasets.pipeline.errors import BadInput
from datasets.pipeline.exposures import positives
from datasets.pipeline.parsed import Parsed

PARTS = {"observed": int, "books": int, "decisions": int, "probabilities": float}


def parse(files: Mapping[str, Path], variant: Mapping[str, float]) -> Parsed:
    """Of the readers who stand in all four files of the temperature."""
    found = _read(files, variant["temperature"])
    everywhere = set.intersection(*(set(part.users.tolist()) for part in found.values()))
    of_all = {name: part.only(np.array(sorted(everywhere))) for name, part in found.items()}
    bought = observed(of_all["observed"])
    shown = recommended(of_all["books"], of_all["decisions"], {"probability": of_all["probabilities"]})
    return Parsed(positives(bought), exposures=pd.concat([bought.assign(probability=1.0), shown], ignore_index=True))


def _read(files: Mapping[str, Path], temperature: float) -> dict[str, Sequences]:
    names = {part: f"{part}_1207_temp_{temperature}.txt" for part in PARTS}
    if lacking := [name for name in names.values() if name not in files]:
        raise BadInput(f"gpt4-books-1207: of temperature {temperature} there is no {', '.join(lacking)}; see its card")
    found = {part: read_sequences(files[names[part]], ",", kind) for part, kind in PARTS.items()}
    chance = found["probabilities"]
    outside = ~((chance.values >= 0) & (chance.values <= 1))
    if outside.any():
        place = int(outside.argmax())
        raise BadInput(
            f"{chance.file}, line {chance.lines[place]}: the probability {chance.values[place]} is not between 0 and 1"
        )
    return found
