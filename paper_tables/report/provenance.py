"""Where each number comes from: a cell's settings, seeds, checksums and machine, from its result.json."""

from collections.abc import Mapping
from dataclasses import dataclass

from paper_tables.cell import Cell
from paper_tables.results import Result

SEED = ("epochs", "best_epoch", "stopped_early", "train_seconds", "rank_seconds", "peak_memory_mb", "digest")


@dataclass(frozen=True)
class Provenance:
    """facts and settings: name -> text; seeds: one mapping for each seed, metrics of the test in percent."""

    cell: Cell
    status: str
    reason: str
    flags: list[str]
    facts: dict[str, object]
    settings: dict[str, dict]
    seeds: list[dict]
    augmentation: dict[str, object]

    @property
    def identifier(self) -> str:
        return self.cell.identifier


def provenance(result: Result) -> Provenance:
    content = result.content
    record = content.get("provenance", {})
    split = record.get("split", {})
    facts = {
        "split": f"{result.cell.split}, checksum {split.get('digest', 'unknown')}",
        "data": f"checksum {split.get('data_digest', 'unknown')}, {_source(split)}",
        "code": record.get("code"),
        "device": record.get("device"),
        "processor": record.get("processor"),
        "threads": record.get("threads"),
        "finished": record.get("finished"),
        "versions": ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items()),
        "merged from": "; ".join(each["from"] for each in record.get("merged", [])),
    }
    seeds = [{"seed": seed, **_seed(content["seeds"][seed], result.reading)} for seed in result.seeds]
    card = content["seeds"][result.seeds[0]].get("augmentation", {}) if result.seeds else {}
    return Provenance(
        result.cell,
        result.status,
        result.reason,
        result.flags,
        {name: fact for name, fact in facts.items() if fact},
        content.get("settings", {}),
        seeds,
        {name: value for name, value in card.items() if isinstance(value, int | float | str)},
    )


def found_for(row: Mapping, cells: list[Provenance]) -> list[str]:
    """Identifiers of the cells that can have made a row. A row that names its cell has that one; else every cell of
    the row's data set, anchor, method and sampler on the main split, more than one where the row names no sampler.
    """
    if row.get("cell"):
        return [row["cell"]] if any(each.identifier == row["cell"] for each in cells) else []
    method = "" if row["method"] == "none" else row["method"]
    return [
        each.identifier
        for each in cells
        if each.cell.dataset == row["dataset"]
        and each.cell.split.count(".") == 1
        and each.cell.split.endswith(row.get("protocol") or ".loo")
        and each.cell.anchor == row["anchor"]
        and each.cell.treatment == method
        and each.cell.sampler == (row.get("sampler") or each.cell.sampler)
        and not each.cell.variant
    ]


def _seed(found: Mapping, reading: str) -> dict:
    metrics = found.get("metrics", {}).get("test", {}).get(reading, {})
    shown = {name: 100 * metrics[name] for name in ("ndcg@5", "f1@5", "hr@10") if name in metrics}
    return shown | {name: found[name] for name in SEED if name in found}


def _source(split: Mapping) -> str:
    return "verified source" if split.get("verified") else "unverified source"
