"""`out=` of the random functions: the tensor that is given takes the numbers that a call without it draws."""

import numpy as np
import pytest

import graphnn

DRAWS = {
    "rand": lambda **out: graphnn.rand(2, 3, **out),
    "randn": lambda **out: graphnn.randn((2, 3), **out),
    "normal": lambda **out: graphnn.normal(1.0, 2.0, (2, 3), **out),
    "normal_of_tensors": lambda **out: graphnn.normal(graphnn.zeros(2, 3), graphnn.ones(3), **out),
    "randint": lambda **out: graphnn.randint(2, 9, (2, 3), **out),
    "randperm": lambda **out: graphnn.randperm(6, **out),
    "multinomial": lambda **out: graphnn.multinomial(graphnn.ones(4), 3, **out),
}


@pytest.mark.parametrize("name", sorted(DRAWS))
def test_the_given_tensor_takes_what_is_drawn(name):
    graphnn.manual_seed(1)
    wanted = DRAWS[name]()
    given = graphnn.zeros_like(wanted)
    graphnn.manual_seed(1)
    assert DRAWS[name](out=given) is given
    np.testing.assert_array_equal(given.numpy(), wanted.numpy())


def test_numbers_are_drawn_in_the_dtype_of_the_given_tensor():
    given = graphnn.empty(3, dtype=graphnn.float64)
    graphnn.manual_seed(1)
    graphnn.rand(3, out=given)
    graphnn.manual_seed(1)
    np.testing.assert_array_equal(given.numpy(), graphnn.rand(3, dtype=graphnn.float64).numpy())
    floats = graphnn.randint(5, (3,), out=graphnn.empty(3))
    assert floats.dtype is graphnn.float32


def test_an_empty_tensor_grows():
    assert graphnn.rand(2, 3, out=graphnn.empty(0)).shape == (2, 3)
