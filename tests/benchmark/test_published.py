"""The page of speed tells what the published measurements hold, and what is derived from them is."""

import re

from workflow.benchmark import table
from workflow.benchmark.accuracy import gathered
from workflow.benchmark.page import ACCURACY, CSV, FITS
from workflow.cells.provenance import ROOT

PUBLISHED = ROOT / "results" / "published" / "bench"
SPEED = ("movielens-100k", "movielens-1m", "amazon-beauty")
NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+")


def rows(head: str) -> list[list[str]]:
    """The cells of the page's first table behind `head`, without its head."""
    text = (PUBLISHED / "README.md").read_text(encoding="utf-8").split(head)[1]
    found = next(part for part in text.split("\n\n") if part.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()[2:]]


def measured(file: str) -> list[dict]:
    return table.read(PUBLISHED / file)


def rounded(value: str, shown: str) -> bool:
    """Whether a number is `value` but for the digits that are not shown."""
    digits = len(shown.partition(".")[2])
    return abs(float(value) - float(shown.replace(",", ""))) <= 0.5000001 * 10**-digits


def test_accuracy_is_what_follows_from_the_fits():
    found = [table.as_text(each.flat()) for group in gathered(measured(FITS)) for each in group.comparisons]
    assert measured(ACCURACY) == found


def test_page_has_every_comparison_with_its_verdict():
    told = {tuple(row[1:]) for row in rows("**Accuracy**")}
    known = set()
    for row in measured(ACCURACY):
        sides = (
            f"{float(row[k]):.2f} ± {float(row[f'{k}_deviation']):.2f} ({row[f'{k}_seeds']})" for k in ("ours", "other")
        )
        known.add((*sides, f"{float(row['low']):+.2f} to {float(row['high']):+.2f}", row["equivalent"]))
    assert told == known


def test_page_has_the_speed_that_was_measured():
    for method, *rates, floors in rows("# Speed"):
        of = {each["data"]: each for each in measured(CSV) if each["what"] == f"training {method}"}
        for shown, floor, data in zip(rates, floors.split(" / "), SPEED, strict=True):
            rate, times = NUMBER.findall(shown)
            assert rounded(of[data]["ours"], rate) and rounded(of[data]["ratio"], times), (method, data, shown)
            assert rounded(of[data]["of_floor"], floor), (method, data, floor)
