"""The posterior of an exogenous vector with prior N(0, I), by variational inference (eqs. 8 and 9)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.engine.fit.adam import Adam

LogLikelihood = Callable[[Tensor], Tensor]  # (draws, dim) -> (draws,)


@dataclass(frozen=True)
class Gaussian:
    """N(mean, diag(deviation^2)); mean, deviation (dim,)."""

    mean: Tensor
    deviation: Tensor

    def draw(self, normal: Tensor) -> Tensor:
        """Draws (draws, dim) from standard normal numbers of this shape."""
        return self.mean + self.deviation * normal

    def to(self, device: torch.device) -> "Gaussian":
        return Gaussian(self.mean.to(device), self.deviation.to(device))


def elbo(mean: Tensor, log_deviation: Tensor, normal: Tensor, log_likelihood: LogLikelihood) -> Tensor:
    """Eq. 9, E_q[log p(beta, O)] - E_q[log q(beta)], with the expectation of log p(O | beta) taken over the given
    standard normal numbers (draws, dim), and the rest, minus KL(q || N(0, I)), in closed form."""
    deviation = log_deviation.exp()
    divergence = 0.5 * (mean.square() + deviation.square() - 1).sum() - log_deviation.sum()
    return log_likelihood(Gaussian(mean, deviation).draw(normal)).mean() - divergence


def fit_posterior(
    log_likelihood: Callable[[Tensor, torch.Generator], Tensor],
    dim: int,
    steps: int,
    draws: int,
    learning_rate: float,
    generator: torch.Generator,
    device: torch.device,
) -> tuple[Gaussian, list[float]]:
    """q after `steps` of Adam from the prior, and the (noisy) ELBO of every step.

    log_likelihood(values, generator): log p(O | values) for values (draws, dim), or an unbiased estimate of it from a
    part of the data. The learning rate falls linearly to 0, so that the noise of the last steps is averaged out.
    generator: a CPU generator, so that all devices meet the same numbers.
    """
    mean = torch.zeros(dim, device=device, requires_grad=True)
    log_deviation = torch.zeros(dim, device=device, requires_grad=True)
    optimizer = Adam([mean, log_deviation], learning_rate)
    curve = torch.empty(steps, device=device)
    for step in range(steps):
        optimizer.learning_rate = learning_rate * (1 - step / steps)
        normal = torch.randn(draws, dim, generator=generator).to(device)
        value = elbo(mean, log_deviation, normal, lambda values: log_likelihood(values, generator))
        optimizer.step(-value)
        curve[step] = value.detach()
    return Gaussian(mean.detach(), log_deviation.detach().exp()), curve.tolist()
