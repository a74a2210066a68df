"""The exponential of the kernels."""

import numpy as np

from methods.engine.layers.kernels import compiled
from methods.engine.layers.kernels.exponential import LARGEST, LARGEST_2, LEAST, LEAST_2, exp, exp2, exp_of


def filling(function):
    """A kernel that fills `result` with the function of each number."""

    @compiled
    def fill(x, result):
        for i in range(len(x)):
            result[i] = function(x[i])

    return fill


fill, fill_powers, fill_any = map(filling, (exp, exp2, exp_of))


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


def test_powers_of_2_are_within_a_few_parts_in_10_million_and_end_in_0_and_the_largest():
    x = np.linspace(LEAST_2, LARGEST_2, 1_000_003, dtype=np.float32)
    found = np.empty_like(x)
    fill_powers(x, found)
    exact = np.exp2(x.astype(np.float64))
    assert (np.abs(found / exact - 1) <= 2.2e-7).all()
    x = np.array([-np.inf, -60.001, 126.2, np.inf, 0], dtype=np.float32)
    fill_powers(x, ends := np.empty_like(x))
    assert ends[:2].tolist() == [0, 0] and (np.abs(ends[2:] / 2.0 ** np.array([126, 126, 0]) - 1) <= 2.2e-7).all()


def test_of_any_type_it_is_the_exponential_of_that_type():
    x = np.linspace(-20, 20, 101)
    single, double = np.empty(101, np.float32), np.empty(101)
    fill_any(x.astype(np.float32), single)
    fill_any(x, double)
    fill(x.astype(np.float32), expected := np.empty(101, np.float32))
    assert (single == expected).all()
    np.testing.assert_allclose(double, np.exp(x), rtol=1e-15)
