"""GPT4-books: books that simulated readers bought, and random recommendations with their answers."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datasets.gpt4_books.rows import observed, read_sequences, recommended
from datasets.pipeline.exposures import positives
from datasets.pipeline.parsed import Parsed


def parse(files: Mapping[str, Path]) -> Parsed:
    bought = observed(read_sequences(files["observation.txt"]))
    shown = recommended(read_sequences(files["recommendation.txt"]), read_sequences(files["decision.txt"]))
    return Parsed(positives(bought), exposures=pd.concat([bought, shown], ignore_index=True))
