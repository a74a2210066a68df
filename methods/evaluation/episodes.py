"""Metrics of episodes: what a policy got in an environment. A table has one row an episode: `episode, part, return,
steps`, and `clicks` where the environment counts them."""

import numpy as np
import pandas as pd


def per_episode(metric: str, table: pd.DataFrame) -> np.ndarray:
    """`return`, `steps`, or `ctr`: the share of steps that were clicked."""
    if metric == "ctr":
        return table["clicks"].to_numpy() / np.maximum(1, table["steps"].to_numpy())
    if metric not in ("return", "steps"):
        raise ValueError(f"metric '{metric}' is of no episode: return, steps or ctr")
    return table[metric].to_numpy(dtype=np.float64)


def summary(table: pd.DataFrame) -> dict[str, float]:
    """The mean over episodes of every metric. FloatingPointError for a return that is not finite."""
    if not np.isfinite(table["return"]).all():
        raise FloatingPointError("the return of an episode is not finite: the environment or the agent diverged")
    names = ["return", "steps", *(["ctr"] if "clicks" in table else ())]
    return {name: float(per_episode(name, table).mean()) for name in names}
