"""A paper and its methods, added as folders to a copy of the tree without an edit elsewhere: from data to results."""

import textwrap
from pathlib import Path

import pandas as pd
import pytest
import yaml

from datasets.pipeline.files import read_json
from methods.evaluation import acceptance
from tests.workflow.test_workflow import copy_tree, snakemake

PAPER = """
label: Made up
unit: percent
metrics: [ndcg@5]
selection: ndcg@5
split: loo
data: {all: {datasets: [synthetic]}}
lists: {anchors: [stamp], strategies: [thin, none, idle], samplers: [narm]}
against: {thin: [again], none: [plain], idle: [plain]}
comparisons: {again: {words: the same again, variant: again}}
rows: {main: [{anchor: anchors, treatment: strategies, sampler: samplers}]}
targets: {table1: {kind: accuracy, rows: main}, tests: {kind: tests, of: [table1]}}
"""
DECIDED = """
label: Decided
unit: fraction
metrics: [auc, log_loss]
selection: log_loss in accepted else ndcg@5
split: decisions
data: {all: {datasets: [csrec-synthetic]}}
lists: {anchors: [popularity, shares]}
rows: {main: [{anchor: anchors}]}
targets: {table1: {kind: accuracy, rows: main}}
"""
# A recommender that gives a probability of acceptance: the share of what the user accepted so far, smoothed.
SHARES_CARD = """
name: shares
label: Shares
kind: recommender
family: general
exclude_seen: false
exclude_seen_reason: an item can be recommended again
settings:
  smoothing: {default: 1.0, type: number, minimum: 0}
"""
SHARES = """
import torch

from methods.engine.recommender import Fitted, Recommender


def build(split, settings):
    return Shares(split.catalogue, settings["smoothing"])


def fit(model, split, settings, run):
    shown = split.exposures[split.exposures["regime"] == "interventional"]
    model.base.fill_(float(shown["accepted"].mean()))
    return Fitted([run.validate(model)], best_epoch=1)


class Shares(Recommender):
    def __init__(self, catalogue, smoothing):
        super().__init__()
        self.catalogue, self.smoothing = catalogue, smoothing
        self.register_buffer("base", torch.zeros(()))

    def score(self, users, items, lengths):
        return torch.zeros(len(users), self.catalogue)

    def accept(self, users, items, lengths, shown, recommended):
        return (shown.accepted.sum(1) + self.smoothing * self.base) / (shown.lengths + self.smoothing)
"""
ACTED = """
label: Acted
unit: fraction
metrics: [return]
selection: return in episodes
split: episodes
data: {all: {datasets: [two-states]}}
lists: {anchors: [bandit]}
rows: {main: [{anchor: anchors}]}
targets: {table1: {kind: accuracy, rows: main}}
"""
# A world of two states, in each of which the other of two actions is rewarded.
WORLD_CARD = """
name: two-states
label: Two states
domain: a test
licence: none
citation: {key: none, text: none}
downloads: []
format: none; environment.py makes it
recipe: []
has_time: false
orders: {file: {meaning: in the order of the steps}}
default_order: file
default_order_reason: there is no other
"""
WORLD = """
import gymnasium
import numpy as np


def make(settings, seed):
    return TwoStates(seed)


class TwoStates(gymnasium.Env):
    observation_space, action_space = gymnasium.spaces.Discrete(2), gymnasium.spaces.Discrete(2)

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left, self.state = 5, int(self.random.integers(2))
        return self.state, {}

    def step(self, action):
        right = int(action == self.state)
        self.left, self.state = self.left - 1, int(self.random.integers(2))
        return self.state, float(right), self.left == 0, False, {"clicks": right}
"""
BANDIT_CARD = """
name: bandit
label: Bandit
kind: agent
settings:
  episodes: {default: 30, type: integer, minimum: 1}
  validation_episodes: {default: 3, type: integer, minimum: 1}
  test_episodes: {default: 4, type: integer, minimum: 1}
"""
BANDIT = """
import numpy as np
import torch

from methods.engine.environment import Agent
from methods.engine.recommender import Fitted


def build(observation_space, action_space, settings):
    return Bandit(int(observation_space.n), int(action_space.n))


def fit(agent, environment, settings, run):
    random = np.random.default_rng(run.seed)
    for _ in range(settings["episodes"]):
        state, done = environment.reset()[0], False
        while not done:
            action = int(random.integers(agent.values.shape[1]))
            following, reward, done, cut, _ = environment.step(action)
            agent.values[state, action] += reward
            state, done = following, done or cut
    return Fitted([run.validate(agent)], best_epoch=1)


class Bandit(Agent):
    def __init__(self, states, actions):
        super().__init__()
        self.register_buffer("values", torch.zeros(states, actions))

    def act(self, states):
        return self.values.argmax(1).numpy()[states]
"""
# A treatment of one strategy, without a pool: histories thinned at random; its second pretrained model is an expert.
THIN_CARD = """
name: thin
label: Thin
kind: treatment
second: expert
looks_at: [expert]
controls: [again]
settings:
  rate: {default: 0.5, type: number, minimum: 0, maximum: 1}
"""
THIN = """
from dataclasses import replace

import torch

from methods.engine.data.ragged import offsets_of
from methods.engine.treatment import Retrained


def retrain(task):
    assert task.pool is None and task.strategy == "" and {*task.others} == {"expert"}
    expert = task.others["expert"]()
    rate = task.settings["treatment"]["rate"] if task.treated is None else task.treated["augmentation"]["rate"]
    split, generator = task.split, torch.Generator().manual_seed(task.seed)
    kept = torch.rand(len(split.items), generator=generator) >= rate / 2
    lengths = torch.bincount(split.owners[kept], minlength=split.users)
    thinned = replace(split, items=split.items[kept], offsets=offsets_of(lengths))
    model = task.pretrained()
    fitted = task.anchor.fit(model, thinned, dict(task.settings["anchor"]), task.run)
    return Retrained(model, fitted, int(kept.sum()), (rate, len(list(expert.parameters())), task.control))


def describe(task, done, held_out, truth):
    rate, parameters, control = done.details
    return {"rate": rate, "expert": parameters, "follows": control}
"""


def add(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip())


def scale_of(folder: Path, paper: str, **part) -> None:
    usual = {"all": {"embedding": 8, "max_length": 30, "epochs": 1, "learning_rate": 0.01}}
    content = {"scale": "mini", "seeds": [1], "settings": usual, "papers": {paper: part}}
    (folder / "config" / "mini.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = copy_tree(tmp_path_factory.mktemp("made-up"))
    add(folder / "paper_tables/papers/made", {"paper.yaml": PAPER})
    return folder


def made(folder: Path, paper: str, split: str, *names: str, **part) -> dict[str, dict]:
    """The results of cells, in a run of Snakemake."""
    scale_of(folder, paper, **part)
    files = {name: Path("results/mini/cells", paper, split, name, "result.json") for name in names}
    snakemake(folder, *map(str, files.values()))
    return {name: read_json(folder / file, sealed=True) for name, file in files.items()}


def test_a_treatment_of_one_strategy_without_a_pool(tree):
    """And beside it two that do not have the functions that their card asks for."""
    add(tree / "methods/thin", {"__init__.py": "", "card.yaml": THIN_CARD, "treatment.py": THIN})
    for name, text in (("none", "def describe(*given): ...\n"), ("idle", "def save(*given): ...\n" + THIN)):
        card = THIN_CARD.replace("name: thin", f"name: {name}")
        add(tree / f"methods/{name}", {"__init__.py": "", "card.yaml": card, "treatment.py": text})
    names = ("stamp.thin.narm", "stamp.thin.narm.again", "stamp.none.narm", "stamp.idle.narm")
    found = made(tree, "made", "synthetic.loo", *names, datasets={"synthetic": {}})
    treated, again = found["stamp.thin.narm"], found["stamp.thin.narm.again"]
    assert treated["status"] == again["status"] == "done" and treated["pool"] == ""
    assert {*treated["settings"]} == {"anchor", "treatment", "expert"}
    about, its = (each["seeds"]["1"]["augmentation"] for each in (treated, again))
    assert about["rate"] == its["rate"] == 0.5 and about["expert"] > 0
    assert (about["follows"], its["follows"]) == ("", "again")
    assert not (tree / "results/mini/pools").exists()
    assert "no function retrain" in found["stamp.none.narm"]["reason"]
    assert "save would not be called: idle has no key generation" in found["stamp.idle.narm"]["reason"]


def test_a_model_of_acceptance(tree):
    add(tree / "paper_tables/papers/decided", {"paper.yaml": DECIDED})
    add(tree / "methods/shares", {"__init__.py": "", "card.yaml": SHARES_CARD, "model.py": SHARES})
    found = made(tree, "decided", "csrec-synthetic.decisions", "shares", "popularity", datasets={"csrec-synthetic": {}})
    seeds = {name: result["seeds"]["1"] for name, result in found.items()}
    own, its = (seeds[name]["metrics"]["test"]["accepted"] for name in ("shares", "popularity"))
    assert {"log_loss", "brier", "auc", "ahr_threshold@0.2", "ahr_rank@0.2", "calibration_error"} <= own.keys()
    assert "log_loss" not in its and its.keys() >= {"auc", "ahr_rank@0.2", "ahr_rank@0.5"}
    assert seeds["shares"]["curve"] == [-seeds["shares"]["metrics"]["validation"]["accepted"]["log_loss"]]
    folder = tree / "results/mini/cells/decided/csrec-synthetic.decisions/shares"
    table = pd.read_parquet(folder / "seed-1.decisions.parquet")
    assert [*table] == ["user", "step", "item", "part", "decision", "probability", "above", "ties"]
    assert "seed-1.decisions.parquet" in seeds["shares"]["contents"]
    test = table[table["part"] == "test"]
    assert own["auc"] == acceptance.auc(test["decision"], test["probability"]) > 0.5


def test_an_agent_in_a_world(tree):
    add(tree / "paper_tables/papers/acted", {"paper.yaml": ACTED})
    add(tree / "datasets/two_states", {"card.yaml": WORLD_CARD, "environment.py": WORLD})
    add(tree / "methods/bandit", {"__init__.py": "", "card.yaml": BANDIT_CARD, "model.py": BANDIT})
    found = made(tree, "acted", "two-states.episodes", "bandit", datasets={"two-states": {}})["bandit"]
    seed = found["seeds"]["1"]
    assert found["status"] == "done" and seed["curve"] == [5.0]
    assert seed["metrics"]["test"] == {"episodes": {"return": 5.0, "steps": 5.0, "ctr": 1.0}}
    table = pd.read_parquet(tree / "results/mini/cells/acted/two-states.episodes/bandit/seed-1.episodes.parquet")
    assert [*table] == ["episode", "return", "steps", "clicks", "part"]
    assert table["part"].value_counts().to_dict() == {"validation": 3, "test": 4}
    assert {"seed-1.episodes.parquet", "seed-1.safetensors"} == {*seed["contents"]}
