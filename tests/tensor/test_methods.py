"""Every method against PyTorch's: values, gradients, shapes, strides, grad_fn chains; and the same as a graph."""

import math

import numpy as np
import pytest

from tests.parity import check, data

A, B, C, V, W = data(2, 3), data(2, 3, seed=1), data(4, 2, 3), data(3), data(2)
POSITIVE = np.abs(A) + 0.5
M, N = data(2, 3, dtype="int64"), data(2, 3, dtype="int64", seed=1)

UNARY = (
    *("abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "neg", "relu", "round", "sigmoid", "sign", "sin"),
    *("square", "tanh", "trunc", "isnan", "isinf", "isfinite", "clone", "detach", "contiguous", "float", "double"),
    *("long", "int", "half", "flatten", "ravel", "squeeze", "t", "sum", "mean", "prod", "var", "max", "min"),
    *("amax", "amin", "argmax", "argmin", "logical_not"),
)


@pytest.mark.parametrize("name", UNARY)
def test_a_method_without_arguments(name):
    check(lambda t, x: getattr(x, name)(), A)


@pytest.mark.parametrize("name", ["log", "log1p", "log2", "sqrt", "rsqrt", "reciprocal"])
def test_a_method_for_positive_numbers(name):
    check(lambda t, x: getattr(x, name)(), POSITIVE)


@pytest.mark.parametrize("name", ["std", "norm"])
def test_a_method_that_is_several_ops_here(name):
    check(lambda t, x: getattr(x, name)(), A, names=False)


ARITHMETIC = {
    "x + y": lambda t, x, y: x + y,
    "x - y": lambda t, x, y: x - y,
    "x * y": lambda t, x, y: x * y,
    "x / y": lambda t, x, y: x / y,
    "x + 2": lambda t, x, y: x + 2,
    "2 + x": lambda t, x, y: 2 + x,
    "x - 2.5": lambda t, x, y: x - 2.5,
    "2.5 - x": lambda t, x, y: 2.5 - x,
    "x * 3": lambda t, x, y: x * 3,
    "3 * x": lambda t, x, y: 3 * x,
    "x / 4": lambda t, x, y: x / 4,
    "4 / x": lambda t, x, y: 4 / x,
    "-x": lambda t, x, y: -x,
    "+x": lambda t, x, y: +x * 1,
    "abs(x)": lambda t, x, y: abs(x),
    "x ** 2": lambda t, x, y: x**2,
    "x ** 3.0": lambda t, x, y: x**3.0,
    "x ** 0": lambda t, x, y: x**0,
    "2 ** x": lambda t, x, y: 2**x,
    "abs(x) ** y": lambda t, x, y: (x.abs() + 0.1) ** y,
    "x @ y.T": lambda t, x, y: x @ y.T,
    "x @ y.mT": lambda t, x, y: x @ y.mT,
    "x % 2": lambda t, x, y: x % 2,
    "add alpha": lambda t, x, y: x.add(y, alpha=2),
    "sub alpha": lambda t, x, y: x.sub(y, alpha=0.5),
    "mul": lambda t, x, y: x.mul(y),
    "div": lambda t, x, y: x.div(y),
    "pow": lambda t, x, y: x.pow(2),
    "maximum": lambda t, x, y: x.maximum(y),
    "minimum": lambda t, x, y: x.minimum(y),
    "max of two": lambda t, x, y: x.max(y),
    "where": lambda t, x, y: t.where(x > 0, x, y),
    "where number": lambda t, x, y: t.where(x > 0, x, 0.0),
    "x.where": lambda t, x, y: x.where(y > 0, 1.5),
    "clamp": lambda t, x, y: x.clamp(-0.5, 0.5),
    "clamp min": lambda t, x, y: x.clamp(min=0.0),
    "clamp_max": lambda t, x, y: x.clamp(max=0.0),
    "masked_fill": lambda t, x, y: x.masked_fill(y > 0, -1.0),
    "numpy number": lambda t, x, y: x * np.float64(2.0),
    "numpy on the left": lambda t, x, y: np.float64(2.0) * x,
}


@pytest.mark.parametrize("name", sorted(ARITHMETIC))
def test_arithmetic(name):
    deeper = ("add alpha", "sub alpha", "masked_fill")
    check(ARITHMETIC[name], A, B, names=name not in deeper)


@pytest.mark.parametrize("name", sorted(ARITHMETIC))
def test_arithmetic_in_single_precision(name):
    check(ARITHMETIC[name], A.astype("float32"), B.astype("float32"), names=False)


def test_arithmetic_broadcasts_and_gradients_are_summed_back():
    check(lambda t, x, v, w: x * v + w.unsqueeze(1) - v.sum(), A, V, W)


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x, y: (x == y, x != y, x < y, x <= y, x > y, x >= y),
        lambda t, x, y: (x == 0.5, x != 0, x > 0, x >= 0.5),
        lambda t, x, y: ((x > 0) & (y > 0), (x > 0) | (y > 0), (x > 0) ^ (y > 0), ~(x > 0)),
        lambda t, x, y: (x.eq(y), x.ne(y), x.lt(y), x.le(y), x.gt(y), x.ge(y)),
        lambda t, x, y: (x.logical_and(y), x.logical_or(y), x.logical_xor(y)),
        lambda t, x, y: (x.isclose(y), t.isclose(x, x)) if hasattr(x, "isclose") else (x == 9, t.isclose(x, x)),
    ],
)
def test_comparisons(program):
    if "isclose" in program.__code__.co_names:
        check(lambda t, x, y: (t.isclose(x, y), t.isclose(x, x)), A, B)
    else:
        check(program, A, B)


@pytest.mark.parametrize(
    "program",
    [
        lambda t, i, j: (i + j, i - j, i * j, i / (j + 1), i // (j + 1), i % (j + 1)),
        lambda t, i, j: (i + 1.5, i * True, i**2, -i, abs(-i), i / 2, i // 2, 7 // (i + 1), 7 % (i + 1)),
        lambda t, i, j: (i & j, i | j, i ^ j, ~i, i == j, i.bitwise_and(j)),
        lambda t, i, j: (
            i.sum(),
            i.prod(),
            i.max(),
            i.min(),
            i.cumsum(0),
            i.all(),
            i.any(),
            i.sum(1),
            i.float().mean(),
        ),
        lambda t, i, j: (i.to(t.uint8) + j, i.bool(), i.to(t.int8) * j.to(t.int16), i.float() * j.double()),
        lambda t, i, j: (i.clamp(1, 3), i.sign(), i.square(), i.exp(), i.sqrt(), i.sigmoid(), i.relu()),
        lambda t, i, j: (i.div(j + 1, rounding_mode="floor"), i.div(j + 1, rounding_mode="trunc"), i.fmod(j + 1)),
        lambda t, i, j: (
            i.maximum(j),
            i.minimum(j),
            i.argmax(1),
            i.argmin(0),
            i.count_nonzero(),
            i.masked_fill(i > 2, 9),
        ),
    ],
)
def test_integers(program):
    check(program, M, N)


REDUCTIONS = {
    "sum dim": lambda t, x: x.sum(1),
    "sum dims": lambda t, x: x.sum((0, 2)),
    "sum all dims": lambda t, x: x.sum((0, 1, 2)),
    "sum keepdim": lambda t, x: x.sum(-1, keepdim=True),
    "sum positional keepdim": lambda t, x: x.sum(1, True),
    "sum axis": lambda t, x: x.sum(axis=1, keepdims=True),
    "mean dim": lambda t, x: x.mean(2),
    "mean dims": lambda t, x: x.mean(dim=(1, 2), keepdim=True),
    "prod dim": lambda t, x: x.prod(1),
    "amax dims": lambda t, x: x.amax((0, 1)),
    "amin dim": lambda t, x: x.amin(1, keepdim=True),
    "max dim": lambda t, x: x.max(1),
    "max dim keepdim": lambda t, x: x.max(dim=2, keepdim=True),
    "min dim": lambda t, x: x.min(-1),
    "argmax dim": lambda t, x: x.argmax(1),
    "argmax keepdim": lambda t, x: x.argmax(dim=0, keepdim=True),
    "var dim": lambda t, x: x.var(1),
    "var biased": lambda t, x: x.var(dim=1, unbiased=False),
    "var correction": lambda t, x: x.var(dim=2, correction=0, keepdim=True),
    "var of all, biased": lambda t, x: x.var(unbiased=False),
    "cumsum": lambda t, x: x.cumsum(1),
    "all any": lambda t, x: ((x > 0).all(), (x > 0).any(1), (x > -9).all(dim=2)),
}


@pytest.mark.parametrize("name", sorted(REDUCTIONS))
def test_reductions(name):
    check(REDUCTIONS[name], C)


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x: x.std(1),
        lambda t, x: x.std(dim=(0, 1), correction=0),
        lambda t, x: x.norm(dim=1),
        lambda t, x: x.norm(p=1),
        lambda t, x: x.norm(p=3, dim=2),
        lambda t, x: x.norm(p=math.inf),
        lambda t, x: x.logsumexp(1),
        lambda t, x: x.logsumexp((0, 2), keepdim=True),
        lambda t, x: x.softmax(1),
        lambda t, x: x.log_softmax(dim=-1),
        lambda t, x: x.lerp(x * 2, 0.3),
        lambda t, x: x.addcmul(x, x + 1, value=0.5),
        lambda t, x: x.addcdiv(x, x * x + 1, value=0.5),
        lambda t, x: x.nan_to_num(),
    ],
)
def test_what_is_composed_of_several_ops(program):
    check(program, C, names=False)


MOVEMENT = {
    "view": lambda t, x: x.view(2, 12),
    "view -1": lambda t, x: x.view(4, -1),
    "view tuple": lambda t, x: x.view((24,)),
    "reshape": lambda t, x: x.reshape(3, 8),
    "reshape -1": lambda t, x: x.reshape(-1),
    "flatten from 1": lambda t, x: x.flatten(1),
    "flatten between": lambda t, x: x.flatten(0, 1),
    "permute": lambda t, x: x.permute(2, 0, 1),
    "permute tuple": lambda t, x: x.permute((0, -1, 1)),
    "transpose": lambda t, x: x.transpose(0, 2),
    "transpose negative": lambda t, x: x.transpose(-1, -2),
    "mT": lambda t, x: x.mT,
    "swapaxes": lambda t, x: x.swapaxes(0, 1),
    "movedim": lambda t, x: x.movedim(0, -1),
    "unsqueeze": lambda t, x: x.unsqueeze(1),
    "unsqueeze last": lambda t, x: x.unsqueeze(-1),
    "squeeze": lambda t, x: x[:1].squeeze(),
    "squeeze dim": lambda t, x: x[:1].squeeze(0),
    "squeeze dims": lambda t, x: x[:1, :, :1].squeeze((0, 2)),
    "squeeze nothing": lambda t, x: x.squeeze(0),
    "expand": lambda t, x: x.expand(5, 4, 2, 3),
    "expand -1": lambda t, x: x[:1].expand(3, -1, -1),
    "expand_as": lambda t, x: x[:1].expand_as(x),
    "narrow": lambda t, x: x.narrow(0, 1, 2),
    "narrow negative": lambda t, x: x.narrow(0, -2, 2),
    "select": lambda t, x: x.select(1, -1),
    "split": lambda t, x: x.split(3),
    "split list": lambda t, x: x.split([1, 2], dim=2),
    "chunk": lambda t, x: x.chunk(3),
    "chunk dim": lambda t, x: x.chunk(2, dim=-1),
    "unbind": lambda t, x: x.unbind(1),
    "iterate": lambda t, x: list(x),
    "unpack": lambda t, x: (lambda a, b, c, d: a + d)(*x),
    "flip": lambda t, x: x.flip(0, 2),
    "unflatten": lambda t, x: x.unflatten(0, (2, -1)),
    "contiguous": lambda t, x: x.transpose(0, 1).contiguous(),
    "view_as": lambda t, x: x.view_as(x),
    "T": lambda t, x: x[0].T,
    "clone of a transpose": lambda t, x: x.transpose(0, 2).clone(),
}


@pytest.mark.parametrize("name", sorted(MOVEMENT))
def test_movement(name):
    check(MOVEMENT[name], C, layout=name != "clone of a transpose")


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x: x.repeat(2, 1, 3),
        lambda t, x: x.repeat(2, 1, 1, 1),
        lambda t, x: x.tile(2),
        lambda t, x: x.roll(1, 0),
        lambda t, x: x.roll((1, -1), (0, 2)),
        lambda t, x: x.roll(2),
        lambda t, x: x.tril(),
        lambda t, x: x.triu(1),
        lambda t, x: x[0].diagonal(),
        lambda t, x: x.diagonal(1, 1, 2),
        lambda t, x: x[0, 0].diag(),
        lambda t, x: x[0].diag(),
        lambda t, x: x[0].trace(),
        lambda t, x: x.transpose(0, 1).reshape(-1),
    ],
)
def test_movement_that_is_composed_of_several_ops(program):
    check(program, C, names=False, layout=False)


MATRICES = {
    "mm": lambda t, x, y, v: x.mm(y),
    "matmul": lambda t, x, y, v: t.matmul(x, y),
    "mv": lambda t, x, y, v: x.mv(v),
    "matrix vector": lambda t, x, y, v: x @ v,
    "vector matrix": lambda t, x, y, v: v @ y,
    "dot": lambda t, x, y, v: v.dot(v + 1),
    "vectors": lambda t, x, y, v: v @ v,
    "outer": lambda t, x, y, v: v.outer(v),
    "bmm": lambda t, x, y, v: t.bmm(x.expand(5, 2, 3), y.expand(5, 3, 4)),
    "batched": lambda t, x, y, v: x.expand(5, 1, 2, 3) @ y.expand(6, 3, 4),
    "addmm": lambda t, x, y, v: (x[:, :1] + 0).addmm(x, y, beta=0.5, alpha=2),
    "baddbmm": lambda t, x, y, v: t.baddbmm(v.sum(), x.expand(5, 2, 3), y.expand(5, 3, 4)),
}


@pytest.mark.parametrize("name", sorted(MATRICES))
def test_matrices(name):
    same = ("mm", "matmul", "mv", "matrix vector", "dot", "vectors")
    check(MATRICES[name], A, data(3, 4), V, names=name in same)


GATHERING = {
    "gather": lambda t, x, i: x.gather(0, i % 2),
    "gather last": lambda t, x, i: x.gather(-1, i % 3),
    "index_select": lambda t, x, i: x.index_select(1, i[0] % 3),
    "take": lambda t, x, i: x.take(i),
    "scatter": lambda t, x, i: t.zeros(5, 3, dtype=x.dtype).scatter(0, i[:1], x[:1]),
    "scatter_add": lambda t, x, i: t.zeros(5, 3, dtype=x.dtype).scatter_add(0, i, x),
    "scatter value": lambda t, x, i: x.scatter(1, i[:, :1] % 3, 7.0),
    "index_add": lambda t, x, i: t.zeros(5, 3, dtype=x.dtype).index_add(0, i[0, :2], x),
    "index_put": lambda t, x, i: (x * 1).index_put((i[0, :1] % 2,), x[:1], accumulate=True),
}


@pytest.mark.parametrize("name", sorted(GATHERING))
def test_gathering(name):
    check(GATHERING[name], A, M, names=name in ("gather", "gather last", "index_select"))
