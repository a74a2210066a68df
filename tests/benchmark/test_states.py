"""States from RecBole's weights: every parameter has its place, and a difference is found."""

import numpy as np
import pytest
import torch

from methods.cards import load_card
from tests.benchmark.test_fits import REAL, Trial
from tests.casr.support import tiny_split
from workflow.benchmark import states
from workflow.benchmark.data import Data
from workflow.benchmark.peer_inputs import ALIKE
from workflow.benchmark.states import NAMES, difference
from workflow.benchmark.turns import Failed
from workflow.cells import steps

SPLIT = tiny_split([9, 4, 5, 7, 6, 3])


DIM, HIDDEN = 8, 5
# RecBole's parameters, as its classes name them
SHAPES = {
    "narm": {
        "gru.weight_ih_l0": (3 * HIDDEN, DIM), "gru.weight_hh_l0": (3 * HIDDEN, HIDDEN), "a_1.weight": (HIDDEN, HIDDEN),
        "a_2.weight": (HIDDEN, HIDDEN), "v_t.weight": (1, HIDDEN), "b.weight": (DIM, 2 * HIDDEN),
    },
    "stamp": {
        "w1.weight": (DIM, DIM), "w2.weight": (DIM, DIM), "w3.weight": (DIM, DIM), "b_a": (DIM,), "w0.weight": (1, DIM),
        "mlp_a.weight": (DIM, DIM), "mlp_a.bias": (DIM,), "mlp_b.weight": (DIM, DIM), "mlp_b.bias": (DIM,),
    },
}  # fmt: skip


def narm(w, vectors):
    """RecBole's state of one history (length, dim): it attends with a_2 of the last hidden vector to a_1 of all."""
    gru = torch.nn.GRU(DIM, HIDDEN, bias=False)
    gru.load_state_dict({name.removeprefix("gru."): w[name] for name in w if name.startswith("gru.")})
    hidden = gru(vectors)[0]
    weights = torch.sigmoid(hidden @ w["a_1.weight"].T + w["a_2.weight"] @ hidden[-1]) @ w["v_t.weight"][0]
    return w["b.weight"] @ torch.cat([weights @ hidden, hidden[-1]])


def stamp(w, vectors):
    """The same: w1 of each item, w2 of the last, w3 of their mean, which is added to the memory, too."""
    mean, last = vectors.mean(0), vectors[-1]
    energies = torch.sigmoid(vectors @ w["w1.weight"].T + w["w2.weight"] @ last + w["w3.weight"] @ mean + w["b_a"])
    memory = (energies @ w["w0.weight"][0]) @ vectors + mean
    session = torch.tanh(w["mlp_a.weight"] @ memory + w["mlp_a.bias"])
    return session * torch.tanh(w["mlp_b.weight"] @ last + w["mlp_b.bias"])


def peer_file(method, folder):
    """What RecBole would write: its weights, some histories and their states."""
    torch.manual_seed(1)
    peer = {name: torch.randn(shape) / 2 for name, shape in SHAPES[method].items()}
    table = torch.randn(SPLIT.catalogue, DIM) / 2
    items, lengths = torch.randint(SPLIT.catalogue, (5, 6)), torch.tensor([1, 6, 3, 2, 6])
    with torch.no_grad():
        of_one = {"narm": narm, "stamp": stamp}[method]
        states = torch.stack([of_one(peer, table[row[:n]]) for row, n in zip(items, lengths, strict=True)])
    peer |= {"item_embedding.weight": torch.cat([torch.zeros(1, DIM), table]), "items": items, "lengths": lengths}
    np.savez(folder / "peer.npz", **{name: value.numpy() for name, value in peer.items()}, states=states.numpy())
    return folder / "peer.npz"


@pytest.fixture(params=list(NAMES))
def method(request):
    return request.param


def made(method):
    sizes = {"embedding": DIM} | ({"hidden": HIDDEN} if method == "narm" else {})
    return steps.build(method, SPLIT, load_card(method).configured({**sizes, **ALIKE.get(method, {})}), 2).eval()


def test_from_equal_weights_the_states_are_the_same(method, tmp_path):
    assert difference(made(method), method, peer_file(method, tmp_path)) < 1e-6


def test_a_difference_is_that_of_the_largest_number(method, tmp_path):
    with np.load(peer_file(method, tmp_path)) as stored:
        found = stored["states"].copy()
    largest = np.abs(found).max()
    changed = found.copy()
    changed[np.unravel_index(np.abs(found).argmin(), found.shape)] += largest / 4
    with np.load(tmp_path / "peer.npz") as stored:
        np.savez(tmp_path / "changed.npz", **{**stored, "states": changed})
    assert difference(made(method), method, tmp_path / "changed.npz") == pytest.approx(0.25, rel=1e-5)


def test_each_weight_counts(method, tmp_path):
    with np.load(peer_file(method, tmp_path)) as stored:
        peer = dict(stored)
    for theirs in NAMES[method].values():
        np.savez(tmp_path / "changed.npz", **{**peer, theirs: 0 * peer[theirs]})
        assert difference(made(method), method, tmp_path / "changed.npz") > 1e-3, theirs


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
