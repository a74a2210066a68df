"""What a treatment is to everything else: from data and pretrained models to a retrained anchor.

A treatment's module `methods/<name>/treatment.py` offers

    retrain(task) -> Retrained | None   the anchor, trained on; None: there is nothing to train it on
    describe(task, retrained, held_out, truth) -> dict    what is to be known of it, made after all training; optional

and where its card has the key `generation`

    generate(source) -> pool            what several cells draw on, made without a look at any held-out item
    save(pool, file), load(file)        as safetensors
    counts(pool) -> dict                how large it is, for pool.json

A pool is whatever the module makes of it.
"""

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from types import ModuleType

import torch

from datasets.pipeline.lists import Lists
from methods.engine.data.split import Split, Targets
from methods.engine.recommender import Fitted, Recommender, Run

Say = Callable[[str], None]


@dataclass(frozen=True)
class Truth:
    """The structural model behind a data set: the data set's module `truth`, which says by its functions what can be
    asked, and what its `load_truth` read. lists: all that was shown, where the data has lists."""

    module: ModuleType
    content: object
    lists: Lists | None = None

    def answers(self, question: str) -> bool:
        return hasattr(self.module, question)


@dataclass(frozen=True)
class Oracle:
    """What an oracle is given: the truth, and the pairs of user and item that the split holds out. Those are to be
    withheld: no list may show one, as none of the data does."""

    truth: Truth
    withheld: tuple[Targets, ...]


@dataclass(frozen=True)
class Source:
    """What generation may look at.

    strategy: its letter on the card, empty where there are none; lists(): training lists, BadInput where the data has
    none; models: pretrained, by the roles that the card says the strategy looks at; settings: by role, `treatment` and
    those of the models; oracle: the truth, for the card of a treatment that says `sees_truth`, else None.
    """

    strategy: str
    split: Split
    lists: Callable[[], Lists]
    models: Mapping[str, Recommender]
    settings: Mapping[str, Mapping]
    seed: int
    device: torch.device
    say: Say
    oracle: Oracle | None = None


@dataclass(frozen=True)
class Task:
    """One retraining. strategy: its letter on the card, empty where there are none; pool: None where none is drawn;
    seed: that of the cell's combination; settings: by role (anchor, treatment, and the role of the second model where
    there is one); anchor: the module of its method, with `build` and `fit`; pretrained(): the anchor as it was trained
    on the observed data; others: the second pretrained model likewise, by its role on the card.

    control: the variant's name where this is a control; treated: then what the treated cell left for this seed
    (workflow/README.md, `seeds`), e.g. its epochs and augmentation.
    """

    strategy: str
    pool: object
    split: Split
    settings: Mapping[str, Mapping]
    anchor: ModuleType
    pretrained: Callable[[], Recommender]
    run: Run
    seed: int
    others: Mapping[str, Callable[[], Recommender]] = field(default_factory=dict)
    control: str = ""
    treated: Mapping | None = None

    @property
    def control_epochs(self) -> int | None:
        """How many epochs a control trains: as many as its treated cell did."""
        return self.treated["epochs"] if self.treated else None


@dataclass(frozen=True)
class Retrained:
    """trained: how many sequences or sets it was trained on besides the data; details: what `describe` wants."""

    model: Recommender
    fitted: Fitted
    trained: int
    details: object = None


def or_stay(model: Recommender, run: Run, fit: Callable[[], Fitted], may_stay: bool) -> Fitted:
    """Fit the model on; where it may stay, its weights from before are a candidate like those after each epoch, and of
    equal validation values the earliest one is taken."""
    if not may_stay:
        return fit()
    start, before = run.validate(model.to(run.device)), deepcopy(model.state_dict())
    fitted = fit()
    stays = start >= fitted.best
    if stays:
        model.load_state_dict(before)
    return replace(fitted, start=start, best_epoch=0 if stays else fitted.best_epoch)


def derived_seed(seed: int, *names: str) -> int:
    """A seed for one purpose, which the names tell."""
    return int.from_bytes(hashlib.sha256(f"{seed} {' '.join(names)}".encode()).digest()[:4], "big") >> 1
