"""A small results tree with made-up numbers, so that every number of a table can be worked out by hand."""

import numpy as np
import pytest
import yaml

import methods.cards
from datasets.pipeline.files import write_json
from paper_tables.cell import Cell
from paper_tables.labels import method_label, strategy_label
from paper_tables.recommenders import own_methods, recommenders, searched
from paper_tables.report.read import label
from paper_tables.results import _excludes_seen
from paper_tables.scale_part import method_card
from paper_tables.spec.specification import specification
from tests.paper_tables.made_results import lastfm, ranks_with_hits, write_cell, write_failed

METHODS = {
    "bpr": ("BPR", "general", True),
    "nais": ("NAIS", "general", True),
    "fpmc": ("FPMC", "sequential", False),
    "popularity": ("Popularity", "control", True),
    "item-knn": ("ItemKNN", "control", True),
    "repeat-last": ("Repeat last", "control", False),
    "narm": ("NARM", "sequential", False),
    "stamp": ("STAMP", "sequential", False),
    "sasrec": ("SASRec", "sequential", False),
    "mine": ("Mine_100%", "general", True),
}


# What is remembered of cards.
CACHED = (label, method_label, strategy_label, _excludes_seen, own_methods, recommenders, searched, method_card)


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """Method cards that only name things; `mine` is a user's own method with a label that LaTeX must escape."""
    folder = tmp_path / "methods"
    contents = {
        name: {"name": name, "label": label, "kind": "recommender", "family": family}
        | {"exclude_seen": seen, "exclude_seen_reason": "fixture"}
        for name, (label, family, seen) in METHODS.items()
    }
    strategies = {letter.lower(): {"label": letter} for letter in "HDM"}
    contents["casr"] = {"name": "casr", "label": "CASR", "kind": "treatment", "strategies": strategies}
    contents["casr"]["generation"] = {"settings": []}
    contents["casr"]["settings"] = dict(methods.cards.load_card("casr").allowed)
    for name, content in contents.items():
        home = folder / name.replace("-", "_")
        home.mkdir(parents=True)
        (home / "card.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setattr(methods.cards, "FOLDER", folder)
    for cached in CACHED:
        cached.cache_clear()
    yield folder
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def scale():
    return {
        "scale": "fixture",
        "seeds": [1, 2],
        "papers": {
            "casr": {
                "datasets": {"lastfm": {}, "amazon-beauty": {"seeds": [1], "augmented": []}},
                "orders": {"lastfm": ["shuffled"]},
                "twins": ["time"],
                "figures": {
                    "figure3": {"datasets": ["lastfm"], "shares": [0.4, 1.0]},
                    "figure5": {"datasets": ["lastfm"], "kappas": [0, 1.0e-8, 1.0]},
                    "figure6": {"datasets": ["lastfm"], "indices": [-1, -3]},
                },
                "case_study": "lastfm",
            }
        },
    }


@pytest.fixture
def results(tmp_path, cards, scale):
    """Two seeds on lastfm. NARM: 20 and 22 hits of 60. casr-d lifts it by 12 (STAMP), 14 (NARM, worse in validation)
    and 0 (SASRec) hits; casr-h lowers it; the control of casr-d with STAMP lifts it by 2. casr-m failed with one
    sampler and was not run with the others. Popularity and item-knn are done, BPR failed, the rest was not run.
    """
    folder = tmp_path / "results"
    seeds = {"1": 20, "2": 22}

    def hits(extra: int) -> dict[str, np.ndarray]:
        return {seed: ranks_with_hits(count + extra) for seed, count in seeds.items()}

    write_cell(folder, lastfm("popularity"), hits(-15))
    write_cell(folder, lastfm("item-knn"), hits(-10), seed={"stopped_early": False})
    write_failed(folder, lastfm("bpr"), "out of memory & 100% of $HOME_x used")
    write_cell(folder, lastfm("narm"), hits(0))
    write_cell(folder, lastfm("narm", "casr-d", "stamp"), hits(12), hits(9))
    write_cell(folder, lastfm("narm", "casr-d", "narm"), hits(14), hits(3))
    write_cell(folder, lastfm("narm", "casr-d", "sasrec"), hits(0), hits(1))
    write_cell(folder, lastfm("narm", "casr-d", "stamp", "control"), hits(2))
    write_cell(folder, lastfm("narm", "casr-h", "stamp"), hits(-4))
    write_failed(folder, lastfm("narm", "casr-m", "narm"), "embeddings of different sizes")
    for cell in specification("casr").cells(scale):
        if cell.split == "lastfm.loo.shuffled" and cell.anchor == "narm":
            write_cell(folder, cell, hits(-18))
        if cell.variant == "kappa1":
            write_cell(folder, cell, hits(0), seed={"same_as": "casr/lastfm.loo/narm"})
        if cell.variant in ("r40", "kappa0") and cell.treatment == "casr-d":
            write_cell(folder, cell, hits(6))
    write_cell(folder, Cell("casr", "amazon-beauty.loo", "narm"), {"1": ranks_with_hits(6)}, verified=False)
    counts = {"users": 1859, "items": 2823, "interactions": 71355, "density_percent": 1.3597}
    write_json(folder / "data" / "lastfm" / "data.json", {"counts": counts, "verified": True})
    other = {"users": 22363, "items": 12000, "interactions": 198502, "density_percent": 0.0740}
    write_json(folder / "data" / "amazon-beauty" / "data.json", {"counts": other, "verified": False})
    finding = {"check": "monotone identifiers", "level": "error", "value": 0.998, "meaning": "of users only rise & 5 %"}
    fine = {"check": "repeated pairs", "level": "ok", "value": 0.0, "meaning": "of rows repeat an earlier row"}
    write_json(folder / "data" / "lastfm" / "audit.json", {"findings": [fine, finding]})
    write_json(folder / "data" / "amazon-beauty" / "audit.json", {"findings": [fine]})
    return folder
