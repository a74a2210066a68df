"""Algorithm 1 from a learnt simulator and a trained target model on: the policy, and the rounds of training on C."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import torch

from datasets.pipeline.errors import BadInput
from methods.cpr.counterfactual import Sets, control_sets, counterfactuals
from methods.cpr.fit import World
from methods.cpr.policy import act, fit_policy
from methods.cpr.settings import STRATEGIES, check
from methods.cpr.target import pair_logits, retrain
from methods.engine.data.split import Split
from methods.engine.recommender import Fitted, Recommender, Run
from methods.engine.treatment import or_stay

CONTROL = "control"


@dataclass
class Augmented:
    """The course of the last loop, the sets of its first round, and the policy's mean reward at every step."""

    fitted: Fitted
    first: Sets
    rewards: list[float] = field(default_factory=list)


def augment(
    strategy: str, model: Recommender, split: Split, world: World | None, settings: Mapping, run: Run
) -> Augmented:
    """Train `model`, which has been trained on the split, on counterfactual sets.

    strategy: l, lists from the learned policy; r, random lists (CPR-r); control, random sets, as many and of the same
    size (needs no world). Every random number comes from run.seed.
    """
    if strategy not in (*STRATEGIES, CONTROL):
        raise BadInput(f"CPR has no strategy '{strategy}'; one of {', '.join((*STRATEGIES, CONTROL))}")
    check(settings)
    model.to(run.device).eval()
    policy, rewards = None, []
    if strategy == "l":
        generator = torch.Generator().manual_seed(run.seed)
        policy, rewards = fit_policy(world, pair_logits(model), settings, generator, run.progress)

    def draw_sets(generator: torch.Generator) -> Sets:
        if strategy == CONTROL:
            return control_sets(split.users, split.catalogue, settings, generator).to(run.device)
        actions = None if policy is None else act(policy, world, settings, generator)
        return counterfactuals(world, actions, settings, generator)

    first = draw_sets(torch.Generator().manual_seed(run.seed))  # retrain draws the same ones first
    fit = partial(retrain, model, split, settings, run, draw_sets)
    return Augmented(or_stay(model, run, fit, settings["retrain_may_stay"]), first, rewards)
