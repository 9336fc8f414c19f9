"""The rows of elementwise ops: arithmetic, functions, comparisons, choosing, and groups of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn import ops
from graphnn.ir import dtypes
from graphnn.ir.graph import Graph
from graphnn.ir.types import TensorType
from tests.ops.lazy_torch import torch, torch_dtype
from tests.ops.rows import SPECIAL, Row, Sample, bools, floats, ints, sample

# ---- functions of one tensor


def shapes(low: float = -2.0, high: float = 2.0) -> tuple[Sample, ...]:
    """Matrices, a 0-d tensor, one element, none; both widths, and float16."""
    args = [floats(*shape, low=low, high=high) for shape in ((3, 4), (), (1,), (0, 3), (2, 1, 5))]
    return (*map(sample, args), sample(floats(2, 3, low=low, high=high, dtype="f8")))


def specials() -> tuple[Sample, ...]:
    return (sample(SPECIAL.astype("f4"), grad=False), sample(SPECIAL.copy(), grad=False))


def whole_numbers() -> tuple[Sample, ...]:
    return (sample(ints(2, 3)), sample(ints(3, dtype="i4")), sample(ints(4, low=0, dtype="u1")))


def unary(name: str, *extra: Sample, low: float = -2.0, high: float = 2.0, **more: Any) -> Row:
    return Row(name, (*shapes(low, high), *specials(), *extra), torch=getattr(torch, name), **more)


UNARY = (
    unary("neg", *whole_numbers()),
    unary("abs", *whole_numbers()),
    unary("sign", *whole_numbers(), sample(bools(3))),
    unary("exp", *whole_numbers(), sample(bools(3))),
    unary("expm1", *whole_numbers()),
    unary("log", *whole_numbers(), low=0.1),
    unary("log1p", low=-0.9),
    unary("log2", low=0.1),
    unary("sqrt", *whole_numbers(), low=0.1),
    unary("rsqrt", *whole_numbers(), low=0.1),
    unary("reciprocal", *whole_numbers(), low=0.2),
    unary("square", *whole_numbers()),
    unary("sin", *whole_numbers()),
    unary("cos"),
    unary("tanh", *whole_numbers()),
    unary("sigmoid", *whole_numbers(), sample(np.array([-100.0, 100.0, -30.0], "f4"))),
    unary(
        "erf", sample(floats(40, low=-7, high=7)), sample(floats(9000, low=-4, high=4), grad=False), *whole_numbers()
    ),
    unary("relu", *whole_numbers()),
    unary("floor", *whole_numbers()),
    unary("ceil", *whole_numbers()),
    unary("round", sample(np.array([0.5, 1.5, 2.5, -0.5], "f4"), grad=False)),
    unary("trunc", *whole_numbers()),
    Row(
        "contiguous",
        (*shapes(), sample(floats(2, 3, 4, 5), memory_format="channels_last")),
        torch=lambda x, memory_format="contiguous_format": x.clone(),
    ),
    Row("copy", (*shapes(), *whole_numbers(), sample(bools(3))), torch=lambda x: x.clone()),
    Row("zeros_like", (*shapes(), *whole_numbers(), sample(bools(3))), torch=torch.zeros_like, named=False),
    Row("isnan", (*shapes(), *specials(), *whole_numbers()), torch=torch.isnan),
    Row("isinf", (*shapes(), *specials(), *whole_numbers()), torch=torch.isinf),
    Row("isfinite", (*shapes(), *specials(), *whole_numbers()), torch=torch.isfinite),
    Row("logical_not", (*shapes(), *specials(), *whole_numbers(), sample(bools(3))), torch=torch.logical_not),
    Row("bitwise_not", (sample(bools(3)), *whole_numbers(), sample(ints())), torch=torch.bitwise_not),
)

CAST = Row(
    "cast",
    (
        sample(floats(2, 3), dtype=dtypes.float64),
        sample(floats(2, 3, dtype="f8"), dtype=dtypes.float16, grad=False),
        sample(floats(2, 3), dtype=dtypes.int64),
        sample(floats(2, 3), dtype=dtypes.bool),
        sample(ints(3), dtype=dtypes.float32),
        sample(bools(3), dtype=dtypes.int32),
        sample(ints(3, low=-300, high=300), dtype=dtypes.int8),
        sample(floats(), dtype=dtypes.float64),
        sample(floats(0, 2), dtype=dtypes.float64),
    ),
    torch=lambda x, dtype: x.to(torch_dtype(dtype)),
)


# ---- functions of two


def pairs(low: float = -2.0, high: float = 2.0) -> tuple[Sample, ...]:
    """The same shape, broadcasting either way, 0-d, none, and numbers on either side."""

    def pair(*shapes: Any, dtype: str = "f4") -> Sample:
        return sample(*(floats(*s, low=low, high=high, dtype=dtype, seed=i) for i, s in enumerate(shapes)))

    return (
        pair((2, 3), (2, 3)),
        pair((2, 3), (3,)),
        pair((3, 1), (2, 1, 4)),
        pair((), (2, 2)),
        pair((), ()),
        pair((0, 3), (3,)),
        pair((2, 3), (1, 3), dtype="f8"),
        sample(floats(2, 3, low=low, high=high), 1.5),
        sample(2.5, floats(2, 3, low=low, high=high)),
    )


def mixed() -> tuple[Sample, ...]:
    """Dtypes that promote."""
    return (
        sample(ints(2, 3), ints(3, low=1, seed=1)),
        sample(ints(2, 3), floats(3)),
        sample(floats(2, 3), floats(dtype="f8")),
        sample(ints(3, dtype="i4"), 2),
        sample(ints(3), 2.5),
        sample(ints(3, low=0, dtype="u1"), ints(3, low=1, dtype="i1", seed=1)),
    )


def ties() -> tuple[Sample, ...]:
    """All pairs of special numbers."""
    left, right = np.meshgrid(SPECIAL, SPECIAL)
    return (sample(left.astype("f4"), right.astype("f4"), grad=False),)


def binary(name: str, *extra: Sample, low: float = -2.0, high: float = 2.0, **more: Any) -> Row:
    oracle = more.pop("torch", getattr(torch, name, None))
    return Row(name, (*pairs(low, high), *mixed(), *ties(), *extra), torch=oracle, **more)


def tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """For functions of PyTorch that take no Python numbers: they become 0-d tensors that promote as numbers do."""

    def call(a: Any, b: Any) -> Any:
        dtype = torch.result_type(a, b)
        return function(*(torch.as_tensor(x, dtype=dtype) if not torch.is_tensor(x) else x for x in (a, b)))

    return call


def comparison(name: str, symbol: Callable[[Any, Any], Any]) -> Row:
    return binary(name, sample(bools(3), bools(3, seed=1)), torch=symbol)


def logic(name: str) -> Row:
    samples = (*pairs()[:6], *mixed()[:3], sample(bools(3), bools(2, 1, seed=1)), *ties())
    return Row(name, samples, torch=getattr(torch, name))


def bits(name: str) -> Row:
    samples = (
        sample(ints(2, 3), ints(3, seed=1)),
        sample(bools(3), bools(3, seed=1)),
        sample(ints(3), bools(3)),
        sample(ints(3), 6),
        sample(ints(0), ints(1)),
        sample(ints(), ints(seed=1)),
    )
    return Row(name, samples, torch=getattr(torch, name))


BINARY = (
    binary("add", sample(bools(3), bools(3, seed=1)), sample(bools(3), 2)),
    binary("sub", torch=lambda a, b: a - b),
    binary("mul", sample(bools(3), bools(3, seed=1))),
    binary("div", low=0.5),
    binary("floor_divide", low=0.5),
    binary("remainder", low=0.5, torch=tensors(torch.remainder), named=False),
    binary("maximum", torch=tensors(torch.maximum)),
    binary("minimum", torch=tensors(torch.minimum)),
    comparison("eq", lambda a, b: a == b),
    comparison("ne", lambda a, b: a != b),
    comparison("lt", lambda a, b: a < b),
    comparison("le", lambda a, b: a <= b),
    comparison("gt", lambda a, b: a > b),
    comparison("ge", lambda a, b: a >= b),
    *map(logic, ("logical_and", "logical_or", "logical_xor")),
    *map(bits, ("bitwise_and", "bitwise_or", "bitwise_xor")),
)

POW = Row(
    "pow",
    (
        *pairs(low=0.3),
        *(sample(floats(2, 3, low=0.3), exponent) for exponent in (2, 2.0, 0.5, -1, -1.5, 0, 3)),
        sample(floats(4), 3),
        sample(ints(2, 3), 3),
        sample(ints(2, 3), ints(3, low=0, high=4)),
        sample(ints(3), 0.5, grad=False),
        sample(2, ints(3, low=0)),
        sample(floats(3, low=0.3), floats(3, dtype="f8")),
        *ties(),
        sample(np.array([0.0, 0.0, 2.0]), np.array([0.0, 2.0, 0.0]), grad=False),
        *(sample(SPECIAL.astype("f4"), exponent, grad=False) for exponent in (2, 0.5, -1, 0)),
    ),
    torch=torch.pow,
    rtol=1e-5,
)


# ---- choosing

WHERE = Row(
    "where",
    (
        sample(bools(2, 3), floats(2, 3), floats(2, 3, seed=1)),
        sample(bools(3), floats(2, 1), floats(seed=1)),
        sample(bools(2, 3), floats(2, 3), 0.0),
        sample(bools(2, 3), 0.5, floats(3)),
        sample(bools(2, 3), 1.0, 0.0),
        sample(bools(3), ints(3), floats(3)),
        sample(bools(3), ints(3), 7),
        sample(bools(3), bools(3, seed=1), bools(1)),
        sample(bools(0, 2), floats(2), floats(0, 2)),
        sample(bools(), floats(), floats(seed=1)),
        sample(bools(12), SPECIAL.astype("f4"), SPECIAL[::-1].astype("f4"), grad=False),
    ),
    torch=torch.where,
)

CLAMP = Row(
    "clamp",
    (
        sample(floats(3, 4), min=-1.0, max=1.0),
        sample(floats(3, 4), min=0.0),
        sample(floats(3, 4), max=0.5),
        sample(floats(3, 4), min=1.0, max=-1.0),
        sample(floats(), min=0, max=1),
        sample(floats(0, 3), min=0, max=1),
        sample(ints(5), min=-1, max=2),
        sample(ints(5), min=0.5),
        sample(SPECIAL.astype("f4"), min=-1.0, max=1.0, grad=False),
    ),
    torch=lambda x, min=None, max=None: torch.clamp(x, min, max),
)


# ---- gradients of activations


def after(function: Callable[[np.ndarray], np.ndarray], *shape: int, dtype: str = "f4") -> Sample:
    """A gradient, and an output of the activation."""
    return sample(floats(*shape, dtype=dtype, seed=1), np.asarray(function(floats(*shape, dtype=dtype))))


def activation_grad(name: str, backward: Callable[..., Any], function: Callable[[np.ndarray], np.ndarray]) -> Row:
    samples = tuple(after(function, *shape) for shape in ((3, 4), (), (1,), (0, 3)))
    special = sample(SPECIAL.astype("f4"), SPECIAL[::-1].astype("f4"), grad=False)
    return Row(name, (*samples, after(function, 2, 3, dtype="f8"), special), torch=backward, named=False)


GRADS = (
    activation_grad("relu_grad", lambda g, y: torch.ops.aten.threshold_backward(g, y, 0), np.array),
    activation_grad("tanh_grad", torch.ops.aten.tanh_backward, np.tanh),
    activation_grad("sigmoid_grad", torch.ops.aten.sigmoid_backward, lambda x: 1 / (1 + np.exp(-x))),
)


# ---- groups


def group(function: Callable[..., Any], *args: Any) -> Sample:
    """A sample of `fused` whose body is the function."""
    body = Graph("body")
    results = function(*(body.add_input(_type(a)) for a in args))
    body.outputs = results if isinstance(results, tuple) else (results,)
    return sample(*args, body=body)


def _type(item: Any) -> TensorType:
    if isinstance(item, float):
        return TensorType(dtypes.float64, (), weak=True)
    return TensorType(dtypes.BY_NUMPY[item.dtype], item.shape)


def _momentum(p: Any, g: Any, m: Any, rate: Any) -> Any:
    new = ops.add(ops.mul(m, 0.9), g)
    return ops.sub(p, ops.mul(new, rate)), new


def _reads_its_input_late(x: Any, y: Any) -> Any:
    return ops.add(x, 1.0), ops.mul(ops.exp(x), y), ops.where(ops.gt(x, y), x, y)


def _scale_and_shift(x: Any, mean: Any, scale: Any) -> Any:
    return ops.relu(ops.mul(ops.sub(x, mean), ops.rsqrt(ops.add(ops.square(scale), 1e-3))))


def _with_scratch(x: Any, g: Any) -> Any:
    y = ops.sigmoid(ops.erf(x))
    return ops.relu_grad(ops.sigmoid_grad(g, y), x)


HEADS = {"linear": lambda *xs: torch.nn.functional.linear(*xs), "matmul": lambda x, y: x @ y}


def _in_torch(*xs: Any, body: Graph) -> Any:
    """The body, node by node, with PyTorch's functions."""
    env = dict(zip(body.inputs, xs, strict=True))

    def read(value: Any) -> Any:
        return value.literal if value.literal is not None else env[value]

    for node in body.nodes:
        row = ELEMENTWISE.get(node.op.name)
        function = HEADS[node.op.name] if row is None else row.torch
        env[node.output] = function(*map(read, node.operands), **node.attrs)
    found = tuple(env[v] for v in body.outputs)
    return found if len(found) > 1 else found[0]


FUSED = Row(
    "fused",
    (
        group(_momentum, floats(3, 4), floats(3, 4, seed=1), floats(3, 4, seed=2), 0.1),
        group(_momentum, *(floats(3, 4, dtype="f8", seed=i) for i in range(3)), 0.1),
        group(
            _scale_and_shift, floats(2, 3, 4, dtype="f8"), floats(3, 1, dtype="f8"), floats(1, 3, 1, dtype="f8", seed=1)
        ),
        group(_with_scratch, floats(3, 4, dtype="f8"), floats(4, dtype="f8", seed=1)),
        group(_reads_its_input_late, floats(5), floats(5, seed=1)),
        group(_scale_and_shift, floats(2, 3, 4, 5), floats(3, 1, 1), floats(1, 3, 1, 1, seed=1)),
        group(_with_scratch, floats(3, 4), floats(4, seed=1)),
        group(_scale_and_shift, floats(150, 3, 300), floats(3, 1), floats(300)),
        group(_reads_its_input_late, floats(70000), floats(1)),
        group(lambda x: ops.cast(ops.gt(x, 0.0), dtype=dtypes.int64), floats(4)),
        group(_scale_and_shift, floats(0, 3), floats(3), floats()),
        group(lambda x, y: (ops.mul(x, y), x), floats(), floats(seed=1)),
    ),
    torch=_in_torch,
    named=False,
    rtol=1e-5,
)

FUSED_EPILOGUE = Row(
    "fused_epilogue",
    (
        group(lambda x, w, b: ops.tanh(ops.linear(x, w, b)), floats(3, 4), floats(5, 4, seed=1), floats(5, seed=2)),
        group(
            lambda x, w, b, r: ops.relu(ops.add(ops.mul(ops.linear(x, w), b), r)),
            *(floats(17, 9), floats(21, 9, seed=1), floats(21, seed=2), floats(17, 21, seed=3)),
        ),
        group(lambda g, x, w: ops.sub(w, ops.mul(ops.matmul(g, x), 0.1)), floats(5, 3), floats(3, 7), floats(5, 7)),
        group(lambda x, w, s: ops.div(ops.matmul(x, w), s), floats(2, 3, 4), floats(2, 4, 6, seed=1), floats()),
    ),
    torch=_in_torch,
    named=False,
    rtol=1e-5,
)

ROWS = (*UNARY, CAST, *BINARY, POW, WHERE, CLAMP, *GRADS, FUSED, FUSED_EPILOGUE)
ELEMENTWISE = {row.op: row for row in ROWS}
