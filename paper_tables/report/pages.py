"""Write the pages that tell what was measured, from the published files: no number in them is typed by hand.

python -m paper_tables.report.pages        # make publish calls it

A page is a template of the same name in templates/pages/: edit that, and write the page anew.
"""

import argparse
from pathlib import Path

import jinja2
import pandas as pd

from datasets.pipeline.command import start
from datasets.pipeline.files import read_json, whole_file
from paper_tables.report.gains import gains
from paper_tables.report.read import csv, label

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(__file__).parent / "templates" / "pages"
PUBLISHED = ROOT / "results" / "published"
SCALE = "quick"  # whose results the pages tell
PAGES = {
    "README.md": "README.md.j2",
    "results/published/README.md": "published.md.j2",
    "results/published/gains.svg": "gains.svg.j2",
}


def pages() -> dict[str, str]:
    """Path below the repository -> text, of every page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    folder = PUBLISHED / SCALE
    help_of_pages = {"rows": rows, "span": span, "beside": beside, "interval": interval, "label": label}
    about = {"gains": gains(folder), "run": read_json(folder / "provenance.json"), **help_of_pages}
    return {page: environment.get_template(name).render(about) for page, name in PAGES.items()}


def rows(table: str, scale: str = SCALE, **where: object) -> pd.DataFrame:
    """The rows of a published file that were run and have these values (a list: one of them), numbers as numbers."""
    found = csv(PUBLISHED / scale / f"{table}.csv")
    for key, value in {"status": "done", **where}.items():
        found = found[found[key].isin(value if isinstance(value, list) else [value])]
    return found.apply(_numbers)


def _numbers(column: pd.Series) -> pd.Series:
    found = pd.to_numeric(column, errors="coerce")
    return column if (found.isna() & (column != "")).any() or (column == "").all() else found


def span(values: pd.Series, digits: int = 2) -> str:
    """`3.37 to 3.59`, or one number where there is one."""
    numbers = pd.to_numeric(values, errors="coerce")
    low, high = (f"{end:.{digits}f}" for end in (numbers.min(), numbers.max()))
    return low if low == high else f"{low} to {high}"


def beside(row: pd.Series, digits: int, times: int = 1) -> str:
    """`28.0 (38.0)`: the measured number, and the printed one where there is one."""
    printed = pd.to_numeric(row.get("printed"), errors="coerce")
    return f"{times * row['mean']:.{digits}f}" + ("" if pd.isna(printed) else f" ({times * printed:.2f})")


def interval(row: pd.Series) -> str:
    """`+6.6 (+3.9 to +9.4)`: a gain with the ends of its interval."""
    return f"{row['gain']:+.1f} ({row['low']:+.1f} to {row['high']:+.1f})"


def main() -> None:
    about = __doc__.splitlines()[0]
    argparse.ArgumentParser(prog="python -m paper_tables.report.pages", description=about).parse_args()
    for page, text in pages().items():
        with whole_file(ROOT / page) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(page)


if __name__ == "__main__":
    start(main)
