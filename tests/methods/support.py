"""Small data for the recommenders that are no anchors, and a run on one core."""

import importlib

import torch
from hypothesis import strategies as st

from methods.cards import load_card
from methods.engine.data.split import Targets
from methods.engine.recommender import Run
from methods.evaluation.metrics import per_user
from methods.evaluation.ranking import rank
from tests.engine.conftest import make_split

CPU = torch.device("cpu")
torch.set_num_threads(1)


def module(name):
    return importlib.import_module(f"methods.{load_card(name).folder.name}.model")


def settings(name, **changes):
    return load_card(name).configured(changes)


def build(name, split, **changes):
    torch.manual_seed(3)
    return module(name).build(split, settings(name, **changes))


def spread(model):
    """Weights in double precision and so large that every term of an equation shows."""
    model.double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return model


def run(validate=lambda model: 0.0, seed=1):
    return Run(seed, CPU, validate)


def fitted(name, split, validate=lambda model: 0.0, seed=1, **changes):
    torch.manual_seed(seed)
    chosen = settings(name, **changes)
    model = module(name).build(split, chosen)
    return model, module(name).fit(model, split, chosen, run(validate, seed))


def scores(model, histories, users=None):
    """Scores of histories of different lengths in one batch."""
    lengths = torch.tensor([len(history) for history in histories])
    items = torch.zeros(len(histories), int(lengths.max()), dtype=torch.int64)
    for row, history in enumerate(histories):
        items[row, : len(history)] = torch.tensor(history)
    users = torch.arange(len(histories)) if users is None else torch.tensor(users)
    with torch.no_grad():
        return model.score(users, items, lengths)


def padding_changes_nothing(model, histories):
    """Each history alone, without padding, scores as it does in a batch; whatever item the padding names."""
    together = scores(model, histories)
    longest = max(map(len, histories))
    for user, history in enumerate(histories):
        torch.testing.assert_close(scores(model, [history], [user])[0], together[user])
        padded = torch.tensor([history + [1] * (longest - len(history))])
        with torch.no_grad():
            other = model.score(torch.tensor([user]), padded, torch.tensor([len(history)]))
        torch.testing.assert_close(other[0], together[user])


def hit_rate(split, users, items, exclude_seen):
    """A validation function: HR@5 of one target for each of `users`."""
    targets = Targets(torch.tensor(users), torch.tensor(items))

    def validate(model):
        ranks = rank(model, split, targets, CPU)
        kept, removed = (ranks.above_kept, ranks.ties_kept), (ranks.above_removed, ranks.ties_removed)
        return float(per_user("hr", 5, *(removed if exclude_seen else kept)).mean())

    return validate


def two_groups(seed=0, users=60, items=40, length=10):
    """Each half of the users draws from its own half of the items, in random order; one more item is held out."""
    generator = torch.Generator().manual_seed(seed)
    half, histories, targets = items // 2, [], []
    for user in range(users):
        drawn = torch.randperm(half, generator=generator)[: length + 1] + half * (user % 2)
        histories.append(drawn[:-1].tolist())
        targets.append(int(drawn[-1]))
    return make_split(histories, items), list(range(users)), targets


def cycles(seed=0, users=40, items=30, length=12):
    """Item i is followed by i + 1, always; the next item is held out."""
    starts = torch.randint(items, (users,), generator=torch.Generator().manual_seed(seed)).tolist()
    histories = [[(start + step) % items for step in range(length)] for start in starts]
    return make_split(histories, items), list(range(users)), [(start + length) % items for start in starts]


def histories(catalogue=8, users=6, shortest=1, longest=12):
    """Strategy: histories with repeats."""
    history = st.lists(st.integers(0, catalogue - 1), min_size=shortest, max_size=longest)
    return st.lists(history, min_size=1, max_size=users)
