"""Make CASR's tables and figures from what the cells left: seconds, no torch.

python -m paper_tables.casr table2 --scale-file config/demo.yaml --results results/demo
"""

import sys

from paper_tables.casr.specification import TARGETS
from paper_tables.casr.write import write
from paper_tables.command import answer, scale_parser


def main(arguments: list[str] | None = None) -> int:
    parser = scale_parser("paper_tables.casr", __doc__)
    parser.add_argument("target", choices=[*TARGETS, "document", "all"])
    chosen = parser.parse_args(arguments)
    targets = [*TARGETS, "document"] if chosen.target == "all" else [chosen.target]
    return answer(chosen, lambda scale, results: write(targets, scale, results))


if __name__ == "__main__":
    sys.exit(main())
