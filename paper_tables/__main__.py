"""Make the tables and figures of every paper of a scale from what the cells left: seconds, no torch.

python -m paper_tables --scale-file config/quick.yaml --results results/quick
"""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from datasets.pipeline.command import start
from paper_tables.command import answer, page_folder, page_parser


def main(arguments: list[str] | None = None) -> int:
    chosen = page_parser("paper_tables", __doc__).parse_args(arguments)
    return answer(chosen.scale_file, page_folder(chosen), tables)


def tables(scale: Mapping, results: Path) -> Iterator[object]:
    """Write all targets of all papers, and give the files."""
    for paper in scale.get("papers") or {}:
        targets = importlib.import_module(f"paper_tables.{paper}.specification").TARGETS
        yield from importlib.import_module(f"paper_tables.{paper}.write").write([*targets, "document"], scale, results)


if __name__ == "__main__":
    start(main)
