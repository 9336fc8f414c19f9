"""What Python asks of tensors: truth, length, iteration, numbers, keys, copies, pickles; and facts of their layout."""

import copy
import pickle

import numpy as np
import pytest

import graphnn
from graphnn.errors import TraceError
from tests.parity import agree, data

A = data(2, 3)


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x: (bool(t.tensor(1.0)), bool(t.tensor([0])), not t.tensor(False)),
        lambda t, x: (float(t.tensor(2.5)), int(t.tensor(2.7)), t.tensor(3).item(), t.tensor([[True]]).item()),
        lambda t, x: (len(x), len(x[0]), [r.tolist() for r in x], x.tolist()),
        lambda t, x: ([10, 20, 30][t.tensor(1)], "abc"[t.tensor(0) :], list(range(t.tensor(3)))),
        lambda t, x: (1.0 in t.ones(3), 2 in t.ones(3)),
        lambda t, x: (x == None, x != None, x == "a"),  # noqa: E711
        lambda t, x: (x.dim(), x.ndim, x.numel(), x.nelement(), x.element_size(), x.itemsize, x.nbytes),
        lambda t, x: (x.size(), x.size(0), x.size(-1), x.shape[1], x.stride(), x.stride(0), tuple(x.t().stride())),
        lambda t, x: (x.storage_offset(), x[1].storage_offset(), x[1, 1:].storage_offset(), x.t()[2].storage_offset()),
        lambda t, x: (x.is_contiguous(), x.t().is_contiguous(), x[:, :1].is_contiguous(), x[:1].is_contiguous()),
        lambda t, x: (x.is_floating_point(), x.long().is_floating_point(), x.is_leaf, x.is_cuda, str(x.device)),
        lambda t, x: (x.shape == (2, 3), x.shape.numel(), (*x.shape, 1), x.T.shape, list(x.shape)),
        lambda t, x: (x.detach().data_ptr() == x.data_ptr(), x[1].data_ptr() - x.data_ptr()),
        lambda t, x: (np.asarray(x.detach()).sum(), np.array(x.detach(), dtype="float32").dtype.name),
        lambda t, x: (
            str(x.float().dtype),
            str(x.half().dtype),
            str(x.to(t.int32).dtype),
            str(x.type_as(t.ones(1)).dtype),
        ),
        lambda t, x: (
            x.to("cpu") is x,
            x.to(t.float64) is x,
            x.to(x) is x,
            x.to(t.device("cpu"), t.float32).dtype == t.float32,
        ),
        lambda t, x: (x.to(dtype=t.float32).dtype == t.float32, x.cpu() is x, x.double() is x, x.to(x, copy=True) is x),
    ],
)
def test_facts_agree_with_pytorch(program):
    agree(program, A)


def test_tensors_are_keys_by_identity():
    x, y = graphnn.ones(2), graphnn.ones(2)
    found = {x: "x", y: "y"}
    assert (found[x], found[y]) == ("x", "y")
    assert hash(x) == hash(x)


def test_numpy_arrays_leave_arithmetic_to_tensors():
    x = graphnn.ones(2, dtype=graphnn.float64)
    for found in (np.ones(2) + x, np.ones(2) * x, np.float64(2) - x, np.ones((2, 2)) @ x, x + np.ones(2)):
        assert isinstance(found, graphnn.Tensor)


def test_copies():
    x = graphnn.ones(2, 2, requires_grad=True)
    x.grad = graphnn.zeros(2, 2)
    deep, shallow = copy.deepcopy(x), copy.copy(x)
    with graphnn.no_grad():
        x.mul_(3)
    assert deep.tolist() == [[1, 1], [1, 1]]
    assert shallow.tolist() == [[3, 3], [3, 3]]
    assert deep.requires_grad
    assert deep.grad is not x.grad
    assert deep.grad.tolist() == [[0, 0], [0, 0]]
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)


def test_deepcopies_of_one_tensor_stay_one():
    x = graphnn.ones(2)
    a, b = copy.deepcopy([x, x])
    assert a is b


def test_pickles():
    x = graphnn.arange(6).view(2, 3).t()
    y = pickle.loads(pickle.dumps(x))
    assert graphnn.equal(x, y)
    assert pickle.loads(pickle.dumps(graphnn.ones(1, requires_grad=True))).requires_grad
    assert pickle.loads(pickle.dumps(graphnn.float16)) is graphnn.float16


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.item(),
        lambda x: x.tolist(),
        lambda x: x.numpy(),
        lambda x: float(x.sum()),
        lambda x: bool(x.sum() > 0),
        lambda x: 1 if (x > 0).all() else 2,
        lambda x: np.asarray(x),
        lambda x: 1.0 in x,
        lambda x: [1, 2][x.long().sum()],
        lambda x: x.data_ptr(),
        lambda x: graphnn.allclose(x, x),
    ],
)
def test_reading_a_value_while_tracing_raises(read):
    with pytest.raises(TraceError, match=r"while tracing.*test_protocols\.py"):
        graphnn.trace(read, graphnn.ones(1))


def test_facts_of_a_traced_tensor_may_be_read():
    def program(x):
        assert (x.shape, x.dim(), len(x), x.dtype, x.numel()) == ((2, 3), 2, 2, graphnn.float32, 6)
        assert not x.t().is_contiguous()
        return sum(row * i for i, row in enumerate(x))

    assert len(graphnn.trace(program, graphnn.ones(2, 3)).outputs) == 1


def test_a_traced_tensor_is_useless_after_its_trace():
    kept = []
    graphnn.trace(lambda x: kept.append(x * 2), graphnn.ones(2))
    with pytest.raises(TraceError, match="after its trace has ended"):
        kept[0] + 1
