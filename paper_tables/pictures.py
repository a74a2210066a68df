"""Save a picture as its target's files."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from datasets.pipeline.files import whole_file

# Names on cards, titles and reasons are plain text wherever they are drawn: a `$` in one begins no formula.
plt.rcParams["text.parse_math"] = False


def save(drawing: Figure, folder: Path, name: str) -> None:
    """Write `<name>.pdf` and `<name>.png` without dates or versions, so that the same numbers give the same bytes."""
    for ending, metadata in (("pdf", {"CreationDate": None}), ("png", {"Software": None})):
        with whole_file(Path(folder) / f"{name}.{ending}") as file:
            drawing.savefig(file, format=ending, dpi=160, metadata=metadata)
    plt.close(drawing)
