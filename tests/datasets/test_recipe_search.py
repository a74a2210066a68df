"""The search for a paper's recipe: it measures what a plain program does, and finds a recipe that was planted."""

import random
from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.__main__ import main
from datasets.pipeline.files import write_json
from datasets.pipeline.groups import DAY
from datasets.pipeline.recipe_search import CHOICES, COUNTS, NAMES, Recipe, search

CUT = 14_245 * DAY  # 2009-01-01
SPACE = [Recipe(*values) for values in product(*CHOICES.values())]


def literal(rows: list[tuple[str, str, int]], recipe: Recipe) -> tuple[int, int, int, float]:
    """The four counts of a recipe, user by user."""
    rows = sorted(rows, key=lambda row: row[2])
    if recipe.repeats == "first":
        first = {}
        for row in rows:
            first.setdefault(row[:2], row)
        rows = list(first.values())

    def enough(rows):
        users, items = Counter(user for user, _, _ in rows), Counter(item for _, item, _ in rows)
        least = recipe.min_user_rows, recipe.min_item_rows
        kept = [row for row in rows if users[row[0]] >= least[0] and items[row[1]] >= least[1]]
        return enough(kept) if recipe.iterated and kept != rows else kept

    def chosen(rows):
        users, before = Counter(user for user, _, _ in rows), Counter(user for user, _, time in rows if time < CUT)
        listed = {u for u, n in users.items() if before[u] >= recipe.training_rows and n - before[u] >= 2}
        return [row for row in rows if row[0] in listed]

    rows = chosen(enough(rows)) if recipe.filtered == "before" else enough(chosen(rows))
    histories = {}
    for row in rows:
        histories.setdefault(row[0], []).append(row)
    core, counted = 0, []
    for own in histories.values():
        training = [row for row in own if row[2] < CUT]
        times = [time for _, _, time in (training if recipe.grouped_by == "training" else own)]
        core += len(times) > 1 and (times[-1] - times[0]) / (len(times) - 1) < 30 * DAY
        counted += {"training": training, "all": own, "kept": own[: len(training) + 2]}[recipe.counted]
    items, users = len({item for _, item, _ in counted}), len(histories)
    return items, users - core, core, len(counted) / max(users, 1)


def frame(rows):
    return pd.DataFrame(rows, columns=["user", "item", "time"]).astype({"time": np.int64})


def made_up(seed: int, users: int, items: int = 40) -> list[tuple[str, str, int]]:
    """Rows of users of different habits, with repeats, on both sides of the cut."""
    draw, rows = random.Random(seed), []
    for user in range(users):
        time = CUT - draw.randint(50, 900) * DAY
        for _ in range(draw.choice([3, 6, 9, 12, 15, 25])):
            time += int(draw.choice([5, 20, 60, 120]) * DAY * draw.random())
            rows.append((f"u{user}", f"i{int(items * draw.random() ** 3)}", time))
    draw.shuffle(rows)
    return rows


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.sampled_from(SPACE), min_size=5, max_size=5, unique=True))
def test_the_search_measures_what_a_plain_program_does(seed, recipes):
    rows = made_up(seed, users=12)
    found = search(frame(rows), CUT, dict.fromkeys(COUNTS, 1)).set_index(NAMES)
    assert len(found) == len(SPACE) == 1728 and found.index.is_unique
    for recipe in recipes:
        assert found.loc[tuple(getattr(recipe, name) for name in NAMES), list(COUNTS)].tolist() == pytest.approx(
            literal(rows, recipe)
        )


PLANTED = [
    Recipe("kept", 5, 10, True, "before", 2, "training", "kept"),
    Recipe("first", 10, 5, False, "after", 1, "all", "training"),
    Recipe("kept", 10, 20, False, "after", 2, "all", "all"),
]


@pytest.mark.parametrize("recipe", PLANTED)
def test_a_planted_recipe_is_found(recipe):
    rows = made_up(7, users=400, items=400)
    planted = literal(rows, recipe)
    found = search(frame(rows), CUT, dict(zip(COUNTS, planted, strict=True)))
    best = found[found["distance"] < 1e-12]
    assert Recipe(*best.loc[0, NAMES]) == recipe and len(best) == 1 and (found["distance"].diff()[1:] >= 0).all()


def test_the_command_writes_all_of_it(tmp_path, capsys):
    store, output = tmp_path / "store", tmp_path / "found.csv"
    store.mkdir()
    rows = frame(made_up(7, users=30))
    rows.assign(rating=5.0)[["user", "item", "rating", "time"]].to_csv(store / "r.csv", index=False, header=False)
    write_json(store / "fetched.json", {"files": {}})
    printed = tmp_path / "table1.csv"
    printed.write_text("dataset,items,casual_users,core_users,avg_interactions\namazon-cds,30,10,5,12.5\n")
    command = ["recipes", "--printed", str(printed), "--store", str(store), "--output", str(output), "--dataset"]
    assert main([*command, "amazon-books"]) == 2 and "has no row of amazon-books" in capsys.readouterr().err
    assert main([*command, "l2aug-world"]) == 2
    printed.write_text(printed.read_text().replace("amazon-cds", "l2aug-world"))
    assert main([*command, "l2aug-world"]) == 0 and "distance" in capsys.readouterr().out
    assert len(pd.read_csv(output)) == 1728
