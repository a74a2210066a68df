import hypothesis
import pytest
import torch

from methods.engine.data.split import Split

hypothesis.settings.register_profile("no-clock", deadline=None)  # the first example compiles kernels
hypothesis.settings.load_profile("no-clock")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def three_threads(one_thread):
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(1)


def make_split(histories: list[list[int]], catalogue: int) -> Split:
    lengths = torch.tensor([0] + [len(history) for history in histories])
    items = torch.tensor([item for history in histories for item in history], dtype=torch.int64)
    return Split("made", items, lengths.cumsum(0), torch.full((catalogue,), -1))
