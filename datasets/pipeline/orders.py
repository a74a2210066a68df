"""The order of each user's rows: as prepared, by a column, or shuffled with a seed."""

import numpy as np
import pandas as pd

from datasets.pipeline.card import Order
from datasets.pipeline.errors import BadInput


def put_in_order(interactions: pd.DataFrame, order: Order) -> pd.DataFrame:
    """Rows sorted by user, then by `order`; ties stay as prepared.

    Rows without a value in the order's column are left out (Last.fm's artists without a tag have no time of a tag).
    """
    if order.seed is not None:
        draw = np.random.default_rng(order.seed).random(len(interactions))
        return interactions.iloc[np.lexsort((draw, interactions["user"]))]
    if order.column is None:
        return interactions
    if order.column not in interactions:
        raise BadInput(f"order by '{order.column}': the data has no such column; it has {', '.join(interactions)}")
    rows = interactions[interactions[order.column].notna()]
    key = rows[order.column].to_numpy()
    return rows.iloc[np.lexsort((-key if order.descending else key, rows["user"]))]
