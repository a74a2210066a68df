"""The exponential of the kernels."""

import numpy as np

from methods.engine.kernels import compiled
from methods.engine.kernels.exponential import LARGEST, LEAST, exp, exp_of


@compiled
def fill(x, result):
    for i in range(len(x)):
        result[i] = exp(x[i])


def test_the_exponential_is_within_one_ulp_and_a_tenth():
    x = np.linspace(LEAST, LARGEST, 1_000_003, dtype=np.float32)
    found = np.empty_like(x)
    fill(x, found)
    exact = np.exp(x.astype(np.float64))
    assert (np.abs(found - exact) <= 1.1 * np.spacing(exact.astype(np.float32))).all()


def test_beyond_its_range_it_is_0_or_infinity():
    x = np.array([-np.inf, -1e30, 1e30, np.inf, 0], dtype=np.float32)
    found = np.empty_like(x)
    fill(x, found)
    assert found.tolist() == [0, 0, np.inf, np.inf, 1]


@compiled
def fill_any(x, result):
    for i in range(len(x)):
        result[i] = exp_of(x[i])


def test_of_any_type_it_is_the_exponential_of_that_type():
    x = np.linspace(-20, 20, 101)
    single, double = np.empty(101, np.float32), np.empty(101)
    fill_any(x.astype(np.float32), single)
    fill_any(x, double)
    fill(x.astype(np.float32), expected := np.empty(101, np.float32))
    assert (single == expected).all()
    np.testing.assert_allclose(double, np.exp(x), rtol=1e-15)
