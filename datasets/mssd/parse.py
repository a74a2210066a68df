"""The Music Streaming Sessions Dataset: tracks of a session, and whether each was skipped."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.csv

from datasets.pipeline.errors import BadInput
from datasets.pipeline.exposures import INTERVENTIONAL, OBSERVATIONAL, positives
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table, refuse_values

COLUMNS = {
    "session_id": "name", "session_position": "int", "session_length": "int", "track_id_clean": "name",
    "skip_1": "text", "skip_2": "text", "skip_3": "text", "not_skipped": "text", "context_switch": "int",
    "no_pause_before_play": "int", "short_pause_before_play": "int", "long_pause_before_play": "int",
    "hist_user_behavior_n_seekfwd": "int", "hist_user_behavior_n_seekback": "int",
    "hist_user_behavior_is_shuffle": "text", "hour_of_day": "int", "date": "text", "premium": "text",
    "context_type": "text", "hist_user_behavior_reason_start": "text", "hist_user_behavior_reason_end": "text",
}  # fmt: skip
SOURCES = {
    "user_collection": OBSERVATIONAL,
    "personalized_playlist": INTERVENTIONAL,
    "radio": INTERVENTIONAL,
    "editorial_playlist": None,  # neither a person's own choice nor one of the system for this person
    "charts": None,
    "catalog": None,
}
TRUTHS = {"true": True, "false": False}


def parse(files: Mapping[str, Path], variant: Mapping[str, str]) -> Parsed:
    """Rows whose source tells their regime. variant: `skip`, the column that says that a track was skipped."""
    file = files["log_mini.csv"]
    rows = read_table(file, COLUMNS, delimiter=",", header=True)
    for column, known in (("context_type", SOURCES), (variant["skip"], TRUTHS)):
        strange = ~rows[column].str.lower().isin(known).to_numpy()
        refuse_values(rows, strange, column, f", expected one of {', '.join(known)}")
    rows = rows.sort_values(["session_id", "session_position"], kind="stable")
    exposures = pd.DataFrame(
        {
            "user": rows["session_id"],
            "item": rows["track_id_clean"],
            "accepted": ~rows[variant["skip"]].str.lower().map(TRUTHS).astype(bool),
            "regime": rows["context_type"].map(SOURCES),
        }
    )
    exposures = exposures[exposures["regime"].notna()]
    return Parsed(positives(exposures), _tracks(files.get("tf_mini.csv")), exposures=exposures)


def _tracks(file: Path | None) -> pd.DataFrame | None:
    """The acoustic features of every track, where a person has the file."""
    if file is None:
        return None
    table = pyarrow.csv.read_csv(file).to_pandas()
    if "track_id" not in table:
        raise BadInput(f"{file}: there is no column track_id; is it the file the card names?")
    return table.rename(columns={"track_id": "item"})
