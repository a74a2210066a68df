"""Make CPR's tables from what the cells left: seconds, no torch.

python -m paper_tables.cpr table1 --scale-file config/demo.yaml --results results/demo
"""


from datasets.pipeline.command import start
from paper_tables.command import table_command
from paper_tables.cpr.specification import TARGETS
from paper_tables.cpr.write import write


def main(arguments: list[str] | None = None) -> int:
    return table_command("paper_tables.cpr", __doc__, TARGETS, write, arguments)


if __name__ == "__main__":
    start(main)
