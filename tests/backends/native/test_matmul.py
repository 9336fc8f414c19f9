"""Products in C against NumPy in float64: odd sizes, strides, batches, vectors, on vectors of 4, 8 and 16 lanes."""

from dataclasses import replace

import numpy as np
import pytest

import graphnn.ops  # noqa: F401
from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.kernels.matrix_blocking import blocking, packed_vectors
from graphnn.backends.native.kernels.product import Product
from graphnn.backends.native.lowering import lowering_of
from graphnn.backends.native.step import Operand
from graphnn.backends.native.target import NativeTarget
from graphnn.backends.native.toolchain.machine import Machine, this_machine
from graphnn.ir import Graph
from graphnn.ir.dtypes import float32
from graphnn.ir.graph import numpy_type
from graphnn.ir.parser import parse
from graphnn.ir.registry import lookup
from graphnn.ir.types import TensorType
from graphnn.passes import FuseEpilogue
from graphnn.plan.plan import make_plan

WIDTHS = {"4": (4, 32), "8": (8, 16), "16": (16, 32)}  # lanes, registers

MATRICES = [
    *((m, n, k) for m in (1, 2, 3, 5, 7, 13) for n, k in ((1, 9), (10, 84), (33, 17), (64, 1))),
    *((31, 47, 345), (200, 20, 12), (13, 300, 700), (65, 24, 31), (40, 3, 50), (7, 8, 0), (10, 84, 4100)),
]
BATCHES = [
    ((3, 7, 5), (3, 5, 9)),
    ((2, 3, 7, 5), (5, 9)),
    ((7, 5), (3, 5, 9)),
    ((2, 1, 20, 40), (3, 40, 18)),
    ((40, 4, 4), (40, 4, 4)),
    ((6,), (6,)),
    ((6,), (6, 5)),
    ((9, 6), (6,)),
    ((2, 9, 6), (6,)),
    ((6,), (3, 6, 5)),
    ((3, 5, 1), (3, 1, 30)),
    ((2, 17, 33), (2, 33, 1)),
]


class Products:
    """One graph of many products, their arguments, and what NumPy says."""

    def __init__(self, dtype="f4"):
        self.random = np.random.default_rng(3)
        self.dtype = dtype
        self.graph = Graph("products")
        self.arrays, self.expected, self.results = [], [], []

    def input(self, *shape):
        self.arrays.append(self.random.standard_normal(shape).astype(self.dtype))
        return self.graph.add_input(numpy_type(self.arrays[-1])), self.arrays[-1].astype("f8")

    def turned(self, *shape):
        """A matrix that lies in memory the other way round."""
        value, array = self.input(*shape[:-2], shape[-1], shape[-2])
        dims = {"dim0": len(shape) - 2, "dim1": len(shape) - 1}
        return self.graph.append(lookup("transpose"), [value], dims).output, np.swapaxes(array, -1, -2)

    def spread(self, *shape):
        """A matrix with gaps along both dimensions."""
        value, array = self.input(*(2 * n for n in shape))
        for dim, size in enumerate(shape):
            attrs = {"dim": dim, "start": 0, "stop": 2 * size, "step": 2}
            value = self.graph.append(lookup("slice"), [value], attrs).output
        return value, array[tuple(slice(None, None, 2) for _ in shape)]

    def add(self, op, expected, *values):
        node = self.graph.append(lookup(op), list(values))
        assert lowering_of(node) is not None
        self.expected.append(expected)
        return node.output

    def matmul(self, a, b):
        self.results.append(self.add("matmul", a[1] @ b[1], a[0], b[0]))

    def linear(self, op, x, weight, bias=None):
        found = x[1] @ weight[1].T + (0 if bias is None else bias[1])
        found = np.maximum(found, 0) if op == "linear_relu" else found
        values = [v[0] for v in (x, weight, bias) if v is not None]
        self.results.append(self.add(op, found, *values))

    def run(self, lanes, registers, threads=2):
        machine = replace(this_machine(), lanes=lanes, registers=registers, threads=threads)
        backend = NativeBackend()
        backend.target = NativeTarget(machine=machine)
        self.graph.outputs = self.results
        plan = make_plan(self.graph, backend.target)
        return backend.bind(plan, ()).forward(self.arrays)

    def check(self, lanes, registers):
        tolerance = 1e-5 if self.dtype == "f4" else 1e-12
        for node, got, wanted in zip(self.results, self.run(lanes, registers), self.expected, strict=True):
            assert got.shape == wanted.shape
            scale = np.abs(wanted).max(initial=1)
            np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * scale, err_msg=repr(node.producer))


@pytest.fixture(params=WIDTHS)
def width(request):
    return WIDTHS[request.param]


def test_multiplies_matrices_of_any_size_and_strides(width):
    made = Products()
    for m, n, k in MATRICES:
        made.matmul(made.input(m, k), made.input(k, n))
        made.matmul(made.turned(m, k), made.input(k, n))
        made.matmul(made.input(m, k), made.turned(k, n))
    made.matmul(made.spread(21, 13), made.spread(13, 25))
    made.check(*width)


def test_multiplies_batches_and_vectors(width):
    made = Products()
    for left, right in BATCHES:
        made.matmul(made.input(*left), made.input(*right))
        if len(left) > 1 and len(right) > 1:
            made.matmul(made.turned(*left), made.turned(*right))
    made.check(*width)


def test_linear_adds_its_bias_and_cuts_below_zero(width):
    made = Products()
    for rows, n, k in (((), 10, 7), ((1,), 20, 65), ((9,), 10, 84), ((2, 33), 40, 30), ((3, 2, 5), 17, 20)):
        for op in ("linear", "linear_relu"):
            made.linear(op, made.input(*rows, k), made.input(n, k), made.input(n))
        made.linear("linear", made.input(*rows, k), made.turned(n, k))
    made.check(*width)


def test_multiplies_in_double_precision(width):
    made = Products("f8")
    for m, n, k in MATRICES[::5]:
        made.matmul(made.input(m, k), made.turned(k, n))
        made.linear("linear_relu", made.turned(m, k), made.input(n, k), made.input(n))
    made.check(*width)


def test_gives_the_same_bits_for_any_number_of_threads():
    def results(threads):
        made = Products()
        made.matmul(made.turned(10, 5000), made.input(5000, 84))
        made.matmul(made.input(300, 700), made.turned(700, 300))
        return made.run(8, 16, threads)

    for one, two in zip(results(1), results(2), strict=True):
        np.testing.assert_array_equal(one, two)


def test_nan_and_infinity_pass_through():
    made = Products()
    x, weight = made.input(20, 30), made.input(40, 30)
    made.arrays[0][3, 5], made.arrays[0][7, 1] = np.nan, np.inf
    made.linear("linear_relu", x, weight)
    (got,) = made.run(8, 16)
    with np.errstate(invalid="ignore"):
        wanted = np.maximum(made.arrays[0] @ made.arrays[1].T, 0)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    np.testing.assert_array_equal(np.isinf(got), np.isinf(wanted))


GROUP = """
graph @g(%x: f32[{m}, {k}], %w: f32[{n}, {k}], %b: f32[{n}], %r: f32[{m}, {n}], %s: f32[{n}]) -> (f32[{m}, {n}]) {{
  %0: f32[{m}, {n}] = linear(%x, %w, %b)
  %1: f32[{m}, {n}] = add(%0, %r)
  %2: f32[{m}, {n}] = mul(%1, %s)
  %3: f32[{m}, {n}] = tanh(%2)
  return %3
}}"""


@pytest.mark.parametrize(("m", "n", "k"), [(1, 13, 20), (5, 21, 3), (40, 37, 30), (20, 60, 700), (9, 11, 5000)])
def test_results_go_through_what_follows_before_they_are_stored(m, n, k, width):
    graph = parse(GROUP.format(m=m, n=n, k=k))
    FuseEpilogue().apply(graph)
    assert [node.op.name for node in graph.nodes] == ["fused_epilogue"]
    random = np.random.default_rng(2)
    x, w, b, r, s = arrays = [random.standard_normal(v.type.shape).astype("f4") for v in graph.inputs]
    backend = NativeBackend()
    backend.target = NativeTarget(machine=replace(this_machine(), lanes=width[0], registers=width[1]))
    (got,) = backend.bind(make_plan(graph, backend.target), ()).forward(arrays)
    np.testing.assert_allclose(got, np.tanh((x.astype("f8") @ w.T + b + r) * s), rtol=0, atol=5e-4)


@pytest.mark.parametrize("rows", [4, 8, 12, 16, 24, 32, 64, 100])
@pytest.mark.parametrize("columns", [16, 64, 256])
def test_samples_that_are_dealt_out_leave_tiles_with_sums_enough(rows, columns):
    machine = Machine(8, 16, 2)
    width = packed_vectors(machine, rows, columns) * machine.lanes
    left = Operand(TensorType(float32, (rows, 256)), (256, 1), 0)
    weight = Operand(TensorType(float32, (-(-columns // width), 256, width)), (256 * width, width, 1), 1)
    product = Product(left, weight, (), rows, columns, 256, 256, 1, width, 1, width)
    cut = blocking(product, machine, 1, samples=rows)
    assert cut.rows * cut.vectors >= min(8, rows)
