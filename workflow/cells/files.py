"""Files of finished seeds: written whole, kept by a retry as long as their digest fits, and used only as they were
written."""

from pathlib import Path

from datasets.pipeline.errors import BadInput, Damaged
from datasets.pipeline.files import contents, read_json, unchanged
from paper_tables.cell import Cell
from workflow.cells.graph import main_cell, tuning_file
from workflow.scale import Scale

DONE, FAILED = "done", "failed"
DAMAGED = {"status": FAILED, "reason": "its file is damaged"}  # what a result is that cannot be read


def seed_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.json"


def weights_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def pool_seed_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def ranks_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.ranks.parquet"


def decisions_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.decisions.parquet"


def episodes_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.episodes.parquet"


def kept_files(folder: Path, seed: int) -> tuple[Path, ...]:
    """What a seed keeps so that metrics can be computed again, whichever of them it has."""
    return tuple(of(folder, seed) for of in (ranks_file, decisions_file, episodes_file))


def intact(file: Path, sealed: bool = False) -> dict | None:
    """What a JSON file of ours holds; None where it is not there or damaged, and may be made again."""
    try:
        return read_json(file, sealed) if file.is_file() else None
    except Damaged:
        return None


def made(folder: Path, seed: int) -> dict[str, str]:
    """Checksums of the files that a seed has just written, for its own file."""
    files = {weights_file(folder, seed), pool_seed_file(folder, seed), *kept_files(folder, seed)}
    return contents(*(file for file in sorted(files) if file.is_file()))


def as_made(file: Path) -> Path:
    """A file of a finished seed, if it is what the seed left; Damaged else."""
    return unchanged(file, read_json(file.with_name(file.name.split(".")[0] + ".json"), sealed=True))


def finished(file: Path, digest: str) -> dict | None:
    """What a finished seed left, if it was made in the same way and is unchanged; else None, and it is made again."""
    content = intact(file, sealed=True)
    return content if content and content.get("digest") == digest and not damage(file) else None


def damage(file: Path) -> str:
    """What is wrong with a seed's own file, a split.json or a data.json, or with the files that it has checksums of;
    empty where nothing is."""
    try:
        record = read_json(file, sealed=True)
        for name in record.get("contents", ()):
            unchanged(file.with_name(name), record)
    except Damaged as error:
        return str(error)
    return ""


def built_on(folder: Path, seed: int, name: str) -> dict:
    """A seed of something that must be there already. BadInput says what failed or is missing."""
    for file in (folder / "result.json", folder / "pool.json"):
        if file.is_file() and (about := read_json(file)).get("status") == FAILED:
            raise BadInput(f"builds on {name}, which failed: {about['reason']}")
    file = seed_file(folder, seed)
    if not file.is_file():
        raise BadInput(f"builds on {name}, whose seed {seed} is missing: {file}; run that first")
    return read_json(file, sealed=True)


def tuned_settings(scale: Scale, *cells: Cell) -> dict[str, dict]:
    """Chosen settings of the cells, by the identifier of the cell without its variant; what is not searched is left
    out. BadInput where a search failed."""
    chosen = {}
    for cell in map(main_cell, cells):
        file = tuning_file(scale, cell)
        if file is not None:
            about = read_json(file, sealed=True)
            if about["status"] == FAILED:
                raise BadInput(f"the search for settings of {cell.name} failed: {about['reason']}")
            chosen[cell.identifier] = about["chosen"]
    return chosen
