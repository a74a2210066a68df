"""KuaiRand-Pure: short videos, shown by the platform's policy, and some of them drawn at random."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.exposures import INTERVENTIONAL, OBSERVATIONAL, positives
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table, refuse_values

FLAGS = ("is_click", "is_like", "is_follow", "is_comment", "is_forward", "is_hate", "long_view")
COLUMNS = {
    **dict.fromkeys(("user_id", "video_id", "date", "hourmin", "time_ms"), "int"),
    **dict.fromkeys(FLAGS, "int"),
    **dict.fromkeys(("play_time_ms", "duration_ms", "profile_stay_time", "comment_stay_time"), "int"),
    **dict.fromkeys(("is_profile_enter", "is_rand", "tab"), "int"),
}
FILES = (
    "log_standard_4_08_to_4_21_pure.csv",
    "log_standard_4_22_to_5_08_pure.csv",
    "log_random_4_22_to_5_08_pure.csv",
)


def parse(files: Mapping[str, Path]) -> Parsed:
    """Every view with its millisecond; accepted where it was clicked, interventional where it was drawn at random."""
    exposures = pd.concat([_part(files[name]) for name in FILES], ignore_index=True)
    exposures = exposures.sort_values("time_ms", kind="stable", ignore_index=True)
    exposures["time"] = exposures.pop("time_ms") // 1000
    return Parsed(positives(exposures), exposures=exposures)


def _part(file: Path) -> pd.DataFrame:
    rows = read_table(file, COLUMNS, delimiter=",", header=True)
    for column in ("is_click", "is_rand"):
        refuse_values(rows, ~rows[column].isin((0, 1)).to_numpy(), column, ", neither 0 nor 1")
    regime = np.where(rows["is_rand"] == 1, INTERVENTIONAL, OBSERVATIONAL)
    columns = {"user": rows["user_id"], "item": rows["video_id"], "accepted": rows["is_click"] == 1, "regime": regime}
    return pd.DataFrame(columns | {"time_ms": rows["time_ms"], "signals": rows[list(FLAGS)].sum(axis=1)})
