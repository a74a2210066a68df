"""Make tables and figures from what the cells left: seconds, no torch.

python -m paper_tables --scale-file config/quick.yaml --results results/quick               # of every paper of a scale
python -m paper_tables casr table2 table3 --scale-file config/demo.yaml --results results/demo
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import unknown
from paper_tables.command import answer, page_folder, page_parser
from paper_tables.spec.paper import paper
from paper_tables.write import write

ALL = "all"


def main(arguments: list[str] | None = None) -> int:
    parser = page_parser("paper_tables", __doc__)
    parser.add_argument("paper", nargs="?", help="a paper of the scale; all where none is named")
    parser.add_argument("targets", nargs="*", help="its tables and figures, or document; all where none is named")
    chosen = parser.parse_args(arguments)
    return answer(
        chosen.scale_file,
        page_folder(chosen),
        lambda scale, results: tables(scale, results, chosen.paper, chosen.targets),
    )


def tables(scale: Mapping, results: Path, name: str = "", targets: Sequence[str] = ()) -> Iterator[object]:
    """Write the targets of a paper, or all of all papers, and give the files."""
    for each in [name] if name else scale.get("papers") or {}:
        known = [*paper(each).targets, "document"]
        asked = known if not targets or list(targets) == [ALL] else targets
        for target in asked:
            if target not in known:
                raise BadInput(f"{each}: {unknown('target', target, known)}")
        yield from write(each, asked, scale, results)


if __name__ == "__main__":
    start(main)
