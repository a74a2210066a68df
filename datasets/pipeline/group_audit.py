"""What is to be known of groups of users before their metrics are compared: how much of a difference is the data's."""

import numpy as np
import pandas as pd

from datasets.pipeline.groups import DAY, GROUPS
from datasets.pipeline.protocols import Parts


def inspect_groups(rows: pd.DataFrame, parts: Parts, groups: pd.DataFrame, other: pd.DataFrame) -> dict:
    """Of each group and of all users, what `_inspect` says; how many tested users change the group by the other reading
    (`training` or `all` rows); and the counts that a paper's table of data sets has, of the tested users.

    groups, other: `user, group`, the same users; rows: what `parts` are places of.
    """
    members = {group: groups.loc[groups["group"] == group, "user"].to_numpy() for group in GROUPS}
    inspected = {group: _inspect(rows, parts, own) for group, own in members.items()}
    tested = np.isin(groups["user"], rows["user"].to_numpy()[parts.test])
    moved = (groups["group"] != other["group"]).to_numpy() & tested
    for group, found in inspected.items():
        found["tested_by_other_rows"] = int((tested & (other["group"] == group).to_numpy()).sum())
    return {
        "groups": inspected | {"all": _inspect(rows, parts, groups["user"].to_numpy())},
        "changed": {"users": int(moved.sum()), "share": _mean(moved[tested])},
        "counts": _counts(rows, parts, groups["group"][tested]),
    }


def _inspect(rows: pd.DataFrame, parts: Parts, members: np.ndarray) -> dict[str, int | float | None]:
    """Of some users, their number, how many are tested, and

    rows, share_of_rows: training rows, and their share of all training rows;
    mean_length: training rows a user;
    rows_of_one_day: share of a user's neighbouring training rows that are of one day (None without time);
    targets_of_one_day: share of test items that are of the day of the validation item (None without time);
    cold_targets: share of test items that no training row holds, which no model can know.
    """
    users, items = rows["user"].to_numpy(), rows["item"].to_numpy()
    train, validation, test = (
        places[np.isin(users[places], members)] for places in (parts.train, parts.validation, parts.test)
    )
    found = {
        "users": len(members),
        "tested": len(test),
        "rows": len(train),
        "share_of_rows": len(train) / max(len(parts.train), 1),
        "mean_length": len(train) / max(len(np.unique(users[train])), 1),
        "rows_of_one_day": None,
        "targets_of_one_day": None,
        "cold_targets": _mean(~np.isin(items[test], items[parts.train])),
    }
    if rows["time"].notna().all():
        day = rows["time"].to_numpy(np.int64) // DAY
        neighbours = users[train[1:]] == users[train[:-1]]
        found["rows_of_one_day"] = _mean((day[train[1:]] == day[train[:-1]])[neighbours])
        _, first, second = np.intersect1d(users[validation], users[test], return_indices=True)
        found["targets_of_one_day"] = _mean(day[validation[first]] == day[test[second]])
    return found


def _counts(rows: pd.DataFrame, parts: Parts, groups: pd.Series) -> dict[str, int | float]:
    """Of the rows of tested users that the split uses: their items, and their mean number. groups: of these users."""
    users, used = rows["user"].to_numpy(), np.concatenate([parts.known, parts.validation, parts.test])
    used = used[np.isin(users[used], users[parts.test])]
    members = {f"{group}_users": int((groups == group).sum()) for group in GROUPS}
    items = len(np.unique(rows["item"].to_numpy()[used]))
    return {"items": items, **members, "avg_interactions": len(used) / max(len(parts.test), 1)}


def _mean(mask: np.ndarray) -> float:
    return float(mask.mean()) if len(mask) else 0.0
