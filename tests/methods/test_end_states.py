"""FMLPRec and BSARec: filters with a known answer, and states of a prefix that know nothing of what follows it."""

import pytest
import torch

from datasets.pipeline.errors import BadInput
from methods.bsarec.model import Layer
from methods.casr.drawing import draw_pool
from methods.engine.data.windows import cut_windows
from methods.engine.fit import end_states
from methods.fmlprec.model import Filter
from tests.casr.support import card_settings
from tests.engine.conftest import make_split
from tests.methods.support import CPU, build, cycles, fitted, hit_rate, padding_changes_nothing, spread

WINDOWED = ["fmlprec", "bsarec"]


@pytest.mark.parametrize("length", [7, 8])
def test_a_filter_is_a_circular_convolution(length):
    layer, x = Filter(3, length, 0.0).double(), torch.randn(2, length, 3, dtype=torch.double)
    torch.nn.init.normal_(layer.weight)
    kernel = torch.fft.irfft(torch.view_as_complex(layer.weight), n=length, dim=0)
    expected = sum(kernel[back] * x.roll(back, dims=1) for back in range(length))
    torch.testing.assert_close(layer.filtered(x), expected)
    layer.weight.data = torch.tensor([1.0, 0.0]).double().expand_as(layer.weight).clone()
    torch.testing.assert_close(layer.filtered(x), x)


def test_bsarec_s_low_and_high_frequencies_and_alpha():
    x = torch.randn(2, 8, 4, dtype=torch.double)
    layer = spread(Layer(4, 0.0, 2, 0.3, 1))
    mean = x.mean(1, keepdim=True)
    torch.testing.assert_close(layer.filtered(x), mean + layer.beta**2 * (x - mean))
    layer.frequencies = 5  # all of them
    torch.testing.assert_close(layer.filtered(x), x)
    layer.frequencies = 2
    layer.beta.data.fill_(1)
    torch.testing.assert_close(layer.filtered(x), x)
    layer.alpha = 0.0
    torch.testing.assert_close(layer(x), layer.norms[1](x + layer.attended(x)))
    layer.alpha = 1.0
    torch.testing.assert_close(layer(x), layer.norms[0](x + layer.filtered(x)))


@pytest.mark.parametrize("name", WINDOWED)
def test_a_row_in_a_batch_is_the_row_alone(name):
    model = spread(build(name, make_split([[0]], 8), embedding=4, max_length=6)).eval()
    padding_changes_nothing(model, [[1, 2, 3], [4], [5, 6, 7, 0, 1, 2]])


@pytest.mark.parametrize("rows", ["targets", "users"])
@pytest.mark.parametrize("name", WINDOWED)
def test_a_training_row_holds_what_stands_before_its_target(name, rows, monkeypatch):
    histories = [[0, 1, 2, 3, 4], [5, 6], [7]]
    seen, loss = set(), end_states.softmax_loss
    read = []

    def told(model, states, targets, count):
        seen.update(zip(read[-1], targets.tolist(), strict=True))
        return loss(model, states, targets, count)

    monkeypatch.setattr(end_states, "softmax_loss", told)
    split = make_split(histories, 8)
    cls = type(build(name, split))
    inner = cls.end_states

    def watched(model, items, lengths):
        read.append([tuple(row[:n].tolist()) for row, n in zip(items, lengths, strict=True)])
        return inner(model, items, lengths)

    monkeypatch.setattr(cls, "end_states", watched)
    fitted(name, split, rows=rows, epochs=20, patience=20, batch=2, max_length=3, embedding=4)
    assert seen == {((0,), 1), ((0, 1), 2), ((0, 1, 2), 3), ((1, 2, 3), 4), ((5,), 6)}


@pytest.mark.parametrize("name", WINDOWED)
def test_learns_a_cycle(name):
    split, users, items = cycles(items=12)
    chosen = {"embedding": 16, "learning_rate": 0.01, "batch": 64, "epochs": 8, "max_length": 8, "dropout": 0.1}
    assert fitted(name, split, hit_rate(split, users, items, False), **chosen)[1].best > 0.9


@pytest.mark.parametrize("name", WINDOWED)
def test_casr_refuses_them_with_a_sentence(name):
    split = make_split([[0, 1, 2, 3]] * 3, 5)
    with pytest.raises(BadInput, match="state after each of its prefixes"):
        draw_pool("h", build(name, split), None, split, cut_windows(split, 8), card_settings(), torch.Generator(), CPU)
