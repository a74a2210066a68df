from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from methods.engine.data.interactions import holdings
from methods.engine.data.split import Candidates, Targets
from methods.engine.fit import losses
from methods.engine.recommender import Recommender
from methods.evaluation import kernels, ranking
from methods.evaluation.counting import _count_by_torch, count_ranks
from methods.evaluation.metrics import summary
from methods.evaluation.ranking import rank
from tests.engine.conftest import make_split

CPU = torch.device("cpu")


@given(st.data())
def test_counts_equal_brute_force(data):
    catalogue = data.draw(st.integers(2, 8))
    users = data.draw(st.integers(1, 4))
    scores = torch.tensor(
        data.draw(
            st.lists(
                st.lists(st.integers(0, 3), min_size=catalogue, max_size=catalogue), min_size=users, max_size=users
            )
        )
    ).float()
    targets = torch.tensor(data.draw(st.lists(st.integers(0, catalogue - 1), min_size=users, max_size=users)))
    pairs = st.tuples(st.integers(0, users - 1), st.integers(0, catalogue - 1))
    seen = data.draw(st.lists(pairs, max_size=12, unique=True))
    rows, items = (torch.tensor([pair[i] for pair in seen], dtype=torch.int64) for i in (0, 1))
    counts, by_item = np.empty((2, 4, users), dtype=np.int64)
    held = holdings(rows, items, users, catalogue)
    count_ranks(scores, targets.numpy(), np.arange(users), held, counts)
    columns = torch.cat([scores, torch.full((2, catalogue), torch.nan)]).T.contiguous()  # none looks at those behind
    given = targets.numpy(), np.arange(users), held.offsets.numpy(), held.items.numpy(), by_item
    assert kernels.count_ranks_by_item(columns.numpy(), *given)
    assert np.array_equal(counts, by_item)
    for user in range(users):
        own, target = scores[user].tolist(), targets[user].item()
        history = {item for row, item in seen if row == user}
        others = [item for item in range(catalogue) if item != target]
        unseen = [item for item in others if item not in history]
        assert counts[:, user].tolist() == [
            sum(own[item] > own[target] for item in others),
            sum(own[item] == own[target] for item in others),
            sum(own[item] > own[target] for item in unseen),
            sum(own[item] == own[target] for item in unseen),
        ]


class Fixed(Recommender):
    """Scores that depend on the user alone."""

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def score(self, users, items, lengths):
        return self.scores[users]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_not_finite_is_refused(score):
    scores = torch.zeros(1, 5)
    scores[0, 3] = score
    with pytest.raises(FloatingPointError, match="not finite"):
        rank(Fixed(scores), make_split([[0, 1]], 5), Targets(torch.tensor([0]), torch.tensor([2])), CPU)


@pytest.mark.parametrize("by_item", [False, True])
def test_finite_scores_whose_sum_is_not_are_ranked(by_item):
    scores, counts = np.array([[3e38, 2e38, 3.1e38, 3e38]], np.float32), np.empty((4, 1), np.int64)
    given = np.array([0]), np.array([0]), np.array([0, 1]), np.array([2]), counts
    count = kernels.count_ranks_by_item if by_item else kernels.count_ranks
    assert count(np.ascontiguousarray(scores.T) if by_item else scores, *given)
    assert counts[:, 0].tolist() == [1, 1, 0, 1]


def random_world(users=200, catalogue=30):
    """A model of random scores, a split of random histories, a target and three candidates for each user."""
    generator = torch.Generator().manual_seed(4)
    scores = torch.randint(8, (users, catalogue), generator=generator).float()
    histories = torch.randint(catalogue, (users, 6), generator=generator).tolist()
    targets = Targets(torch.arange(users), torch.randint(catalogue, (users,), generator=generator))
    others = (targets.items[:, None] + torch.arange(1, 4)) % catalogue
    return Fixed(scores), make_split(histories, catalogue), targets, Candidates(others.flatten(), 3 * torch.arange(201))


def test_several_cores_count_the_same(monkeypatch, three_threads):
    model, split, targets, sampled = random_world()
    several = rank(model, split, targets, CPU, sampled)
    monkeypatch.setattr(losses, "LEAST_ROWS", 16)
    monkeypatch.setitem(losses.LOGITS_AT_ONCE, "cpu", 1)
    shared = rank(model, split, targets, CPU, sampled)
    assert all(np.array_equal(value, getattr(several, name)) for name, value in vars(shared).items())
    model.scores[-1, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="not finite"):
        rank(model, split, targets, CPU, sampled)


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 70))
def test_shares_are_all_users_in_order_and_none_is_too_large(lengths, most):
    lengths = np.sort(np.array(lengths, dtype=np.int64))
    with patch.object(ranking, "ITEMS_AT_ONCE", 100):
        shares = ranking._by_items_read(lengths, most)
    assert [user for share in shares for user in range(share.start, share.stop)] == list(range(len(lengths)))
    for share in shares:
        assert 0 < share.stop - share.start <= most
        assert lengths[share].sum() <= 100 + lengths[share].max()


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 70))
def test_what_a_gpu_takes_at_once_fits_with_its_padding(lengths, most):
    lengths = np.sort(np.array(lengths, dtype=np.int64))
    with patch.object(ranking, "GPU_ITEMS", 100):
        parts = ranking._that_fit(lengths, most)
    assert sorted(user for part in parts for user in range(part.start, part.stop)) == list(range(len(lengths)))
    for part in parts:
        count = part.stop - part.start
        assert 0 < count <= most and (count == 1 or count * lengths[part].max() <= 100)


@given(st.integers(0, 50), st.integers(1, 60))
def test_parts_are_all_rows_in_order_and_of_about_the_same_size(count, most):
    parts = ranking._parts(count, most)
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(count))
    assert all(part.stop - part.start <= most for part in parts)
    assert len({part.stop - part.start for part in parts[:-1]}) <= 1


class Vectors(Recommender):
    """Scores as the product of a vector that depends on the history and one of each item."""

    max_length = 4

    def __init__(self, catalogue):
        super().__init__()
        self.table = torch.nn.Embedding(catalogue, 5)

    def user_vectors(self, users, items, lengths):
        read = torch.arange(items.shape[1]) < lengths[:, None]
        return (self.table(items) * read[..., None]).sum(1) + users[:, None] // 7

    def item_vectors(self):
        return self.table.weight


class Scores(Vectors):
    def score(self, users, items, lengths):
        return super().score(users, items, lengths)


def vectors_world(catalogue=30, users=290):
    """A model of whole vectors, so that any product of them is exact, and what `random_world` gives beside it."""
    generator = torch.Generator().manual_seed(4)
    histories = [torch.randint(catalogue, (1 + user % 7,), generator=generator).tolist() for user in range(users)]
    targets = Targets(torch.arange(users), torch.randint(catalogue, (users,), generator=generator))
    others = (targets.items[:, None] + torch.arange(1, 4)) % catalogue
    model, scored = Vectors(catalogue), Scores(catalogue)
    with torch.no_grad():
        model.table.weight.copy_(torch.randint(-2, 3, (catalogue, 5), generator=generator))
    scored.load_state_dict(model.state_dict())
    sampled = Candidates(others.flatten(), 3 * torch.arange(users + 1))
    return model, scored, make_split(histories, catalogue), targets, sampled


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("catalogue", [29, 30, 31, 32])
@pytest.mark.parametrize("users_at_once", [70, 1 << 16])
def test_two_vectors_rank_as_their_scores_do(monkeypatch, dtype, catalogue, users_at_once, three_threads):
    model, scored, split, targets, sampled = vectors_world(catalogue)
    assert model.scores_by_product and not scored.scores_by_product
    expected = vars(rank(scored.to(dtype), split, targets, CPU, sampled))
    monkeypatch.setattr(ranking, "SCORES_AT_ONCE", 1)
    monkeypatch.setattr(ranking, "ROWS", 8)
    monkeypatch.setattr(ranking, "ITEMS_AT_ONCE", 50)
    monkeypatch.setattr(ranking, "USERS_AT_ONCE", users_at_once)
    found = vars(rank(model.to(dtype), split, targets, CPU, sampled))
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert expected["ties_kept"].max() > 0 and expected["above_sampled"].max() == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_product_that_is_not_finite_is_refused(value):
    model, _, split, targets, _ = vectors_world()
    with torch.no_grad():
        model.table.weight[3, 2] = value
    with pytest.raises(FloatingPointError, match="not finite"):
        rank(model, split, targets, CPU)


def test_items_of_equal_vectors_tie():
    catalogue, users = 1001, 100
    model = Vectors(catalogue)
    with torch.no_grad():
        model.table.weight.copy_(torch.randn(5, generator=torch.Generator().manual_seed(2)).expand(catalogue, 5))
    split = make_split([[user] for user in range(users)], catalogue)
    ranks = rank(model, split, Targets(torch.arange(users), torch.arange(users) * 10), CPU)
    assert np.all(ranks.above_kept == 0) and np.all(ranks.ties_kept == catalogue - 1)


@pytest.mark.parametrize(
    ("name", "shape"), [("user_vectors", (290, 4)), ("user_vectors", (289, 5)), ("item_vectors", (29, 5))]
)
def test_vectors_of_another_shape_are_refused(name, shape):
    model, _, split, targets, _ = vectors_world()
    setattr(model, name, lambda *_: torch.zeros(shape))
    with pytest.raises(ValueError, match=rf"Vectors.{name} gave vectors of shape"):
        rank(model, split, targets, CPU)


def test_a_gpu_counts_the_same():
    model, split, targets, _ = random_world()
    counts, here = np.empty((2, 4, 200), dtype=np.int64)
    held = split.held
    assert _count_by_torch(model.scores, targets.items, held.rows, held.items, counts)
    count_ranks(model.scores, targets.items.numpy(), targets.users.numpy(), held, here)
    assert np.array_equal(counts, here)
    model.scores[3, 2] = float("inf")
    assert not _count_by_torch(model.scores, targets.items, held.rows, held.items, counts)


@pytest.mark.parametrize("shape", [(1, 30), (200, 29), (200, 31)])
def test_scores_of_another_shape_are_refused(shape):
    model, split, targets, _ = random_world()
    model.score = lambda users, items, lengths: torch.zeros(shape)
    with pytest.raises(ValueError, match=r"Fixed.score gave scores of shape"):
        rank(model, split, targets, CPU)


def test_a_constant_model_scores_what_chance_gives():
    catalogue, users = 40, 30
    split = make_split([[user % catalogue] for user in range(users)], catalogue)
    targets = Targets(
        torch.arange(users), torch.randint(catalogue, (users,), generator=torch.Generator().manual_seed(1))
    )
    ranks = rank(Fixed(torch.zeros(users, catalogue)), split, targets, CPU)
    metrics = summary(ranks.above_kept, ranks.ties_kept)
    assert metrics["hr@5"] == pytest.approx(5 / catalogue)
    assert metrics["ndcg@10"] == pytest.approx(sum(1 / np.log2(r + 1) for r in range(1, 11)) / catalogue)
    assert np.all(ranks.above_kept + ranks.ties_kept / 2 + 1 == (catalogue + 1) / 2)  # the mid-rank


@given(st.data())
def test_sampled_ranks_equal_brute_force(data):
    catalogue, users = 9, data.draw(st.integers(1, 5))
    scores = torch.tensor([data.draw(st.lists(st.integers(0, 3), min_size=catalogue, max_size=catalogue))] * users)
    targets = data.draw(st.lists(st.integers(0, catalogue - 1), min_size=users, max_size=users))
    candidates = [
        sorted(data.draw(st.sets(st.integers(0, catalogue - 1).filter(lambda item, own=own: item != own))))
        for own in targets
    ]
    offsets = torch.tensor([0, *map(len, candidates)]).cumsum(0)
    sampled = Candidates(torch.tensor([item for own in candidates for item in own], dtype=torch.int64), offsets)
    split = make_split([[0]] * users, catalogue)
    with_history = Targets(torch.arange(users), torch.tensor(targets))
    ranks = rank(Fixed(scores.float()), split, with_history, CPU, sampled)
    for user, (own, target) in enumerate(zip(candidates, targets, strict=True)):
        row = scores[user].tolist()
        assert ranks.above_sampled[user] == sum(row[item] > row[target] for item in own)
        assert ranks.ties_sampled[user] == sum(row[item] == row[target] for item in own)
    assert rank(Fixed(scores.float()), split, with_history, CPU).above_sampled is None


def test_among_all_other_items_the_sampled_rank_is_the_full_one():
    scores = torch.randn(4, 12, generator=torch.Generator().manual_seed(0))
    targets = Targets(torch.arange(4), torch.tensor([0, 3, 7, 11]))
    others = [[item for item in range(12) if item != own] for own in targets.items.tolist()]
    sampled = Candidates(torch.tensor(others).flatten(), torch.arange(5) * 11)
    ranks = rank(Fixed(scores), make_split([[0]] * 4, 12), targets, CPU, sampled)
    assert ranks.above_sampled.tolist() == ranks.above_kept.tolist()
