"""What the measured numbers cost: hours by device, memory, searches for settings."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from datasets.pipeline.card import card
from paper_tables.report import read
from paper_tables.report.tables import Column, Table, records, table
from paper_tables.results import Result

COLUMNS = (
    Column("dataset", "Data set", "name"),
    Column("kind", "Cells", "text"),
    Column("device", "Device"),
    Column("cells", "How many", "count"),
    Column("seeds", "Seeds", "count"),
    Column("hours", "Hours", "fixed"),
    Column("gpu_hours", "GPU-hours", "fixed"),
    Column("seconds", "Seconds a seed", "fixed"),
    Column("memory", "Peak memory, MiB", "count"),
)
TRIALS = (
    Column("split", "Split"),
    Column("cell", "Cell"),
    Column("trials", "Trials", "count"),
    Column("hours", "Hours", "fixed"),
)


def by_data_set(paper: str, found: Iterable[Result]) -> Table:
    """One row for each data set (all its draws), kind of cell and device.

    A seed that is another's copy cost nothing and counts.
    """
    groups: dict[tuple, list[Result]] = {}
    for result in found:
        if result.seeds:
            device = result.content.get("provenance", {}).get("device", "unknown")
            groups.setdefault((card(result.cell.dataset).base, _kind(result), device), []).append(result)
    rows = [_row(*key, own) for key, own in sorted(groups.items())]
    return table(f"{paper}-spent", "Training and ranking", records(rows), COLUMNS)


def tuning(paper: str, scale: Mapping, results: Path) -> list[Table]:
    """The budget, and what each search took; nothing where settings are fixed."""
    budget = (scale.get("tuning") or {}).get("budget")
    if budget is None:
        return []
    note = f"{budget} trials for each cell, the same for a baseline and a proposal."
    own = [search for search in read.trials(results) if search["paper"] == paper]
    return [table(f"{paper}-searches", "Search for settings", records(own), TRIALS, note)]


def _row(dataset: str, kind: str, device: str, own: list[Result]) -> dict:
    seeds = [seed for result in own for seed in result.content["seeds"].values()]
    seconds = sum(seed.get("train_seconds", 0) + seed.get("rank_seconds", 0) for seed in seeds)
    return {
        "dataset": dataset,
        "kind": kind,
        "device": device,
        "cells": len(own),
        "seeds": len(seeds),
        "hours": seconds / 3600,
        "gpu_hours": 0.0 if device in ("cpu", "unknown") else seconds / 3600,
        "seconds": seconds / len(seeds),
        "memory": max(seed.get("peak_memory_mb", 0) for seed in seeds),
    }


def _kind(result: Result) -> str:
    if result.cell.variant == "control":
        return "random controls"
    return "augmented" if result.cell.treatment else "plain"
