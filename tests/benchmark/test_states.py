"""States from RecBole's weights: every parameter has its place, and a difference is found."""

import numpy as np
import pytest
import torch

from methods.cards import load_card
from methods.engine.recommender import at_end
from tests.benchmark.test_fits import REAL, Trial
from tests.casr.support import tiny_split
from workflow.benchmark import states
from workflow.benchmark.data import Data
from workflow.benchmark.peer_inputs import ALIKE
from workflow.benchmark.states import NAMES, difference
from workflow.benchmark.turns import Failed
from workflow.cells import steps

SPLIT = tiny_split([9, 4, 5, 7, 6, 3])


def peer_file(method, model, folder):
    """What RecBole would write if it had the weights of `model`, whose recurrence has no biases."""
    own = {name: value.numpy() for name, value in model.state_dict().items()}
    peer = {theirs: own[ours] for ours, theirs in NAMES[method].items()}
    table = own["item_embedding.weight"]
    peer["item_embedding.weight"] = np.concatenate([np.zeros((1, table.shape[1]), table.dtype), table])
    if method == "narm":
        of_global, of_local = np.split(own["decoder.weight"], 2, axis=1)
        peer["b.weight"] = np.concatenate([of_local, of_global], axis=1)
    items, lengths = torch.randint(SPLIT.catalogue, (5, 6)), torch.tensor([1, 6, 3, 2, 6])
    with torch.no_grad():
        found = at_end(model.encode(model.item_embedding(items)).states, lengths).numpy()
    peer |= {"items": items.numpy(), "lengths": lengths.numpy(), "states": found}
    np.savez(folder / "peer.npz", **peer)
    return folder / "peer.npz"


@pytest.fixture(params=list(NAMES))
def method(request):
    return request.param


def made(method, seed):
    model = steps.build(method, SPLIT, load_card(method).configured({"embedding": 8, **ALIKE.get(method, {})}), seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.zeros_like(parameter) if "bias_" in name else torch.randn_like(parameter) / 2)
    return model.eval()


def test_from_equal_weights_the_states_are_the_same(method, tmp_path):
    file = peer_file(method, made(method, 1), tmp_path)
    assert difference(made(method, 2), method, file) == 0


def test_a_difference_is_that_of_the_largest_number(method, tmp_path):
    with np.load(peer_file(method, made(method, 1), tmp_path)) as stored:
        found = stored["states"].copy()
    largest = np.abs(found).max()
    changed = found.copy()
    changed[np.unravel_index(np.abs(found).argmin(), found.shape)] += largest / 4
    with np.load(tmp_path / "peer.npz") as stored:
        np.savez(tmp_path / "changed.npz", **{**stored, "states": changed})
    assert difference(made(method, 2), method, tmp_path / "changed.npz") == pytest.approx(0.25, rel=1e-5)


def test_each_weight_counts(method, tmp_path):
    with np.load(peer_file(method, made(method, 1), tmp_path)) as stored:
        peer = dict(stored)
    for theirs in NAMES[method].values():
        np.savez(tmp_path / "changed.npz", **{**peer, theirs: 0 * peer[theirs]})
        assert difference(made(method, 2), method, tmp_path / "changed.npz") > 1e-3, theirs


def test_weights_can_be_drawn_as_the_peer_s():
    model = steps.build("stamp", tiny_split([400] * 20), load_card("stamp").configured({"embedding": 64}), 1)
    biases = {name: parameter.clone() for name, parameter in model.named_parameters() if "bias" in name}
    assert states.redraw(model, "stamp") is model
    for name, parameter in model.named_parameters():
        if name in biases:
            assert not parameter.any() and not biases[name].any()
        else:
            wanted = 0.002 if "embedding" in name else 0.05  # recbole/model/sequential_recommender/stamp.py
            assert float(parameter.detach().std()) == pytest.approx(wanted, rel=0.3), name


def test_a_peer_that_is_absent_is_a_reason(monkeypatch, tmp_path):
    class Side:
        def ask(self, seconds, **command):
            raise Failed("no module recbole")

        def close(self):
            pass

    bench = Trial(
        quick=False, runs=2, seconds=300.0, threads=1, device="cpu", python=tmp_path, peer=tmp_path, store=tmp_path,
        results=tmp_path, raw=None, say=print,
    )  # fmt: skip
    monkeypatch.setattr(Trial, "engine", lambda *about: Side())
    monkeypatch.setattr(Trial, "recbole", lambda *about: Side())
    monkeypatch.setattr(Trial, "data", lambda *about: Data(tmp_path, "lastfm", REAL))
    assert [row.ours.reason for row in states.states(bench)] == ["no module recbole"] * len(NAMES)
