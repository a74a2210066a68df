"""Everything that one CASR sampler generates from a split, before any of it is refused: a pool of sequences."""

from dataclasses import dataclass, fields
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file
from methods.engine.data.branches import Branches


@dataclass(frozen=True)
class Pool:
    """Sequence s replaces one item of one training sample; rows are ordered by round, then by sample.

    windows, starts (s,) and items (s, steps): as in `Branches`; items[:, 0] is the replacement, or with a shift the
    item that was moved. labels (s,): next item by eq. 2. confidence (s,): the sampler's largest probability, the
    smallest of it over the rounds so far, because each round filters. changed (s,): the round changed the next item.
    priority (s,): uniform in [0, 1), one number for each training sample; a share r keeps priority < r, so that
    smaller shares are subsets. distance (s,): how far the item was moved from the observed one, in the sampler's
    embedding. original, observed (s,): the observed item at the index and the observed next item. nearest (s,): the
    replacement, or the item nearest to a virtual one in the sampler's embedding. rounds (s,): from 1. shift (s, dim):
    the virtual item's distance from items[:, 0] in the anchor's embedding, or None.
    too_short, without_candidates: priorities of the samples that have no such index, or no other item in C.
    strategy, index, share, last_round: how the pool was drawn.
    """

    windows: Tensor
    starts: Tensor
    items: Tensor
    labels: Tensor
    confidence: Tensor
    changed: Tensor
    priority: Tensor
    distance: Tensor
    original: Tensor
    observed: Tensor
    nearest: Tensor
    rounds: Tensor
    too_short: Tensor
    without_candidates: Tensor
    strategy: str
    index: int
    share: float
    last_round: int
    shift: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def branches(self, chosen: Tensor) -> Branches:
        """The sequences at `chosen` (a mask or positions), as the training takes them."""
        return Branches(self.windows, self.starts, self.items, self.labels, self.shift).take(chosen)


_TYPES = {"strategy": str, "index": int, "share": float, "last_round": int}


def save_pool(pool: Pool, file: Path) -> None:
    """Write `pool` as safetensors: the tensors by name, the rest as the file's metadata."""
    tensors = {name: value.contiguous() for name, value in vars(pool).items() if isinstance(value, Tensor)}
    with whole_file(file) as temporary:
        save_file(tensors, temporary, metadata={name: str(getattr(pool, name)) for name in _TYPES})


def load_pool(file: Path) -> Pool:
    """Read what `save_pool` wrote. A file that is not a pool is an error that says so."""
    try:
        with safe_open(file, framework="pt") as content:
            about = content.metadata() or {}
            tensors = {name: content.get_tensor(name) for name in content.keys()}
        return Pool(**tensors, **{name: kind(about[name]) for name, kind in _TYPES.items()})
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        names = ", ".join(field.name for field in fields(Pool))
        raise BadInput(f"{file}: not a pool of CASR ({error}); expected {names}; draw the pool again") from error
