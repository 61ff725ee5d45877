"""Our own exponential and logarithm are the textbook's, in kernels and alone."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine import elementary
from sim.engine.kernels import kernel


@kernel
def _both(x, e, ln):
    for i in range(x.size):
        e[i] = elementary.exp(x[i])
    for i in range(x.size):
        ln[i] = elementary.log(abs(x[i]))


@given(st.floats(-690, 690))
def test_the_exponential_is_the_textbooks(x: float) -> None:
    assert elementary.exp(x) == pytest.approx(math.exp(x), rel=5e-13)


@given(st.floats(1e-300, 1e300))
def test_the_logarithm_is_the_textbooks(x: float) -> None:
    assert elementary.log(x) == pytest.approx(math.log(x), rel=1e-14, abs=5e-15)


@pytest.mark.parametrize("x", [1.0, 2.0, 0.5, math.sqrt(0.5), math.nextafter(math.sqrt(0.5), 1), 1 - 2**-53, 2**-52])
def test_the_logarithm_where_its_two_parts_meet(x: float) -> None:
    assert elementary.log(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-16)


def test_where_they_end() -> None:
    """Nothing overflows, and what is not a number stays so: a day must stop with it, not go on with a guess."""
    assert elementary.exp(-1e6) == elementary.exp(-700.0) > 0
    assert elementary.exp(1e6) == elementary.exp(700.0) < math.inf
    assert elementary.log(0.0) == pytest.approx(-709, abs=1)
    for function in (elementary.exp, elementary.log):
        assert math.isnan(function(math.nan))
    assert math.isnan(elementary.log(math.inf))


def test_a_kernel_gives_the_same_bits_as_the_plain_rule() -> None:
    """Breaks if a compiler fuses, reorders or replaces what is written: results would differ from machine to machine."""
    x = np.concatenate([np.linspace(-30, 30, 1_001), np.array([np.nan, 1e9, -1e9])])
    e, ln = np.empty(x.size), np.empty(x.size)
    _both(x, e, ln)
    np.testing.assert_array_equal(e, [elementary.exp(float(one)) for one in x])
    np.testing.assert_array_equal(ln, [elementary.log(abs(float(one))) for one in x])
