"""Exposures with decisions: what was shown to whom, one item at a time, and whether it was accepted.

There are two regimes (CSRec, section 3.1). In the observational one the user met the items without a system, in the
interventional one a system recommended them. Each regime of a user is a sequence of its own.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.identifiers import checked
from datasets.pipeline.tables import refuse_values

OBSERVATIONAL, INTERVENTIONAL = REGIMES = ("observational", "interventional")
COLUMNS = ("user", "item", "accepted", "regime")


def positives(exposures: pd.DataFrame) -> pd.DataFrame:
    """The items that users took by themselves, in order: what a recommender of next items learns from."""
    taken = exposures[(exposures["regime"] == OBSERVATIONAL) & exposures["accepted"]]
    return taken.drop(columns=["accepted", "regime", "probability", "signals"], errors="ignore")


def check(exposures: pd.DataFrame, has_time: bool) -> pd.DataFrame:
    """The exposures with sound identifiers. BadInput names file and line of what a parser may not give.

    Columns: user, item (original identifiers), accepted (bool), regime, `time` where the data has one, and
    `probability`, the stated probability of acceptance, and `signals`, how many reactions of any kind there were, where
    these are known. Rows of one user and regime in order.
    """
    needed = [*COLUMNS, *["time"] * has_time]
    lacking = [column for column in needed if column not in exposures]
    if lacking:
        raise BadInput(f"exposures need the columns {', '.join(needed)}; there is no {', '.join(lacking)}")
    unknown = ~exposures["regime"].isin(REGIMES).to_numpy()
    refuse_values(exposures, unknown, "regime", f"; it must be one of {', '.join(REGIMES)}")
    if exposures["accepted"].dtype != bool:
        raise BadInput(f"exposures: 'accepted' is {exposures['accepted'].dtype}; the parser is to give true or false")
    if "probability" in exposures:
        outside = ~exposures["probability"].between(0, 1).to_numpy()  # a missing one is outside, too
        refuse_values(exposures, outside, "probability", "; it must be a number from 0 to 1")
    return exposures.assign(user=checked(exposures, "user"), item=checked(exposures, "item"))


def numbered(exposures: pd.DataFrame, users: Sequence, items: Sequence, has_time: bool) -> pd.DataFrame:
    """The table `exposures` of prepared data: dense identifiers, sorted by user, regime (observational first), order.

    `order` is the place in the user's sequence of this regime, from 0: by time where there is one, ties as given.
    """
    table = exposures.assign(user=pd.Index(users).get_indexer(exposures["user"]))
    table["item"] = pd.Index(items).get_indexer(exposures["item"])
    keys = [table["time"]] if has_time else []
    second = (table["regime"] == INTERVENTIONAL).to_numpy()
    table = table.iloc[np.lexsort((*keys, second, table["user"]))].reset_index(drop=True)
    table.insert(2, "order", table.groupby(["user", "regime"]).cumcount().to_numpy(np.int64))
    return table
