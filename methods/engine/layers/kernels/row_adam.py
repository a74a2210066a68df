"""Adam for tables of which a step touches few rows: a row's idle steps are made up for when it is next wanted."""

from typing import NamedTuple

import numpy as np

from methods.engine.layers.kernels import compiled

F = np.float32
NEVER = -1
IDLE = 150  # idle steps after which what Adam's mean still moves, 0.9^150 of the first, is below a weight's last bit


class Table(NamedTuple):
    """weights (rows, dim) with Adam's means and squares; gradients: of this step, zero between two; steps (rows,): the
    last one that a row has made, NEVER before its first."""

    weights: np.ndarray
    means: np.ndarray
    squares: np.ndarray
    gradients: np.ndarray
    steps: np.ndarray


class Pace(NamedTuple):
    """Step t moves a weight by rates[t - 1] * mean / (sqrt(square) * scales[t - 1] + epsilon): both have Adam's
    corrections of the bias in them, which have ended where the arrays do."""

    rates: np.ndarray
    scales: np.ndarray
    decay: float
    square_decay: float
    epsilon: float


@compiled
def make_up(table, rows, step, pace):
    """Lets each of `rows` make its idle steps, those without a gradient, up to `step`."""
    decay, root_decay, epsilon = F(pace.decay), F(np.sqrt(pace.square_decay)), F(pace.epsilon)
    for row in rows:
        begun = table.steps[row]
        if begun == NEVER or begun >= step:
            continue
        weights, means, squares = table.weights[row], table.means[row], table.squares[row]
        roots = np.sqrt(squares)
        for t in range(begun + 1, min(step, begun + IDLE) + 1):
            at = min(t, len(pace.rates)) - 1
            rate, scale = pace.rates[at], pace.scales[at]
            for d in range(len(weights)):
                means[d] *= decay
                roots[d] *= root_decay
                weights[d] -= rate * means[d] / (roots[d] * scale + epsilon)
        left = F(pace.decay ** max(0, step - begun - IDLE))
        fallen = F(pace.square_decay ** (step - begun))
        for d in range(len(weights)):
            means[d] *= left
            squares[d] *= fallen
        table.steps[row] = step


@compiled
def move(table, rows, step, pace):
    """Step `step` of each of `rows`, which have made the ones before; a row that is named twice is moved once."""
    decay, square_decay, epsilon = F(pace.decay), F(pace.square_decay), F(pace.epsilon)
    at = min(step, len(pace.rates)) - 1
    rate, scale = pace.rates[at], pace.scales[at]
    for row in rows:
        if table.steps[row] == step:
            continue
        weights, means, squares = table.weights[row], table.means[row], table.squares[row]
        gradients = table.gradients[row]
        for d in range(len(weights)):
            gradient = gradients[d]
            means[d] += (gradient - means[d]) * (F(1) - decay)
            squares[d] = squares[d] * square_decay + gradient * gradient * (F(1) - square_decay)
            weights[d] -= rate * means[d] / (np.sqrt(squares[d]) * scale + epsilon)
            gradients[d] = F(0)
        table.steps[row] = step
