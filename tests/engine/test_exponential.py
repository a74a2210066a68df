"""The exponential of the kernels."""

import numpy as np

from methods.engine.kernels import compiled
from methods.engine.kernels.exponential import LARGEST, LEAST, exp


@compiled
def fill(x, result):
    for i in range(len(x)):
        result[i] = exp(x[i])


def test_the_exponential_is_within_one_ulp_and_a_tenth_wherever_its_result_is_normal():
    x = np.linspace(LEAST, LARGEST, 1_000_003, dtype=np.float32)
    found = np.empty_like(x)
    fill(x, found)
    exact = np.exp(x.astype(np.float64))
    assert (np.abs(found - exact) <= 1.1 * np.spacing(exact.astype(np.float32))).all()


def test_beyond_the_exponents_of_normal_numbers_it_stays_at_the_last_of_them():
    x = np.array([-np.inf, -1e30, 1e30, np.inf, 0], dtype=np.float32)
    found = np.empty_like(x)
    fill(x, found)
    assert (found > 0).all() and np.isfinite(found).all() and found[-1] == 1
    assert found[0] == found[1] < 1.3e-38 and found[2] == found[3] > 2e38
