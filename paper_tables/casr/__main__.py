"""Make CASR's tables and figures from what the cells left: seconds, no torch.

python -m paper_tables.casr table2 --scale-file config/demo.yaml --results results/demo
"""

import argparse
import sys
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput
from paper_tables.casr.specification import TARGETS
from paper_tables.casr.write import write


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m paper_tables.casr", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=[*TARGETS, "document", "all"])
    parser.add_argument("--scale-file", type=Path, required=True, help="config/<scale>.yaml")
    parser.add_argument("--results", type=Path, required=True, help="results/<scale>")
    chosen = parser.parse_args(arguments)
    try:
        scale = yaml.safe_load(chosen.scale_file.read_text(encoding="utf-8"))
        targets = [*TARGETS, "document"] if chosen.target == "all" else [chosen.target]
        print(*write(targets, scale, chosen.results), sep="\n")
    except (BadInput, OSError, yaml.YAMLError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
