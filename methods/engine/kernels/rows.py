"""Rows of a table."""

from methods.engine.kernels import compiled


@compiled
def add_rows(rows, places, table):
    """table[places[n]] += rows[n] for every n, in their order. rows (n, dim); places (n,); table (size, dim)."""
    for n in range(len(places)):
        own = table[places[n]]
        for d in range(len(own)):
            own[d] += rows[n, d]
