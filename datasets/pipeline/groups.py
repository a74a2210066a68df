"""Groups of users: `core` users, who come often, and `casual` users, all others, by a rule on the data set's card.

`activity: {gap_days: 30}`: core if the mean gap between a user's rows, (last - first) / (rows - 1), is below that many
days. A user of one row, and one of exactly that many days, is casual.
`top_share: 0.3`: core is this share of the users, those with most rows; of equals the lower number.

The rows that count are those known before anything is held out, so that nothing later moves a user; in the twin
`all-rows` of a split all rows of a user count, and it looks past the cut.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.protocols import FEWEST_TARGETS, Parts

CORE, CASUAL = "core", "casual"
GROUPS = (CORE, CASUAL)
DAY = 86_400


def make_groups(rows: pd.DataFrame, parts: Parts, rule: Mapping, all_rows: bool = False) -> pd.DataFrame:
    """Columns `user, group`: a row for each user whom the split trains or tests, ascending. rows: of all users, which
    the `parts` are places of; all_rows: whether rows count that are not known before the cut."""
    ((name, argument),) = rule.items()
    users = np.unique(rows["user"].to_numpy()[np.concatenate(list(parts.tables.values()))])
    core = RULES[name](users, rows if all_rows else rows.iloc[parts.known], argument)
    return pd.DataFrame({"user": users, "group": np.where(core, CORE, CASUAL)})


def by_activity(users: np.ndarray, rows: pd.DataFrame, argument: Mapping[str, float]) -> np.ndarray:
    """Which of the users are core by the mean gap between their rows."""
    time = rows.groupby("user")["time"].agg(["min", "max", "size"]).reindex(users, fill_value=0)
    first, last = time["min"].to_numpy(), time["max"].to_numpy()
    gaps = time["size"].to_numpy() - 1
    return (gaps > 0) & (last - first < argument["gap_days"] * DAY * gaps)


def by_frequency(users: np.ndarray, rows: pd.DataFrame, share: float) -> np.ndarray:
    """Which of the users are core by the number of their rows."""
    count = rows.groupby("user").size().reindex(users, fill_value=0).to_numpy()
    core = np.zeros(len(users), bool)
    core[np.argsort(-count, kind="stable")[: round(share * len(users))]] = True
    return core


RULES = {"activity": by_activity, "top_share": by_frequency}


def check_groups(name: str, place: str, rule: Mapping, groups: pd.DataFrame, tested: np.ndarray) -> None:
    """BadInput where a group is empty, or has too few users that are tested. place: where the rule stands; tested: the
    users with a test item."""
    members = groups["group"].value_counts()
    targets = groups.loc[np.isin(groups["user"], tested), "group"].value_counts()
    said = ", ".join(f"{key} {value}" for key, value in rule.items())
    for group in GROUPS:
        if group not in members:
            raise BadInput(
                f"split '{name}': by the rule {said} of {place} no user is {group}, so there is nothing to compare; "
                "change the rule (another one is top_share: 0.3), or take other data"
            )
        if targets.get(group, 0) < FEWEST_TARGETS:
            raise BadInput(
                f"split '{name}': by the rule {said} of {place} {targets.get(group, 0)} {group} users are tested, "
                f"fewer than {FEWEST_TARGETS}; take another date, or change the rule"
            )
