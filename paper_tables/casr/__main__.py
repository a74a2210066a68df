"""Make CASR's tables and figures from what the cells left: seconds, no torch.

python -m paper_tables.casr table2 --scale-file config/demo.yaml --results results/demo
"""


from datasets.pipeline.command import start
from paper_tables.casr.specification import TARGETS
from paper_tables.casr.write import write
from paper_tables.command import table_command


def main(arguments: list[str] | None = None) -> int:
    return table_command("paper_tables.casr", __doc__, TARGETS, write, arguments)


if __name__ == "__main__":
    start(main)
