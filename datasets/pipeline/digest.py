"""A checksum of what tables hold, whatever wrote them."""

import hashlib
from collections.abc import Mapping

import pandas as pd


def content_digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """A checksum of the content, the same whatever version of a library wrote the files."""
    digest = hashlib.sha256()
    for name, table in tables.items():
        for column in table:
            digest.update(f"{name}.{column}:{len(table)}\n".encode())
            if table[column].notna().any():
                digest.update(pd.util.hash_array(table[column].to_numpy(), categorize=True).tobytes())
    return digest.hexdigest()
