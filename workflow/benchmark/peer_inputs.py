"""RecBole's input: a split's interactions as its files, a card's settings in its words. For both environments."""

from pathlib import Path

import pandas as pd

MODELS = {"sasrec": "SASRec", "narm": "NARM", "stamp": "STAMP", "bpr": "BPR"}
# The cards' settings with which accuracy is compared, where others are not RecBole's: its STAMP drops nothing, and adds
# the mean of the prefix to the attended memory.
ALIKE = {"stamp": {"dropout": 0.0, "adds_mean": True}}
USERS_AT_ONCE = 512  # that RecBole ranks for with a model without histories: more than it takes by itself


def settings_of(method: str, settings: dict) -> dict:
    """A card's settings in RecBole's words."""
    if method == "bpr":
        return {"embedding_size": settings["embedding"]}
    sequential = {
        "MAX_ITEM_LIST_LENGTH": settings["max_length"],
        "loss_type": "CE",
        "train_neg_sample_args": None,
        "repeatable": True,  # the history stays among the candidates, as here
    }
    return {**sequential, **_own_settings(method, settings)}


def evaluated_at_once(method: str, settings: dict, split: Path) -> int:
    """RecBole's eval_batch_size, which for a model without histories is divided by the catalogue."""
    return USERS_AT_ONCE * len(pd.read_csv(split / "items.csv")) if method == "bpr" else settings["batch"]


def _own_settings(method: str, settings: dict) -> dict:
    if method == "sasrec":
        return {
            "n_layers": settings["blocks"],
            "n_heads": settings["heads"],
            "hidden_size": settings["embedding"],
            "inner_size": settings["embedding"],
            "hidden_act": "relu",
            "hidden_dropout_prob": settings["dropout"],
            "attn_dropout_prob": settings["dropout"],
        }
    if method == "narm":
        dropouts = [settings["embedding_dropout"], settings["dropout"]]
        own = {"hidden_size": settings["hidden"], "n_layers": 1, "dropout_probs": dropouts}
        return {"embedding_size": settings["embedding"], **own}
    return {"embedding_size": settings["embedding"]}


def write_atomic(split: Path, folder: Path) -> None:
    """RecBole's files of a split: every interaction in order, and the whole catalogue."""
    parts = [pd.read_csv(split / f"{part}.csv") for part in ("train", "validation", "test")]
    table = pd.concat(parts, ignore_index=True).sort_values("user", kind="stable")
    table["time"] = table.groupby("user").cumcount() + 1
    table.columns = ["user_id:token", "item_id:token", "timestamp:float"]
    table.to_csv(folder / "data.inter", sep="\t", index=False)
    items = pd.read_csv(split / "items.csv")[["item"]].rename(columns={"item": "item_id:token"})
    items.to_csv(folder / "data.item", sep="\t", index=False)
