"""Files of finished seeds: written whole, and kept by a retry as long as their digest fits."""

from pathlib import Path

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json
from paper_tables.cell import Cell
from workflow.cells.graph import main_cell, tuning_file
from workflow.scale import Scale

DONE, FAILED = "done", "failed"


def seed_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.json"


def weights_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def pool_seed_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def ranks_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.ranks.parquet"


def finished(file: Path, digest: str) -> dict | None:
    """What a finished seed left, if it was made in the same way; else None, and it is made again."""
    if not file.is_file():
        return None
    content = read_json(file)
    return content if content.get("digest") == digest else None


def built_on(folder: Path, seed: int, name: str) -> dict:
    """A seed of something that must be there already. BadInput says what failed or is missing."""
    for file in (folder / "result.json", folder / "pool.json"):
        if file.is_file() and (about := read_json(file))["status"] == FAILED:
            raise BadInput(f"builds on {name}, which failed: {about['reason']}")
    file = seed_file(folder, seed)
    if not file.is_file():
        raise BadInput(f"builds on {name}, whose seed {seed} is missing: {file}; run that first")
    return read_json(file)


def tuned_settings(scale: Scale, *cells: Cell) -> dict[str, dict]:
    """Chosen settings of the cells, by the identifier of the cell without its variant; what is not searched is left
    out. BadInput where a search failed."""
    chosen = {}
    for cell in map(main_cell, cells):
        file = tuning_file(scale, cell)
        if file is not None:
            about = read_json(file)
            if about["status"] == FAILED:
                raise BadInput(f"the search for settings of {cell.name} failed: {about['reason']}")
            chosen[cell.identifier] = about["chosen"]
    return chosen
