"""BERT4Rec: what a mask hides stays hidden, what stands behind it is seen, and padding is neither."""

import pytest
import torch

from datasets.pipeline.errors import BadInput
from methods.bert4rec.model import hidden, windows
from methods.casr.drawing import draw_pool
from methods.engine.data.windows import cut_windows
from methods.engine.fit.end_states import placed
from tests.casr.support import card_settings
from tests.engine.conftest import make_split
from tests.methods.support import CPU, build, cycles, fitted, hit_rate, padding_changes_nothing, spread


def model(**changes):
    return spread(build("bert4rec", make_split([[0]], 9), **{"embedding": 4, "max_length": 6, **changes})).eval()


def test_a_state_at_a_mask_knows_what_stands_on_either_side_and_not_what_it_hides():
    net, items = model(), torch.tensor([[0, 1, 2, 3, 4, 5]])
    held, masked = torch.ones(1, 6, dtype=torch.bool), torch.zeros(1, 6, dtype=torch.bool)
    masked[0, 2] = True

    def at_mask(**changes):
        other = items.clone()
        for place, item in changes.items():
            other[0, int(place[1:])] = item
        return net.states(other, held, masked)[0, 2]

    assert torch.equal(at_mask(_2=8), at_mask())
    assert not torch.allclose(at_mask(_4=8), at_mask()) and not torch.allclose(at_mask(_0=8), at_mask())


def test_padding_is_neither_seen_nor_masked():
    padding_changes_nothing(model(), [[1, 2, 3], [4], [5, 6, 7, 0, 1, 2, 3]])
    chance = torch.rand(500, 5, generator=torch.Generator().manual_seed(0))
    counts = torch.randint(2, 6, (500,), generator=torch.Generator().manual_seed(1))
    masked = hidden(chance, counts, torch.zeros(500, dtype=torch.bool), 0.3)
    held = torch.arange(5, 0, -1) <= counts[:, None]
    assert not (masked & ~held).any() and masked.any(dim=1).all()
    share = masked.sum() / held.sum()
    assert 0.3 < share < 0.45  # the share, and at least one of each row


def test_last_only_masks_hide_the_last_item_of_every_row():
    chance = torch.rand(20, 5)
    masked = hidden(chance, torch.full((20,), 3), torch.ones(20, dtype=torch.bool), 0.3)
    assert masked[:, -1].all() and masked.sum() == 20


def test_windows_cover_every_item_once_but_those_that_stand_alone():
    split = make_split([list(range(7)), [0, 1], [2], list(range(9))], 9)
    ends, counts = windows(split, 4)
    read = [split.items[end - count : end].tolist() for end, count in zip(ends.tolist(), counts.tolist(), strict=True)]
    assert read == [[3, 4, 5, 6], [0, 1, 2], [0, 1], [5, 6, 7, 8], [1, 2, 3, 4]]


def test_a_history_stands_at_the_end_of_its_window():
    window, held = placed(torch.tensor([[1, 2, 3, 4], [5, 0, 0, 0]]), torch.tensor([4, 1]), 3)
    assert window[0].tolist() == [2, 3, 4] and held.tolist() == [[True] * 3, [False, False, True]]
    assert window[1, -1] == 5


@pytest.mark.parametrize("last_share", [0.3, 1.0])
def test_learns_a_cycle_and_says_whether_it_was_still_rising(last_share):
    split, users, items = cycles(items=10)
    chosen = {"embedding": 16, "learning_rate": 0.01, "batch": 32, "epochs": 40, "max_length": 6, "dropout": 0.0}
    validate = hit_rate(split, users, items, False)
    _, found = fitted("bert4rec", split, validate, patience=40, last_share=last_share, **chosen)
    assert found.best > 0.9 and found.epochs == 40 and not found.stopped_early


def test_casr_refuses_it_with_a_sentence():
    split = make_split([[0, 1, 2, 3]] * 3, 5)
    with pytest.raises(BadInput, match="state after each of its prefixes"):
        draw_pool(
            "h", build("bert4rec", split), None, split, cut_windows(split, 8), card_settings(), torch.Generator(), CPU
        )
