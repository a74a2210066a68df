"""What each kind of job reads, and what makes it run again besides: for the rules. No torch here."""

from pathlib import Path

from paper_tables.cell import Cell
from workflow.cells import graph
from workflow.cells.pools import Pool, code_of_pool, drawn_with, generation, is_tuned, pool_of, tuned_with
from workflow.cells.provenance import digest
from workflow.scale import Scale

# A plan of thousands of jobs takes seconds for every ten thousand files that they name. So one file stands for the
# split: the held-out test items for who reads them, for others `split.json`, which is written last. And what a job
# builds on stands for what that was made from.


def split_files(scale: Scale, split: str, test: bool) -> list[Path]:
    return [Path(scale.results, "splits", split, "test.csv" if test else "split.json")]


def tuning_files(scale: Scale, *cells: Cell) -> list[Path]:
    return [file for cell in cells if (file := graph.tuning_file(scale, cell))]


def pool_files(scale: Scale, cell: Cell) -> list[Path]:
    pool = pool_of(scale, cell)
    return [pool.file(scale.results)] if pool else []


def cell_inputs(scale: Scale, cell: Cell) -> dict[str, list[Path]]:
    """The files a cell's job reads, by what they are to it."""
    return {
        "split": [] if graph.is_agent(cell) else split_files(scale, cell.split, test=True),
        "built_on": [graph.result_file(scale, other) for other in graph.prerequisites(cell)],
        "pool": pool_files(scale, cell),
        "tuning": tuning_files(scale, cell),
    }


def pool_inputs(scale: Scale, pool: Pool) -> dict[str, list[Path]]:
    """The files a pool's job reads. No held-out test item is among them."""
    return {
        "split": split_files(scale, pool.cell.split, test=False),
        "built_on": [graph.result_file(scale, other) for other in drawn_with(pool.cell).values()],
        "tuning": tuning_files(scale, *tuned_with(scale, pool)),
    }


def tuning_inputs(scale: Scale, cell: Cell) -> dict[str, list[Path]]:
    """The files that a search reads. No held-out test item is among them. It draws its own pools, unless all trials
    take from the same one."""
    given = cell.treatment and not is_tuned(scale, cell)
    return {
        "split": split_files(scale, cell.split, test=False),
        "built_on": [graph.result_file(scale, other) for other in graph.pretrained_cells(cell)],
        "pool": pool_files(scale, cell) if given else [],
    }


def cell_digest(scale: Scale, cell: Cell) -> str:
    """Changes when the cell has to be run again: code, settings, seeds or threads."""
    settings, seeds = graph.planned_settings(scale, cell), graph.seeds_of(scale, cell)
    return digest([graph.code_of(cell), settings, seeds, *scale.sharing])


def pool_digest(scale: Scale, pool: Pool) -> str:
    """Changes when the pool has to be drawn again."""
    return digest([code_of_pool(pool), generation(scale, pool), pool.seeds, *scale.sharing])


def tuning_digest(scale: Scale, cell: Cell) -> str:
    settings = graph.planned_settings(scale, graph.main_cell(cell))
    return digest([graph.code_of(cell, searched=True), settings, graph.grid(cell), vars(scale.tuning), *scale.sharing])
