"""Rows of a table, and rows of unlike length one behind the other."""

from methods.engine.layers.kernels import compiled


@compiled
def add_rows(rows, places, table):
    """table[places[n]] += rows[n] for every n, in their order. rows (n, dim); places (n,); table (size, dim)."""
    for n in range(len(places)):
        own = table[places[n]]
        for d in range(len(own)):
            own[d] += rows[n, d]


@compiled
def lay_end_to_end(items, lengths, wanted, offsets, found, chosen, counts):
    """Puts the first lengths[n] items of every row one behind the other.

    items (rows, length); lengths (rows,); wanted (n,): places in (rows, length), ascending. Filled are offsets
    (rows + 1,), where each row begins and the last ends; found (offsets[-1],), the items; and for each place that is
    wanted chosen, where it stands in `found`, and counts, how many items its row has up to it. Gives how many of them
    there are: fewer than are wanted where one is behind its row's end.
    """
    at, n, offsets[0] = 0, 0, 0
    for row in range(len(lengths)):
        for place in range(lengths[row]):
            found[at] = items[row, place]
            if n < len(wanted) and wanted[n] == row * items.shape[1] + place:
                chosen[n], counts[n] = at, place + 1
                n += 1
            at += 1
        offsets[row + 1] = at
    return n
