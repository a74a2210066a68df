"""Data and splits that stand but were made with other code, another card, or were damaged since.

Snakemake remembers what made the files that it made. Of those that were made by hand (datasets/README.md) it knows the
age alone: an edited parser would leave them as they are. So each says itself what it was made with, and a run makes
those anew that say something else. Only small files are read, which a plan of thousands of jobs does not notice.
"""

from pathlib import Path

from datasets.pipeline.card import card
from datasets.pipeline.code import made_with
from datasets.pipeline.split_name import SplitName
from workflow.cells.files import intact


def data_is_stale(results: Path, dataset: str) -> bool:
    """Whether data.json is there and does not say that this code, and the card as it is, made it."""
    file = results / "data" / dataset / "data.json"
    return file.is_file() and not _says(file, made_with=made_with("prepare", card(dataset).folder))


def split_is_stale(results: Path, split: str) -> bool:
    """The same of split.json, which must also be of the data that are here."""
    file, data = results / "splits" / split / "split.json", results / "data" / SplitName.of(split).dataset / "data.json"
    of = intact(data, sealed=True)
    here = {"data_digest": of["digest"]} if of else {}
    return file.is_file() and not _says(file, made_with=made_with("split"), **here)


def _says(file: Path, **wanted: str) -> bool:
    record = intact(file, sealed=True) or {}
    return all(record.get(key) == value for key, value in wanted.items())


def make_anew(workflow, wildcards) -> list[str]:
    """For the input of a rule, of which it names no file more: what stands and is stale is made again, as if its name
    stood behind --forcerun, whatever Snakemake knows of it."""
    results, split = Path("results", wildcards.scale), getattr(wildcards, "split", "")
    if split:
        stale, file = split_is_stale(results, split), results / "splits" / split / "split.json"
    else:
        stale, file = data_is_stale(results, wildcards.dataset), results / "data" / wildcards.dataset / "data.json"
    if stale and workflow.is_main_process:
        workflow.dag.forcefiles.add(str(file))
    return []
