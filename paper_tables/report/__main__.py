"""Make a scale's report from what there is: seconds, no torch.

python -m paper_tables.report --scale-file config/demo.yaml --results results/demo
"""


from datasets.pipeline.command import start
from paper_tables.command import answer, page_folder, page_parser
from paper_tables.report.page import write


def main(arguments: list[str] | None = None) -> int:
    chosen = page_parser("paper_tables.report", __doc__).parse_args(arguments)
    return answer(chosen.scale_file, page_folder(chosen), lambda scale, results: [write(scale, results)])


if __name__ == "__main__":
    start(main)
