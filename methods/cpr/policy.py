"""The learned intervention: which list to show, so that the target model learns most (eq. 11, algorithm 2)."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from methods.cpr.counterfactual import build_lists, drawn, training_sets
from methods.cpr.fit import World
from methods.cpr.target import Logits, set_losses
from methods.engine.fit.adam import Adam

USERS_AT_ONCE = 1 << 14
PAIRS_AT_ONCE = 1 << 14


class Policy(nn.Module):
    """pi(tau | u): a Gaussian with a fixed deviation about a two-layer network of the user's vector P_u."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, dim))

    def forward(self, vectors: Tensor) -> Tensor:
        """The mean action of each user. vectors (users, dim), as is the result."""
        return self.layers(vectors)


def score_function(means: Tensor, actions: Tensor, advantages: Tensor, exploration: float) -> Tensor:
    """A scalar whose gradient is REINFORCE's: the sum over actions of advantage * grad log pi, the mean over users.

    means (users, dim) of the policy; actions (actions, users, dim); advantages (actions, users). The density's constant
    is left out, for it has no gradient.
    """
    log_density = -(actions.detach() - means).square().sum(dim=2) / (2 * exploration**2)
    return (advantages.detach() * log_density).sum(dim=0).mean()


def advantages(rewards: Tensor, baseline: str) -> Tensor:
    """The rewards (actions, users) less what does not depend on the action: nothing, or the mean reward of the same
    user's other actions (`leave-one-out`, which leaves the gradient unbiased)."""
    if baseline == "none":
        return rewards
    return rewards - (rewards.sum(dim=0) - rewards) / (len(rewards) - 1)


def explore(means: Tensor, count: int, exploration: float, generator: torch.Generator) -> Tensor:
    """Actions tau = pi + N_t. means (users, dim); result (count, users, dim)."""
    noise = torch.randn(count, *means.shape, generator=generator).to(means.device)
    return means.detach() + exploration * noise


def fit_policy(
    world: World,
    logits: Logits,
    settings: Mapping,
    generator: torch.Generator,
    progress: Callable[[str], None] = lambda message: None,
) -> tuple[Policy, list[float]]:
    """Algorithm 2 for all users at once; the target model stays as it is. Gives the policy, and the mean reward of
    every step.

    A step draws `actions` actions of each user and one alpha and beta from the posteriors; the reward of an action is
    L_f(C(tau)). Of very many users each step takes a random part.
    """
    exposure, choice = world.simulator.exposure, world.simulator.choice
    vectors = exposure.users.weight.detach()
    asked = settings["policy_steps"] * settings["actions"] * min(len(vectors), USERS_AT_ONCE) * settings["length"]
    logits, taste = (tabulated(of, choice.users, choice.items, asked) for of in (logits, choice.taste))
    policy = Policy(vectors.shape[1], settings["hidden"])
    for parameter in policy.parameters():  # by the given generator, not torch's own
        bound = parameter.shape[-1] ** -0.5
        parameter.data = (torch.rand(parameter.shape, generator=generator) * 2 - 1) * bound
    policy.to(vectors.device)
    optimizer = Adam(policy.parameters(), settings["policy_learning_rate"])
    curve = torch.empty(settings["policy_steps"], device=vectors.device)
    for step in range(settings["policy_steps"]):
        users = torch.arange(len(vectors), device=vectors.device)
        if len(vectors) > USERS_AT_ONCE:
            users = torch.randperm(len(vectors), generator=generator)[:USERS_AT_ONCE].to(vectors.device)
        alpha, beta = drawn(world, generator)
        means = policy(vectors[users])
        actions = explore(means, settings["actions"], settings["exploration"], generator)
        lists = build_lists(exposure, actions, alpha, settings["length"]).flatten(0, 1)
        owners = users.repeat(settings["actions"])
        with torch.no_grad():
            chances = taste(owners, lists) + choice.weight * beta
            sets = training_sets(owners, lists, chances, settings["k"])
            rewards = set_losses(logits, sets, settings["loss"]).reshape(settings["actions"], len(users))
        gain = advantages(rewards, settings["baseline"])
        optimizer.step(-score_function(means, actions, gain, settings["exploration"]))
        curve[step] = rewards.mean()
        if (step + 1) % 50 == 0:
            progress(f"policy, step {step + 1}: reward {curve[step].item():.4f}")
    return policy, curve.tolist()


@torch.no_grad()
def tabulated(logits: Logits, users: nn.Embedding, items: nn.Embedding, asked: int) -> Logits:
    """The same function of a model that stays as it is, read from a table of all pairs; `logits` itself where the table
    would hold more pairs than are `asked` for."""
    people, catalogue = (torch.arange(of.num_embeddings, device=of.weight.device) for of in (users, items))
    if len(people) * len(catalogue) > asked:
        return logits
    rows = max(1, PAIRS_AT_ONCE // len(catalogue))
    table = torch.cat([logits(some, catalogue.expand(len(some), -1)) for some in people.split(rows)])
    return lambda of, items: table[of[:, None], items]


@torch.no_grad()
def act(policy: Policy, world: World, settings: Mapping, generator: torch.Generator) -> Tensor:
    """Actions for one round: `lists` for each user, with the noise that the policy was trained with. Shape (lists,
    users, dim)."""
    means = policy(world.simulator.exposure.users.weight)
    return explore(means, settings["lists"], settings["exploration"], generator)
