"""What a run is told besides its scale's file (`--config`, the environment), and what it
says first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import refuse, unknown
from paper_tables.scale_part import keys

TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
CONFIG = keys(
    scale={"type": "string"},
    raw={"type": ["string", "number", "null"]},  # a folder's name may be a number
    accept_unverified={"enum": [*TRUE, *FALSE]},
    gpu={"type": "integer", "minimum": 0},
)
# What the code reads, each with what it may be.
VARIABLES = {
    "WHATIFREC_RAW": {"pattern": r"\S", "description": "a folder of raw files"},  # for tests and benchmarks
    "WHATIFREC_WARM": {"pattern": r"^(0|\d+:.+)$", "description": "0, for no warm processes"},
    "WHATIFREC_TERMINAL": {"pattern": r"^\d+$"},  # set by the workflow for its jobs, as the next one
    "WHATIFREC_JOBS": {"pattern": r"^\d+$"},
    "WHATIFREC_ATTEMPTS": {"pattern": r"^\d+$"},
}
PREFIX = "WHATIFREC_"


def check_config(config: Mapping, command: Sequence[str] = ()) -> None:
    """Refuse what no rule reads. command: of a person's run, in which a second `--config` would silently replace the
    first."""
    words = {key: str(value).lower() for key, value in config.items() if key == "accept_unverified"}
    refuse("--config", {**config, **words}, CONFIG)
    if sum(word in ("--config", "-C") or word.startswith("--config=") for word in command) > 1:
        raise BadInput("--config stands twice, and Snakemake takes the last alone: --config scale=quick raw=FOLDER")


def check_environment(environment: Mapping[str, str]) -> None:
    """Refuse variables that bear this project's name and that nothing reads."""
    for name in sorted(name for name in environment if name.startswith(PREFIX)):
        if name not in VARIABLES:
            raise BadInput(f"{unknown('environment variable', name, VARIABLES)}. Take it away: unset {name}")
        refuse("environment", environment[name], VARIABLES[name], name)


def is_true(value: object) -> bool:
    return str(value).lower() in TRUE


def first_words(jobs: Iterable[tuple[str, Sequence[str]]]) -> str:
    """`This run: scale quick, 186 cells (casr 120, cpr 66); to fetch: lastfm`: of the jobs that are to be run, each its
    rule and what it makes."""
    scales, cells, fetched = Counter(), Counter(), []
    for rule, files in jobs:
        places = Path(files[0]).parts if files else ()
        if places[:1] == ("results",) and len(places) > 2:
            scales[places[1]] += 1
            if places[2] == "cells":
                cells[places[3]] += 1
        elif rule == "fetch":
            fetched.append(places[1].replace("_", "-"))
    papers = ", ".join(f"{paper} {count:,}" for paper, count in sorted(cells.items()))
    return (
        f"This run: scale {' and '.join(sorted(scales)) or 'none'}, {cells.total():,} cells"
        + f" ({papers})" * bool(papers)
        + f"; to fetch: {', '.join(sorted(fetched)) or 'nothing'}."
    )
