"""Each strategy, batched and on branches, against the literal transcription."""

import pytest
import torch

from methods.casr import data_oriented, drawing, model_oriented
from methods.casr.perturbation import minimise, moved
from methods.casr.prefixes import encode
from methods.engine.data.branches import Branches
from tests.casr import literal

NOTHING = torch.zeros(5, dtype=torch.float64)
IDENTITY = [torch.eye(12, dtype=torch.float64)] * 2  # with it as the item embeddings, states are scores


def rows_by_sample(pool):
    """(window, start) -> the pool's rows of that sample, in the order of the rounds."""
    found = {}
    for row in range(len(pool)):
        found.setdefault((int(pool.windows[row]), int(pool.starts[row])), []).append(row)
    return found


def all_samples(windows, depth):
    window, position = windows.samples
    return {(int(w), int(p) + 1 - depth) for w, p in zip(window, position, strict=True) if p + 1 >= depth}


@pytest.mark.parametrize("index", [-1, -2, -3])
def test_heuristic_next_item(world, draw, index):
    pool = draw("h", index=index, rounds=2)
    samples = rows_by_sample(pool)
    assert set(samples) == all_samples(world.windows, -index)
    for (window, start), rows in samples.items():
        history, label = literal.observed_sample(world.windows, window, start, -index)
        smallest = 1.0
        for row in rows:
            replacement = int(pool.items[row, 0])
            assert replacement != history[start]
            assert pool.original[row] == literal.observed_sample(world.windows, window, start, -index)[0][start]
            history[start] = replacement
            assert pool.items[row].tolist() == history[start:]
            following, confidence = literal.next_item(world.sampler, history, start, NOTHING)
            smallest = min(smallest, confidence)
            assert pool.labels[row] == following
            assert pool.confidence[row] == pytest.approx(smallest, rel=1e-9)
            assert bool(pool.changed[row]) == (following != label)
            label = following


@pytest.mark.parametrize(
    ("index", "alpha", "steps", "choice"), [(-1, 1.0, 4, "category"), (-2, 30.0, 8, "all"), (-3, 1000.0, 3, "all")]
)
def test_data_oriented_literally(world, draw, settings, index, alpha, steps, choice):
    chosen = {"index": index, "alpha": alpha, "steps": steps, "rate": 0.3, "candidates": choice}
    pool = draw("d", rounds=2, **chosen)
    samples = rows_by_sample(pool)
    assert set(samples) == all_samples(world.windows, -index)
    second_rounds = 0
    for (window, start), rows in samples.items():
        history, label = literal.observed_sample(world.windows, window, start, -index)
        observed = history[start]
        for row in rows:
            replacement = literal.data_oriented(world.sampler, world.split, history, start, label, settings(**chosen))
            assert pool.items[row, 0] == pool.nearest[row] == replacement
            history[start] = replacement
            following, _ = literal.next_item(world.sampler, history, start, NOTHING)
            assert pool.labels[row] == following
            assert bool(pool.changed[row]) == (following != label)
            weight = world.sampler.item_embedding.weight.detach()
            assert float(pool.distance[row]) == pytest.approx(float((weight[replacement] - weight[observed]).norm()))
            label = following
            second_rounds += pool.rounds[row] == 2
        assert all(pool.changed[row] for row in rows[:-1])  # an unchanged sequence ends the rounds of its sample
        assert len(rows) == 2 or not pool.changed[rows[-1]]
    assert second_rounds > 0


def test_data_oriented_moves_what_the_sampler_predicts(world):
    """Where the sampler expects the old next item, Delta has to leave zero, and then stops at once."""
    history = torch.tensor([[3, 8, 1]])
    prefixes = encode(world.sampler, history)
    plain = Branches(torch.tensor([0]), torch.tensor([1]), history[:, 1:], torch.tensor([0]))
    label = world.sampler.item_scores(prefixes.states(plain)).argmax(dim=1)
    seen = []

    def losses(delta, rows):
        chance, another = data_oriented.chances(world.sampler, prefixes.states(moved(plain, delta)), label)
        seen.append(another)
        return data_oriented.objective(delta, chance, 100.0), seen[-1]

    delta = minimise(losses, torch.zeros(1, 5, dtype=torch.float64), 50, 1.0, 0.1)
    assert not seen[0] and seen[-1] and 1 < len(seen) < 50
    assert world.sampler.item_scores(prefixes.states(moved(plain, delta))).argmax(dim=1) != label


@pytest.mark.parametrize(
    ("index", "tau", "beta", "steps"), [(-1, 1.0, 0.1, 3), (-2, 0.3, 0.001, 4), (-3, 20.0, 1.0, 3)]
)
def test_model_oriented_literally(world, draw, settings, index, tau, beta, steps):
    chosen = {"index": index, "tau": tau, "beta": beta, "steps": steps, "rate": 0.3}
    pool = draw("m", rounds=2, **chosen)
    samples = rows_by_sample(pool)
    assert set(samples) == all_samples(world.windows, -index)
    for (window, start), rows in samples.items():
        history, _ = literal.observed_sample(world.windows, window, start, -index)
        shift = NOTHING
        for row in rows:
            shift = shift + literal.model_oriented(
                world.sampler, world.anchor, history, start, shift, settings(**chosen)
            )
            torch.testing.assert_close(pool.shift[row], shift, rtol=1e-6, atol=1e-9)
            assert pool.items[row].tolist() == history[start:]
            following, _ = literal.next_item(world.sampler, history, start, shift)
            assert pool.labels[row] == following
            point = world.sampler.item_embedding.weight.detach()[history[start]] + shift
            lengths = [float((point - vector).norm()) for vector in world.sampler.item_embedding.weight.detach()]
            assert pool.nearest[row] == lengths.index(min(lengths))
            assert float(pool.distance[row]) == pytest.approx(float(shift.norm()))


def test_model_oriented_raises_its_objective(world, draw):
    """The found virtual item is worse for the anchor than the observed one, and more so with a smaller penalty."""
    values = []
    for beta in (100.0, 0.01):
        pool = draw("m", beta=beta, steps=15, rate=0.2)
        total = 0.0
        for row in range(len(pool)):
            start = int(pool.starts[row])
            history, _ = literal.observed_sample(world.windows, int(pool.windows[row]), start, 2)
            both = [
                [literal.logits(model, history, start, delta)[None].detach() for model in (world.sampler, world.anchor)]
                for delta in (NOTHING, pool.shift[row])
            ]
            before, after = (
                model_oriented.objective(NOTHING[None], pair, IDENTITY, tau=1.0, beta=0.0) for pair in both
            )
            total += float(after - before)
        values.append(total)
    assert values[1] > values[0] > -0.01 * values[1]
    assert values[1] > 0.1


@pytest.mark.parametrize("strategy", ["d", "m"])
def test_gradient_of_delta_by_finite_differences(world, strategy):
    history = torch.tensor([[3, 8, 1, 4], [7, 2, 2, 0]])
    plain = Branches(torch.tensor([1, 0]), torch.tensor([2, 1]), torch.tensor([[2, 0], [8, 1]]), torch.tensor([5, 6]))
    sampler, anchor = encode(world.sampler, history), encode(world.anchor, history)

    def loss(delta):
        sample = moved(plain, delta)
        states = [sampler.states(sample), anchor.states(sample)]
        items = [world.sampler.item_embedding.weight.detach(), world.anchor.item_embedding.weight.detach()]
        if strategy == "d":
            chance, _ = data_oriented.chances(world.sampler, states[0], plain.labels)
            return data_oriented.objective(delta, chance, alpha=20.0).sum()
        return model_oriented.objective(delta, states, items, tau=2.0, beta=0.7).sum()

    delta = torch.randn(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3), requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(delta), delta)
    step = 1e-6
    for place in range(delta.numel()):
        nudge = torch.zeros(10, dtype=torch.float64)
        nudge[place] = step
        with torch.no_grad():
            slope = (loss(delta + nudge.view(2, 5)) - loss(delta - nudge.view(2, 5))) / (2 * step)
        assert float(gradient.flatten()[place]) == pytest.approx(float(slope), rel=1e-5, abs=1e-8)


def test_expectation_between_argmax_and_uniform_mean():
    generator = torch.Generator().manual_seed(0)
    sampler, anchor = torch.randn(2, 4, 12, generator=generator, dtype=torch.float64)
    still = torch.zeros(4, 3, dtype=torch.float64)
    log_chance = anchor.log_softmax(dim=1)
    sharp = model_oriented.objective(still, [sampler, anchor], IDENTITY, tau=1e6, beta=1.0)
    torch.testing.assert_close(sharp, -log_chance[torch.arange(4), sampler.argmax(dim=1)])
    flat = model_oriented.objective(still, [sampler, anchor], IDENTITY, tau=0.0, beta=1.0)
    torch.testing.assert_close(flat, -log_chance.mean(dim=1))


@pytest.mark.parametrize("strategy", ["h", "d", "m"])
def test_batches_do_not_change_the_pool(draw, monkeypatch, strategy):
    whole = draw(strategy, rounds=2, rate=0.3, alpha=30.0)
    monkeypatch.setattr(drawing, "SAMPLES_AT_ONCE", 4)
    parts = draw(strategy, rounds=2, rate=0.3, alpha=30.0)
    for name, value in vars(whole).items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(getattr(parts, name), value)
