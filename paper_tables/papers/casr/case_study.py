"""Figure 7: one user's last training sample, and what each strategy puts in the place of one of its items.

The user is not picked by hand: the first one for whom all three strategies have a sequence.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import safe_open

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, record_of, unchanged
from paper_tables import latex, marks
from paper_tables.labels import method_label, strategy_label
from paper_tables.results import DONE, NOT_RUN, Result
from paper_tables.spec.specification import target_cells
from paper_tables.study import Study

SHOWN = 6  # items of the history, from its end
COLUMNS = (
    "dataset anchor sampler seed user role replaces title category next_title next_category confidence "
    "same_category_share status reason"
).split()
TENSORS = ("windows", "starts", "nearest", "labels", "confidence", "priority", "rounds", "changed")
GENERATING = ("index", "candidates", "alpha", "beta", "tau", "steps", "rate")  # the rest chooses from a pool


def frame(study: Study, target: str) -> pd.DataFrame:
    """Rows: the history's last items (role `history`, those that some strategy replaces `replaced`), then `H`, `D`, `M`
    with what each replaces (each has its own index), its replacement and the generated next item; for M's virtual item
    the nearest one. `same_category_share`: of all kept sequences, the share whose replacement has the category of the
    replaced item.
    """
    dataset, results = study.plan.part.get(study.paper.targets[target]["dataset"], ""), study.results
    found = [study.read(cell) for cell in target_cells(study.plan, target)]
    if not found or not all(result.done for result in found):
        reasons = "; ".join(f"{result.cell.name} {result.status}" for result in found if not result.done)
        return _nothing(dataset, reasons or "no case study at this scale")
    seed = found[0].seeds[0]
    pools = {result.cell.treatment: _own_pool(result, results, seed) for result in found}
    settings = {result.cell.treatment: result.content["settings"]["treatment"] for result in found}
    split = results / "splits" / found[0].cell.split
    train = pd.read_csv(unchanged(split / "train.csv", record_of(split)), dtype=np.int64)
    user = _first_user(train, pools, settings, found[0].setting("anchor", "max_length"))
    if user is None:
        return _nothing(dataset, "no user whose last training sample has a sequence of every strategy")
    history = train.loc[train["user"] == user, "item"].to_numpy()
    data = results / "data" / dataset
    items = pd.read_parquet(unchanged(data / "items.parquet", record_of(data)))
    shared = {
        "dataset": dataset,
        "anchor": found[0].cell.anchor,
        "sampler": found[0].cell.sampler,
        "seed": int(seed),
        "user": user,
        "status": DONE,
    }
    target = len(history) - 1  # the last item of the history is the sample's next item
    replaced = {target + each["index"] for each in settings.values()}
    rows = [
        {"role": "replaced" if place in replaced else "next" if place == target else "history"}
        | _named(items, history[place])
        for place in range(max(0, min(target - SHOWN, *replaced)), len(history))
    ]
    for result in found:
        pool = pools[result.cell.treatment]
        at = np.flatnonzero(pool["user"] == user)[-1]
        share = [content["augmentation"]["same_category"] for content in result.content["seeds"].values()]
        rows.append(
            {
                "role": strategy_label(result.cell.treatment),
                "replaces": _named(items, history[target + settings[result.cell.treatment]["index"]])["title"],
                "confidence": float(pool["confidence"][at]),
                "same_category_share": np.mean([each for each in share if each is not None] or [np.nan]),
            }
            | _named(items, pool["nearest"][at])
            | {f"next_{key}": value for key, value in _named(items, pool["labels"][at]).items()}
        )
    return pd.DataFrame([shared | row for row in rows], columns=COLUMNS)


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    if (frame["status"] != DONE).any():
        body, name = [r"\multicolumn{7}{c}{\textit{not run}}"], "case study"
    else:
        body = [_line(row) for row in frame.itertuples()]
        body.insert(int((~frame["confidence"].notna()).sum()), latex.RULE)
        first = frame.iloc[0]
        name = f"user {first['user']}, anchor {method_label(first['anchor'])}, "
        name = latex.escape(name + f"sampler {method_label(first['sampler'])}, seed {first['seed']}")
        name = f"{marks.marked_label(frame, first['dataset'])}, {name}"
    caption = (
        f"CASR's Figure 7, a case study ({name}). Above, the user's last training sample; below, what each strategy "
        "puts in the place of a replaced item, and the next item that its sampler then gives. M's item is virtual: "
        "the nearest one is shown. Same category: share of all kept sequences."
    )
    caption += f" {marks.legend(frame)}" if (frame["status"] == DONE).all() else ""
    head = ["Role & In place of & Item & Category & Generated next item & Its category & Same category"]
    return latex.table("lllllll", head, body, caption, "tab:casr-7")


def windows_users(lengths: np.ndarray, longest: int) -> np.ndarray:
    """The user of each training window. `lengths`: training items of each user; a pool counts windows, not users.

    One window for each user with a pair of items; a longer history has more, every half window (the cut of
    methods/engine/data/windows.py, which the tables cannot import; a test holds the two together).
    """
    pairs = np.maximum(lengths - 1, 0)
    count = np.where(pairs > 0, 1 + np.maximum(0, -(-(pairs - longest) // (longest // 2))), 0)
    return np.repeat(np.arange(len(lengths)), count)


def _own_pool(result: Result, results: Path, seed: str) -> dict[str, np.ndarray]:
    """The pool that the cell drew on. BadInput where it is not there, or was drawn anew with other settings."""
    cell, name = result.cell, result.content.get("pool", "")
    folder = results / "pools" / cell.paper / cell.split / name
    wanted = {key: result.setting("treatment", key) for key in GENERATING}
    drawn = read_json(folder / "pool.json") if name and (folder / "pool.json").is_file() else None
    if drawn is None or {key: drawn["settings"]["treatment"].get(key) for key in GENERATING} != wanted:
        raise BadInput(f"{folder}: no pool with the settings of {cell.name}; run it again")
    tensors = unchanged(folder / f"seed-{seed}.safetensors", drawn.get("seeds", {}).get(seed, {}))
    with safe_open(tensors, framework="np") as content:
        return {key: content.get_tensor(key) for key in TENSORS}


def _first_user(
    train: pd.DataFrame, pools: Mapping[str, dict], settings: Mapping[str, Mapping], longest: int
) -> int | None:
    """The first user whose last training sample has a sequence of every strategy among those that its cell kept. Adds
    `user` to the pools: whose last sample a sequence belongs to, else -1.
    """
    lengths = np.bincount(train["user"])
    users = windows_users(lengths, longest)
    common = np.flatnonzero(lengths - 1 <= longest)  # whole in one window
    for strategy, pool in pools.items():
        chosen, user = settings[strategy], users[pool["windows"]]
        # positions count from 0; the last sample's history ends before the last training item
        kept = pool["starts"] == lengths[user] - 1 + chosen["index"]
        kept &= (pool["rounds"] == chosen["rounds"]) & (pool["priority"] < chosen["share"])
        kept &= pool["confidence"] > chosen["kappa"]
        if strategy == "casr-d":
            kept &= pool["changed"]
        pool["user"] = np.where(kept, user, -1)
        common = np.intersect1d(common, pool["user"])
    return int(common[0]) if len(common) else None


def _nothing(dataset: str, reason: str) -> pd.DataFrame:
    return pd.DataFrame([{"dataset": dataset, "status": NOT_RUN, "reason": reason}], columns=COLUMNS)


def _named(items: pd.DataFrame, item: int) -> dict[str, str]:
    """Title and category where the data knows them, else the original identifier."""
    row = items.iloc[item]
    title, category = row.get("title"), row.get("category")
    return {
        "title": str(row["original"]) if pd.isna(title) else str(title),
        "category": "" if pd.isna(category) else str(category),
    }


def _line(row: object) -> str:
    texts = [row.role, row.replaces, row.title, row.category, row.next_title, row.next_category]
    share = f"{100 * row.same_category_share:.0f} %" if row.same_category_share == row.same_category_share else ""
    return " & ".join(latex.escape("" if pd.isna(text) else text) for text in [*texts, share])
