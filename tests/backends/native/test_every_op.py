"""Each op's C kernel against its NumPy kernel, on the op's table of samples; some ops share a compiled plan."""

import numpy as np
import pytest

from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.lowering import lowering_of
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.plan.plan import make_plan
from tests.ops.samples import TABLE

BATCH = 12
BATCHES = [TABLE[i : i + BATCH] for i in range(0, len(TABLE), BATCH)]

# ops that have no kernel in C yet, whatever their operands
WITHOUT_C = """
    adaptive_max_pool as_strided as_strided_grad as_strided_scatter avg_pool3d avg_pool3d_grad
    bilinear binary_cross_entropy cholesky cofactor
    col2im constant conv3d conv3d_input_grad conv3d_weight_grad
    conv_transpose3d ctc_loss ctc_loss_grad det diagonal_grad diagonal_scatter edge_pad
    edge_pad_grad eigh embedding_bag fractional_max_pool glu im2col index index_grad index_put inv
    matrix_exp max_pool3d max_unpool mode multi_margin_loss multilabel_margin_loss pack_gates
    pack_padded_sequence     pad_packed_sequence pinv qr randperm rrelu slogdet
    scatter_reduce searchsorted solve sort svd
"""
ON_NUMPY = set(WITHOUT_C.split())


class Samples:
    """One graph with a node for each sample of some rows that has a kernel in C."""

    def __init__(self, rows):
        self.graph = Graph("samples")
        self.arrays = []
        self.cases = []
        for row in rows:
            for number, sample in enumerate(row.samples):
                self._add(row, number, sample)

    def _add(self, row, number, sample):
        arrays = len(self.arrays)
        node = self.graph.append(row.rule, [self._value(a) for a in sample.args], sample.attrs)
        if lowering_of(node) is None:
            self.graph.erase(node)
            for value in self.graph.inputs[arrays:]:
                self.graph._names.discard(value.name)
            del self.graph.inputs[arrays:], self.arrays[arrays:]
            return
        self.cases.append((row, number, sample, node))

    def _value(self, arg):
        if not isinstance(arg, np.ndarray):
            return self.graph.as_value(arg)
        self.arrays.append(arg)
        return self.graph.add_input(numpy_type(arg))


@pytest.mark.parametrize("rows", BATCHES, ids=lambda rows: f"{rows[0].op}-to-{rows[-1].op}")
def test_c_computes_what_numpy_computes(rows):
    made = Samples(rows)
    assert made.cases or all(row.op in ON_NUMPY for row in rows)
    made.graph.outputs = [v for case in made.cases for v in case[3].outputs]
    backend = NativeBackend()
    plan = make_plan(made.graph, backend.target)
    results = iter(backend.bind(plan, ()).forward(made.arrays))
    wrong = []
    for row, number, sample, node in made.cases:
        with np.errstate(all="ignore"):
            wanted = row.rule.run(sample.args, node.attrs, [v.type for v in node.outputs])
        for k, expected in enumerate(wanted):
            got = next(results)
            try:
                compare(got, expected, magnitude(sample.args))
            except AssertionError as error:
                wrong.append(f"{row.op}, sample {number}, result {k}: {node!r}\n{error}")
    assert not wrong, "\n\n".join(wrong)


def test_only_these_ops_have_no_kernel_in_c():
    covered = {row.op for row in TABLE if Samples([row]).cases}
    assert {row.op for row in TABLE} - covered == ON_NUMPY


def magnitude(args):
    """The greatest of what is given, at most 1: what cancels out leaves errors of that size."""
    floats = [np.abs(a[np.isfinite(a)]) for a in args if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    return min(1.0, max((float(a.max()) for a in floats if a.size), default=0.0))


def compare(got, expected, given):
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if expected.dtype.kind in "iub":
        np.testing.assert_array_equal(got, expected)
        return
    rtol = {2: 1e-2, 4: 2e-5, 8: 1e-12}[expected.dtype.itemsize]
    if expected.dtype.itemsize == 2:
        got, expected = got.astype("f4"), expected.astype("f4")
    finite = np.abs(expected[np.isfinite(expected)])
    scale = float(finite.max()) if finite.size else 1.0
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol * max(min(scale, 1e6) * 0.2, 0.1 * given))
