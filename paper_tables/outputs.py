"""Where a paper's tables and figures are written."""

from collections.abc import Collection
from pathlib import Path


def target_files(paper: str, target: str, pictures: Collection[str], results: Path) -> list[Path]:
    """The files that are made of a target; for `document` the LaTeX file that includes all of them."""
    if target == "document":
        return [Path(results) / "tables" / f"{paper}.tex"]
    folder, endings = ("figures", ("csv", "tex", "pdf", "png")) if target in pictures else ("tables", ("csv", "tex"))
    return [Path(results) / folder / f"{paper}_{target}.{ending}" for ending in endings]
