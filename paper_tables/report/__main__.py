"""Make a scale's report from what there is: seconds, no torch.

python -m paper_tables.report --scale-file config/demo.yaml --results results/demo
"""

import argparse
import sys
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput
from paper_tables.report.page import write


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m paper_tables.report", description=__doc__.splitlines()[0])
    parser.add_argument("--scale-file", type=Path, required=True, help="config/<scale>.yaml")
    parser.add_argument("--results", type=Path, required=True, help="results/<scale>")
    chosen = parser.parse_args(arguments)
    try:
        print(write(yaml.safe_load(chosen.scale_file.read_text(encoding="utf-8")), chosen.results))
    except (BadInput, OSError, yaml.YAMLError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
