"""Where each number comes from: a cell's settings, seeds, checksums and machine, from its result.json."""

from collections.abc import Mapping
from dataclasses import dataclass

from paper_tables.cell import Cell
from paper_tables.results import Result

SHOWN = ("ndcg@5", "f1@5", "ndcg@10", "hr@10")
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


def cell_of(row: Mapping, paper: str) -> str:
    """The identifier of the cell that made a row of an accuracy table."""
    method = "" if row["method"] == "none" else row["method"]
    return Cell(paper, f"{row['dataset']}.{row['protocol']}", row["anchor"], method, row["sampler"]).identifier


def _seed(found: Mapping, reading: str) -> dict:
    metrics = found.get("metrics", {}).get("test", {}).get(reading, {})
    shown = {name: 100 * metrics[name] for name in SHOWN if name in metrics}
    return shown | {name: found[name] for name in SEED if name in found}


def _source(split: Mapping) -> str:
    return "verified source" if split.get("verified") else "unverified source"
