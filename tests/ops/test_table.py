"""Every row of the op table: values, types, kernels and views."""

from typing import Any

import numpy as np
import pytest

from graphnn.ir.registry import OPS, Trait
from graphnn.ops.op import array_type
from tests.ops.rows import Row, Sample, strided
from tests.ops.samples import ROWS, TABLE
from tests.ops.table import apply, as_tuple, for_samples, full_attrs, run

pytestmark = pytest.mark.filterwarnings("ignore:var")  # PyTorch warns of what the samples mean to try

GUARD = 32  # bytes before and after an output that a kernel must leave alone


def arrays(args: Any) -> list[np.ndarray]:
    return [a for a in args if isinstance(a, np.ndarray)]


def copies(args: Any) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def assert_same(found: Any, wanted: Any, row: Row) -> None:
    """Equal values (within the row's tolerance for floats), dtypes and shapes."""
    for a, b in zip(found, wanted, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        rtol = max(row.rtol, 1e-3) if a.dtype == np.float16 else row.rtol
        np.testing.assert_allclose(a, b, rtol=rtol, atol=row.atol)


def assert_identical(found: Any, wanted: Any) -> None:
    for a, b in zip(found, wanted, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)


def test_every_op_has_a_row():
    assert OPS.keys() - ROWS.keys() == set()


def test_no_op_has_two_rows():
    assert len(TABLE) == len(ROWS)


# ---- values and types


@for_samples()
def test_gives_what_the_oracle_gives(row: Row, sample: Sample):
    assert_same(apply(row, sample.args, sample.attrs), oracle(row, sample), row)


def oracle(row: Row, sample: Sample) -> tuple[np.ndarray, ...]:
    if row.numpy is not None:
        return as_tuple(row.numpy(*sample.args, **sample.attrs))
    torch = pytest.importorskip("torch")
    assert row.torch is not None
    tensors = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in sample.args]
    return tuple(t.numpy() for t in as_tuple(row.torch(*tensors, **sample.attrs)))


@for_samples()
def test_infers_the_types_of_what_it_gives(row: Row, sample: Sample):
    types = row.rule.infer_types(tuple(map(array_type, sample.args)), full_attrs(row, sample))
    assert types == tuple(map(array_type, apply(row, sample.args, sample.attrs)))


# ---- kernels


def guarded(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Memory for such an array filled with a pattern, and the whole of the memory around it."""
    memory = np.full(array.nbytes + 2 * GUARD, 0xA5, np.uint8)
    inner = memory[GUARD : GUARD + array.nbytes].view(array.dtype).reshape(array.shape)
    return inner, memory


@for_samples()
def test_the_kernel_writes_all_of_its_outputs_and_nothing_else(row: Row, sample: Sample):
    wanted, args = apply(row, sample.args, sample.attrs), copies(sample.args)
    outs, memories = zip(*map(guarded, wanted), strict=True)
    run(row.rule.bind(outs, args, full_attrs(row, sample)))
    assert_identical(outs, wanted)
    assert_identical(arrays(args), arrays(sample.args))
    for memory in memories:
        assert np.all(memory[:GUARD] == 0xA5)
        assert np.all(memory[-GUARD:] == 0xA5)


@for_samples()
def test_strided_inputs_give_the_same(row: Row, sample: Sample):
    args = [strided(a) if isinstance(a, np.ndarray) else a for a in sample.args]
    assert_same(apply(row, args, sample.attrs), apply(row, sample.args, sample.attrs), row)


@for_samples()
def test_bound_calls_read_their_inputs_again(row: Row, sample: Sample):
    """Binds to arrays of zeros, fills them, and replays the calls twice."""
    wanted = apply(row, sample.args, sample.attrs)
    args = [strided(np.zeros_like(a)) if isinstance(a, np.ndarray) else a for a in sample.args]
    outs = [np.zeros_like(w) for w in wanted]
    calls = row.rule.bind(outs, args, full_attrs(row, sample))
    for new, old in zip(arrays(args), arrays(sample.args), strict=True):
        new[...] = old
    for _ in range(2):
        run(calls)
        assert_same(outs, wanted, row)


def is_in_place(row: Row, sample: Sample) -> bool:
    return Trait.INPLACE in row.rule.traits


@for_samples(is_in_place)
def test_in_place_ops_may_write_over_any_input_of_the_same_type(row: Row, sample: Sample):
    wanted = apply(row, sample.args, sample.attrs)
    for i, arg in enumerate(sample.args):
        if array_type(arg) is not array_type(wanted[0]):
            continue
        args = copies(sample.args)
        outs = (args[i], *(np.empty_like(w) for w in wanted[1:]))
        run(row.rule.bind(outs, args, full_attrs(row, sample)))
        assert_identical(outs, wanted)


@for_samples()
def test_an_output_that_is_not_wanted_is_left_out(row: Row, sample: Sample):
    wanted = apply(row, sample.args, sample.attrs)
    for left_out in range(len(wanted) if len(wanted) > 1 else 0):
        outs = [None if i == left_out else np.empty_like(w) for i, w in enumerate(wanted)]
        run(row.rule.bind(outs, sample.args, full_attrs(row, sample)))
        kept = [(o, w) for o, w in zip(outs, wanted, strict=True) if o is not None]
        assert_identical(*zip(*kept, strict=True))


# ---- views


def is_view(row: Row, sample: Sample) -> bool:
    return row.rule.view is not None


@for_samples(is_view)
def test_a_view_shares_its_input_and_equals_the_copying_kernel(row: Row, sample: Sample):
    (x,), attrs = sample.args, full_attrs(row, sample)
    view = row.rule.view(x, **attrs)
    out = np.empty(view.shape, view.dtype)
    run(row.rule.bind((out,), sample.args, attrs))
    np.testing.assert_array_equal(out, view)
    assert view.size == 0 or np.shares_memory(x, view)


@for_samples(lambda row, sample: is_view(row, sample) and row.op != "expand")
def test_scattering_replaces_just_what_the_view_shows(row: Row, sample: Sample):
    (x,), attrs = sample.args, full_attrs(row, sample)
    wanted = x.copy()
    part = row.rule.view(wanted, **attrs)
    part[...] = new = np.arange(part.size).reshape(part.shape).astype(x.dtype)
    np.testing.assert_array_equal(row.rule.scatter(x, new, **attrs), wanted)
