"""Algorithm 1's policy: what it does to a batch, and how it learns from rewards."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from methods.engine.data.split import Targets
from methods.engine.fit.adam import Adam
from methods.engine.recommender import SequentialRecommender
from methods.l2aug.actions import SETS, Sequences, edit, unedited
from methods.l2aug.augmentor import Augmentor
from methods.l2aug.batch import Batch, Source, examples
from methods.l2aug.estimator import advantages, draw, policy_loss
from methods.l2aug.reward import refuse_infinite, trained_copy, worth

PROBE_EVERY = 25  # steps: then one edit is rewarded a second time, with other negatives


@dataclass
class Course:
    """What happened. rewards: of each step, of each edit; rates: of each update of the recommender, of each action;
    probes: of some steps, two rewards of one edit; emptied: sequences of which nothing was left."""

    rewards: list[list[float]] = field(default_factory=list)
    rates: list[list[float]] = field(default_factory=list)
    probes: list[tuple[float, float]] = field(default_factory=list)
    emptied: int = 0


class Policy:
    """settings: of the treatment; of_model: those with which the recommender and its copies are trained. rewards: those
    from which it learns in place of its own, step by step, for a control."""

    group = "core"

    def __init__(
        self,
        source: Source,
        partners: Tensor,
        meta: Targets,
        settings: dict,
        of_model: dict,
        seed: int,
        rewards: list[list[float]] | None = None,
    ) -> None:
        self.source, self.partners, self.meta = source, partners.to(source.device), meta
        self.settings, self.of_model, self.seed, self.given = settings, of_model, seed, rewards
        torch.manual_seed(seed)
        self.acts = SETS[settings["actions"]]
        sizes = source.split.catalogue, settings["dim"], source.longest, self.acts
        self.augmentor = Augmentor(*sizes, settings["attention"]).to(source.device)
        self.optimizer = Adam(self.augmentor.parameters(), settings["policy_rate"])
        self.users, self.course = source.of_group(self.group), Course()
        self.chance, self.for_edits = (torch.Generator().manual_seed(seed + part) for part in (1, 2))
        self._before: float | None = None

    def learn(self, model: SequentialRecommender, step: int) -> None:
        """A step of the policy: edits of one batch, the reward of each, and the gradient of eq. 7."""
        batch = self.source.draw(self.users, self.settings["batch"], self.chance)
        log_policy = self.augmentor(batch.items)
        actions = draw(log_policy, self.settings["edits"], self.chance)
        if self.given is None:
            rewards = self._rewards(model, batch, actions, step)
        else:
            rewards = torch.tensor(self.given[(step - 1) % len(self.given)], dtype=torch.float64)
        self.course.rewards.append(rewards.tolist())
        advantage = advantages(rewards, self.settings["baseline"])
        self.optimizer.step(policy_loss(log_policy, batch.inside, actions, advantage))
        weights = sum(part.detach().sum() for part in self.augmentor.parameters())
        refuse_infinite("sum of the augmentor's weights", float(weights), step)

    def _rewards(self, model: SequentialRecommender, batch: Batch, actions: Tensor, step: int) -> Tensor:
        if self._before is None:
            self._before = self._worth(model)
        shared = self.settings["negatives"] == "shared"
        tables, rewards = self._negatives(batch), []
        for number, acts in enumerate(actions):
            if number and not shared:
                tables = self._negatives(batch)
            rewards.append(self._reward(model, batch, acts, tables, step))
        if step % PROBE_EVERY == 1:
            self.course.probes.append(
                (rewards[0], self._reward(model, batch, actions[0], self._negatives(batch), step))
            )
        return torch.tensor(rewards, dtype=torch.float64)

    def _reward(
        self, model: SequentialRecommender, batch: Batch, acts: Tensor, tables: list[Tensor | None], step: int
    ) -> float:
        """The gain of one edit; 0 where it leaves no pair to train on."""
        edited = self._edited(batch, acts)
        steps = [examples([(edited, table)]) for table in tables]
        if steps[0] is None:
            return 0.0
        after = trained_copy(model, self.of_model, self.seed + step, self.source.device, steps)
        value = self._worth(after) - self._before
        refuse_infinite("reward", value, step)
        return value

    def _worth(self, model: SequentialRecommender) -> float:
        return worth(model, self.source.split, self.meta, self.settings["reward"], self.source.device)

    def _negatives(self, batch: Batch) -> list[Tensor | None]:
        return [self.source.draw_negatives(batch, self.chance) for _ in range(self.settings["fine_tune"])]

    def _edited(self, batch: Batch, acts: Tensor) -> Sequences:
        return edit(batch.items, batch.lengths, acts, self.partners, self.source.longest)

    def edit(self, batch: Batch) -> Sequences:
        """The batch that the recommender is trained on; what the recommender was worth before is not so any more."""
        with torch.no_grad():
            acts = draw(self.augmentor(batch.items), 1, self.for_edits)[0]
        self._before = None
        taken = torch.bincount(acts[batch.inside], minlength=self.acts).double()
        self.course.rates.append((taken / taken.sum()).tolist())
        edited = self._edited(batch, acts)
        self.course.emptied += int((edited.lengths == 0).sum())
        return edited

    @torch.no_grad()
    def chances(self, batch: Batch) -> Tensor:
        """Of each action at each place. Shape (rows, width, actions)."""
        return self.augmentor(batch.items).exp()


class Unedited:
    """The controls `steps` and `casual`: sequences of a group as they are."""

    def __init__(self, group: str) -> None:
        self.group = group

    def learn(self, model: SequentialRecommender, step: int) -> None:
        """There is nothing to learn."""

    def edit(self, batch: Batch) -> Sequences:
        return unedited(batch.items, batch.lengths)


class ByRate(Unedited):
    """The control `rate`: at each update random actions, as often as a policy took each of them there."""

    def __init__(self, rates: list[list[float]], partners: Tensor, longest: int, seed: int) -> None:
        super().__init__("core")
        self.rates, self.partners, self.longest, self.update = rates, partners, longest, 0
        self.chance = torch.Generator().manual_seed(seed)

    def edit(self, batch: Batch) -> Sequences:
        rates = torch.tensor(self.rates[min(self.update, len(self.rates) - 1)])
        self.update += 1
        alike = rates.clamp(min=math.ulp(0)).log().expand(*batch.items.shape, len(rates))
        acts = draw(alike, 1, self.chance)[0].to(batch.items.device)
        return edit(batch.items, batch.lengths, acts, self.partners.to(acts.device), self.longest)
