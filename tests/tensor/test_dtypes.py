"""Dtypes as PyTorch has them: promotion in every operation, their names and limits, what is refused."""

import itertools
import operator
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn.errors import DivisionByZero, UnsupportedDTypeError

torch = pytest.importorskip("torch")

NAMES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
TENSORS = tuple(itertools.product(NAMES, ("3", "0-d")))
NUMBERS = tuple((name, "number") for name in ("bool", "int64", "float64"))
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "&": operator.and_,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}


def operand(library: Any, name: str, kind: str, second: bool) -> Any:
    if kind == "number":
        return {"bool": True, "int64": 2, "float64": 1.5}[name]
    if name == "bool":
        found = [True, True, True] if second else [True, False, True]
    else:
        found = [3, 2, 2] if second else [1, 2, 5]
    return library.tensor(found if kind == "3" else found[2], dtype=getattr(library, name))


def outcome(run: Any, library: Any) -> Any:
    """The dtype's name and the values, or the error."""
    try:
        found = run(library)
    except Exception as error:
        return error
    return str(found.dtype), [repr(x) for x in found.reshape(-1).tolist()]


def check(run: Any) -> None:
    found, wanted = outcome(run, graphnn), outcome(run, torch)
    if isinstance(wanted, Exception):
        assert isinstance(found, type(wanted)), (found, wanted)
    else:
        assert found == wanted


def pairs() -> list[Any]:
    found = itertools.product((*TENSORS, *NUMBERS), repeat=2)
    return [pair for pair in found if any(kind != "number" for _, kind in pair)]


@pytest.mark.parametrize("symbol", OPERATORS)
def test_operands_of_all_dtypes_and_kinds_do_as_in_pytorch(symbol):
    for (a, b), (c, d) in pairs():
        if symbol == "**" and (a, c, d) == ("bool", "bool", "number"):
            continue  # PyTorch answers this one only, of all powers of bools
        check(lambda m: OPERATORS[symbol](operand(m, a, b, False), operand(m, c, d, True)))  # noqa: B023 (used at once)


def test_where_promotes_as_in_pytorch():
    for first, second in pairs():
        check(lambda m: m.where(m.tensor([True, False, True]), operand(m, *first, False), operand(m, *second, True)))  # noqa: B023


def test_cat_promotes_as_in_pytorch():
    for a, b in itertools.product(NAMES, repeat=2):
        check(lambda m: m.cat([operand(m, a, "3", False), operand(m, b, "3", True)]))  # noqa: B023


@pytest.mark.parametrize("name", NAMES)
def test_conversions_to_every_dtype_agree(name):
    for other, value in itertools.product(NAMES, ([0, 1, 2], [0.1, 1.7, 100.3])):
        source = graphnn.tensor(value).to(getattr(graphnn, name))
        wanted = torch.tensor(value).to(getattr(torch, name)).to(getattr(torch, other))
        found = source.to(getattr(graphnn, other))
        assert (str(found), found.tolist()) == (str(wanted), wanted.tolist())


def test_short_names_of_conversions():
    for method in ("bfloat16", "half", "float", "double", "char", "short", "int", "long", "byte", "bool"):
        found, wanted = getattr(graphnn.ones(2), method)(), getattr(torch.ones(2), method)()
        assert (repr(found), found.type()) == (repr(wanted), wanted.type())
        assert (found.element_size(), found.nbytes, found.itemsize) == (
            *(wanted.element_size(), wanted.nbytes, wanted.itemsize),
        )
        assert (found.is_floating_point(), found.is_signed()) == (wanted.is_floating_point(), wanted.is_signed())


def test_type_converts_by_dtype_or_older_name():
    for given in ("torch.DoubleTensor", "torch.BFloat16Tensor", "torch.LongTensor"):
        assert graphnn.ones(2).type(given).type() == given
    assert graphnn.ones(2).type(graphnn.int8).dtype is graphnn.int8
    same = graphnn.ones(2)
    assert same.type(graphnn.float32) is same
    with pytest.raises(ValueError, match="invalid type"):
        graphnn.ones(2).type("torch.float32")
    with pytest.raises(TypeError, match="dtype must be"):
        graphnn.ones(2).type(3)


def test_limits_print_as_pytorchs():
    for name in ("float16", "bfloat16", "float32", "float64"):
        found, wanted = graphnn.finfo(getattr(graphnn, name)), torch.finfo(getattr(torch, name))
        assert (repr(found), found.max, found.eps) == (repr(wanted), wanted.max, wanted.eps)
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        assert repr(graphnn.iinfo(getattr(graphnn, name))) == repr(torch.iinfo(getattr(torch, name)))


def test_facts_about_pairs_of_dtypes():
    for a, b in itertools.product(NAMES, repeat=2):
        one, other = (getattr(graphnn, n) for n in (a, b))
        assert graphnn.can_cast(one, other) == torch.can_cast(getattr(torch, a), getattr(torch, b))
        assert repr(graphnn.promote_types(one, other)) == repr(
            torch.promote_types(getattr(torch, a), getattr(torch, b))
        )
    mixed = graphnn.result_type(graphnn.ones(2, dtype=graphnn.bfloat16), 2.5)
    assert mixed is graphnn.bfloat16


@pytest.mark.parametrize(
    "divide",
    [
        lambda m: m.tensor([1, 2]) // 0,
        lambda m: m.tensor([1, 2]) % m.tensor([2, 0]),
        lambda m: 5 // m.tensor([0], dtype=m.uint8),
        lambda m: m.tensor([7]).floor_divide_(0),
        lambda m: m.tensor([7], dtype=m.int8).remainder(0),
    ],
)
def test_integers_are_not_divided_by_zero(divide):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        divide(torch)
    with pytest.raises(DivisionByZero, match="ZeroDivisionError"):
        divide(graphnn)


def test_a_compiled_division_by_zero_leaves_state_alone():
    counts = graphnn.zeros(2)

    @graphnn.compile
    def step(a, b):
        quotient = a // b
        counts.add_(1.0)
        return quotient

    ones = graphnn.ones(2, dtype=graphnn.int64)
    step(ones, ones)
    with pytest.raises(DivisionByZero):
        step(ones, ones * 0)
    assert counts.tolist() == [1.0, 1.0]


def test_what_has_no_bits_is_refused():
    with pytest.raises(UnsupportedDTypeError, match="bits"):
        graphnn.ones(2) & 1
    with pytest.raises(TypeError, match="complex"):
        graphnn.tensor([1 + 2j])


def test_the_default_dtype_is_what_numbers_become():
    assert graphnn.get_default_dtype() is graphnn.float32
    graphnn.set_default_dtype(graphnn.bfloat16)
    try:
        assert graphnn.tensor([1.5]).dtype is graphnn.bfloat16
        assert repr(graphnn.ones(1)) == "tensor([1.])"
    finally:
        graphnn.set_default_dtype(graphnn.float32)
    with pytest.raises(TypeError, match="only floating-point types"):
        graphnn.set_default_dtype(graphnn.int32)


def test_the_gradient_of_a_norm_is_zero_where_everything_is():
    for p in (1, 2, 3, 2.5, float("inf")):
        x = graphnn.tensor([[0.0, 0.0], [1.0, 2.0]], requires_grad=True)
        y = torch.tensor([[0.0, 0.0], [1.0, 2.0]], requires_grad=True)
        x.norm(p=p, dim=1).sum().backward()
        y.norm(p=p, dim=1).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-5)
