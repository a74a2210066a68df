"""Make a scale's report from what there is: seconds, no torch.

python -m paper_tables.report --scale-file config/demo.yaml --results results/demo
python -m paper_tables.report --scale-file config/quick.yaml --results results/quick --source results/published/quick
"""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from paper_tables.command import answer, page_folder, page_parser
from paper_tables.judge.comparison import comparison
from paper_tables.judge.comparison import write as write_comparison
from paper_tables.report.page import write

LINKED = ("cells", "tables", "figures")


def main(arguments: list[str] | None = None) -> int:
    parser = page_parser("paper_tables.report", __doc__)
    elsewhere = "a folder of published results, which are shown instead: into results/<scale>/published"
    parser.add_argument("--source", type=Path, help=elsewhere)
    chosen = parser.parse_args(arguments)
    if chosen.source is None:
        return answer(chosen.scale_file, page_folder(chosen), lambda scale, results: [write(scale, results)])
    return answer(chosen.scale_file, chosen.results / "published", lambda *given: [shown(chosen.source, *given)])


def shown(source: Path, scale: Mapping, folder: Path) -> Path:
    """The report of published results, in a folder of its own: they are read where they lie, and judged anew."""
    if not (source / "cells").is_dir():
        raise BadInput(f"{source}: no folder 'cells' there; name a folder that make publish wrote")
    folder.mkdir(parents=True, exist_ok=True)
    for name in LINKED:
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to((source / name).resolve(), target_is_directory=True)
    if (source / "data.json").is_file():
        for dataset, about in read_json(source / "data.json").items():
            for name, content in about.items():
                stored = {"findings": content} if name == "audit" else content
                write_json(folder / "data" / dataset / f"{name}.json", stored)
    write_comparison(comparison(scale, folder), folder)
    return write(scale, folder)


if __name__ == "__main__":
    start(main)
