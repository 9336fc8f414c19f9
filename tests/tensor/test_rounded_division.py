"""`div` with a rounding mode, whole-number remainders, powers of bools and small leftovers, against PyTorch."""

import numpy as np
import pytest

from tests.parity import agree, check, check_error, data

X, Y = data(2, 3), data(2, 3, seed=1)
WHOLE, DIVISORS = np.array([-7, 7, 2**60 + 1]), np.array([2, -2, 3])


@pytest.mark.parametrize("mode", ["floor", "trunc"])
def test_rounded_quotients_have_gradients_that_are_zero(mode):
    check(lambda t, x, y: (x.div(y, rounding_mode=mode), t.div(x, 0.3, rounding_mode=mode)), X, Y)


@pytest.mark.parametrize("mode", ["floor", "trunc"])
def test_integers_keep_all_their_digits(mode):
    def program(t, i, j):
        k = i.clone()
        small, truth = i.remainder(7).to(t.int32), i > 0
        quotients = (i.div(j, rounding_mode=mode), small.div(j, rounding_mode=mode), truth.div(2, rounding_mode=mode))
        return (
            *quotients,
            *(str(q.dtype) for q in quotients),
            k.div_(j, rounding_mode=mode),
            t.div(i, 2.5, rounding_mode=mode),
        )

    agree(program, WHOLE, DIVISORS)


ERRORS = {
    "floor": lambda t, i, x: i.div(0, rounding_mode="floor"),
    "trunc": lambda t, i, x: i.div(t.zeros(3, dtype=t.int64), rounding_mode="trunc"),
    "fmod": lambda t, i, x: i.fmod(0),
    "fmod_tensor": lambda t, i, x: t.fmod(i, i * 0),
    "fmod_in_place": lambda t, i, x: i.clone().fmod_(0),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_integers_are_not_divided_by_zero(name):
    check_error(ERRORS[name], WHOLE, X, kind=RuntimeError, gist="ZeroDivisionError")


def test_other_errors():
    check_error(lambda t, x: x.div(2, rounding_mode="up"), X, kind=RuntimeError, gist="rounding_mode")
    check_error(lambda t, i: t.meshgrid(i, i, indexing="yx"), WHOLE, kind=RuntimeError, gist="indexing must be one of")


def test_floats_are_divided_by_zero():
    def program(t, x):
        y = x.detach()
        return y.div(0, rounding_mode="trunc"), y.div(0.0, rounding_mode="floor"), y.fmod(0)

    agree(program, X)


def test_bools_to_the_power_of_a_bool():
    def program(t, b):
        return b**True, b**False, b.pow(True), str((b**True).dtype), str((b**2).dtype), t.tensor([2, 3]) ** True

    agree(program, data(4, dtype="bool"))


def test_truth_of_bytes_is_a_byte():
    def program(t, i):
        b = i.to(t.uint8)
        return b.all(), b.any(0), str(b.all().dtype), str(t.any(b, dim=0, keepdim=True).dtype)

    agree(program, data(4, dtype="int64"))
