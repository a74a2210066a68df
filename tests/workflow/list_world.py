"""A small world whose data are lists with a known truth, for the cells of CPR."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from datasets.cpr_synthetic.generate import World as Drawn
from datasets.cpr_synthetic.generate import generate
from datasets.pipeline.files import sha256, write_json
from datasets.pipeline.lists import without
from tests.workflow.conftest import World

USERS, ITEMS = 30, 20
BUDGET = {"epochs": 2, "patience": 2, "batch": 64, "learning_rate": 0.01}


class ListWorld(World):
    """All anchors of CPR on lists for 30 users. `test_seed` moves the test items, of which no list knows."""

    paper, split = "cpr", "cpr-synthetic.loo"
    settings = {
        "all": {"embedding": 8, **BUDGET},
        "cpr": {
            "exposure_embedding": 4,
            "choice_embedding": 4,
            "epochs": 2,
            "posterior_steps": 3,
            "policy_steps": 3,
            "rounds": 2,
            "lists": 2,
        },
    }
    part = {
        "feedbacks": ["nonlinear"],
        "dims": [16],
        "noises": [0],
        "readings": ["closed-mirrored"],
        "data_seeds": [1],
        "ks": [1, 2],
    }

    def write(self, test_seed: int) -> None:
        lists, truth = generate(Drawn(users=USERS, items=ITEMS, lists=8, reading="centred-mirrored"))
        chosen = lists.choices()[["user", "item"]].drop_duplicates()
        first = chosen.groupby("user").head(1)  # each user's first choice is held out for validation
        train = chosen.drop(first.index)
        train = pd.concat([train, pd.DataFrame({"user": range(USERS), "item": 0})]).sort_values("user", kind="stable")
        tested = np.random.default_rng(test_seed).integers(ITEMS, size=USERS)
        parts = {
            "train": train.drop_duplicates(),
            "validation": first,
            "test": pd.DataFrame({"user": range(USERS), "item": tested}),
            "candidates": pd.DataFrame({"user": np.arange(USERS).repeat(3), "item": np.tile([1, 2, 3], USERS)}),
            "items": pd.DataFrame({"item": range(ITEMS), "category": -1}),
        }
        self.splits.mkdir(parents=True)
        for name, table in parts.items():
            table.to_csv(self.splits / f"{name}.csv", index=False)
        shown = without(lists, first["user"].to_numpy(), first["item"].to_numpy())
        shown.table().to_parquet(self.splits / "lists.parquet", index=False)
        data = self.splits.parents[1] / "data" / "cpr-synthetic"
        data.mkdir(parents=True)
        lists.table().to_parquet(data / "lists.parquet", index=False)
        np.savez(data / "truth.npz", **asdict(truth))
        digest = sha256(*(self.splits / f"{name}.csv" for name in ("train", "validation", "test")))
        about = {"name": self.split, "dataset": "cpr-synthetic", "protocol": "loo", "users": USERS, "items": ITEMS}
        write_json(self.splits / "split.json", about | {"digest": digest, "data_digest": "", "verified": True})
