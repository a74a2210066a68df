"""Pages that tell what was measured are what the published files give, and every link of a README leads somewhere."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from datasets.pipeline.files import parse_yaml
from paper_tables.report import pages
from paper_tables.report.gains import Gain, gains
from paper_tables.spec.plan import read_plan
from workflow.scale import load_scale

LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
FENCED = re.compile(r"```.*?```", re.DOTALL)


def documents() -> list[Path]:
    tracked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    named = subprocess.run(tracked, cwd=pages.ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [pages.ROOT / name for name in named if (pages.ROOT / name).is_file()]


def anchors(file: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    heads = re.findall(r"^#+ (.+)$", FENCED.sub("", file.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(file: Path) -> list[str]:
    found = []
    for link in LINK.findall(FENCED.sub("", file.read_text(encoding="utf-8"))):
        path, _, anchor = unquote(link).partition("#")
        target = (file.parent / path) if path else file
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(f"{file.relative_to(pages.ROOT)}: {link}")
    return found


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return pages.pages()


@pytest.mark.parametrize("page", pages.PAGES)
def test_committed_page_is_what_the_published_files_give(page, written):
    same = (pages.ROOT / page).read_text(encoding="utf-8") == written[page]
    assert same, f"{page}: edit its template, then python -m paper_tables.report.pages"


def test_every_relative_link_and_anchor_resolves():
    assert [link for file in documents() for link in broken(file)] == []


def test_readme_is_one_page(written):
    assert len(written["README.md"].encode()) <= 6000


def test_gain_of_a_cell_is_the_difference_of_the_published_means():
    found = {gain.data: gain for gain in gains(pages.PUBLISHED / pages.SCALE)}["Last.fm"]
    rows = pages.rows("tables/casr_table3", dataset="lastfm", metric="ndcg")
    plain = rows[rows["method"] == "none"].set_index("anchor")
    treated = rows[(rows["method"] != "none") & (rows["printed"] != "missing")]
    treated = treated.assign(printed=pd.to_numeric(treated["printed"]))
    assert found.of == len(treated)
    for measured, column in ((found.measured, "mean"), (found.printed, "printed")):
        alone = pd.to_numeric(treated["anchor"].map(plain[column]))
        assert measured == pytest.approx((treated[column] - alone).mean(), abs=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-1, 3, "cannot tell"), (1, 3, "reproduced"), (0.5, 1.5, "direction only"), (-1, 1, "not reproduced")],
)
def test_verdict_follows_from_the_interval(low, high, verdict):
    assert Gain("P", "d", "m", 3, "seed", 2.0, 1.0, low, high, 0, 1, 0.0).verdict == verdict


def test_example_of_a_scale_passes_its_check(tmp_path):
    text = (pages.ROOT / "config" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / f"{parse_yaml(example)['scale']}.yaml"
    file.write_text(example)
    scale = load_scale(file)
    plan = read_plan(scale.content, "casr")
    assert plan.augmented("lastfm") == ("narm",) and plan.augmented("amazon-beauty") == ()
    assert plan.lists["baselines"] == ("bpr",)
