"""PyTorch's functions and creators: results, dtypes, errors; and the namespace they are found in."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

import graphnn
from tests.parity import agree, check, check_error, check_text, data

A, B, V = data(2, 3), data(2, 3, seed=1), data(3)

FUNCTIONS = {
    "cat": lambda t, x, y, v: t.cat([x, y]),
    "cat dim": lambda t, x, y, v: t.cat((x, y, x), dim=-1),
    "stack": lambda t, x, y, v: t.stack([x, y]),
    "stack last": lambda t, x, y, v: t.stack([x, y], -1),
    "hstack vstack": lambda t, x, y, v: (t.hstack([x, y]), t.vstack([x, v]), t.hstack([v, v]), t.vstack([v, v])),
    "concat": lambda t, x, y, v: t.concat([x, y], 1),
    "relu": lambda t, x, y, v: t.relu(x),
    "flatten": lambda t, x, y, v: t.flatten(x, 0),
    "sum": lambda t, x, y, v: t.sum(x, 1, keepdim=True),
    "mean": lambda t, x, y, v: t.mean(x, dim=0),
    "max": lambda t, x, y, v: (*t.max(x, 1), t.max(x), t.max(x, y)),
    "matmul": lambda t, x, y, v: t.matmul(x, v),
    "transpose": lambda t, x, y, v: t.transpose(x, 0, 1),
    "maximum": lambda t, x, y, v: t.maximum(x, y),
    "pow": lambda t, x, y, v: (t.pow(x, 2), t.pow(2, x), t.pow(x.abs() + 1, y)),
    "where": lambda t, x, y, v: t.where(x > y, x, y),
    "clamp": lambda t, x, y, v: t.clamp(x, min=-0.2, max=0.4),
    "meshgrid": lambda t, x, y, v: t.meshgrid(v, v[:2], indexing="ij"),
    "meshgrid xy": lambda t, x, y, v: t.meshgrid(v, v[:2], indexing="xy"),
    "broadcast_tensors": lambda t, x, y, v: t.broadcast_tensors(x, v),
    "tril triu": lambda t, x, y, v: (t.tril(x), t.triu(x, 1)),
    "squeeze": lambda t, x, y, v: t.squeeze(x[:1]),
    "chunk split": lambda t, x, y, v: (*t.chunk(x, 2), *t.split(x, 2, dim=1), *t.unbind(x)),
    "softmax": lambda t, x, y, v: (t.softmax(x, dim=1), t.log_softmax(x, 0), t.sigmoid(x), t.tanh(x)),
    "isclose": lambda t, x, y, v: (t.isclose(x, x + 1e-9), t.isclose(x, y)),
    "argmax": lambda t, x, y, v: (t.argmax(x), t.argmax(x, 1), t.all(x > 0), t.any(x > 0)),
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions(name):
    named = name in ("cat", "stack", "relu", "sum", "mean", "maximum")
    check(FUNCTIONS[name], A, B, V, names=named, layout=name != "meshgrid xy")


CREATION = {
    "tensor of numbers": lambda t: (
        t.tensor(1),
        t.tensor(1.5),
        t.tensor(True),
        t.tensor([1, 2]),
        t.tensor([[1.0], [2]]),
    ),
    "tensor of arrays": lambda t: (t.tensor(np.arange(3)), t.tensor(np.ones((2, 2))), t.tensor(np.float32(3))),
    "tensor of tensors": lambda t: (t.tensor([t.tensor(1.0), t.tensor(2.0)]), t.tensor([]), t.tensor([[]])),
    "tensor with a dtype": lambda t: (t.tensor([1, 2], dtype=t.float64), t.tensor([1.7], dtype=t.int32)),
    "mixed": lambda t: t.tensor([1, 2.5, True]),
    "zeros ones": lambda t: (t.zeros(2, 3), t.ones((2,)), t.zeros([3], dtype=t.int64), t.ones(()), t.zeros(size=(2,))),
    "full": lambda t: (t.full((2, 2), 7), t.full((2,), 1.5), t.full((1,), True), t.full((2,), 3, dtype=t.float32)),
    "arange": lambda t: (t.arange(5), t.arange(1, 4), t.arange(0, 1, 0.25), t.arange(5, 0, -2), t.arange(3.0)),
    "arange named": lambda t: (t.arange(start=1, end=7, step=3), t.arange(3, dtype=t.float32)),
    "linspace eye": lambda t: (t.linspace(0, 1, 5), t.eye(3), t.eye(2, 3)),
    "like": lambda t: (t.zeros_like(t.ones(2, 3)), t.ones_like(t.arange(3)), t.full_like(t.ones(2), 5)),
    "empty": lambda t: (tuple(t.empty(2, 3).shape), tuple(t.empty((0, 3)).shape), t.empty(0)),
    "from_numpy": lambda t: (t.from_numpy(np.arange(3.0)), t.as_tensor([1, 2]), t.as_tensor(np.ones(2))),
    "rand shapes": lambda t: (tuple(t.rand(2, 3).shape), tuple(t.randn((4,)).shape), str(t.rand(1).dtype)),
    "rand dtypes": lambda t: (
        str(t.randint(0, 9, (3,)).dtype),
        str(t.randperm(4).dtype),
        sorted(t.randperm(4).tolist()),
    ),
    "rand like": lambda t: (tuple(t.rand_like(t.ones(2, 3)).shape), str(t.randn_like(t.ones(2).double()).dtype)),
    "normal": lambda t: (tuple(t.normal(0.0, 1.0, size=(2, 3)).shape), tuple(t.normal(t.zeros(3), 2.0).shape)),
    "types": lambda t: (str(t.result_type(t.ones(1, dtype=t.int32), 1.5)), str(t.promote_types(t.int32, t.float16))),
    "can_cast": lambda t: (t.can_cast(t.int32, t.float32), t.can_cast(t.float32, t.int64), t.can_cast(t.int8, t.uint8)),
    "finfo": lambda t: (t.finfo(t.float32).eps, t.finfo(t.float64).max, t.iinfo(t.int8).min, t.finfo(t.float16).bits),
    "facts": lambda t: (t.is_tensor(t.ones(1)), t.is_tensor(1), t.numel(t.ones(2, 3)), t.is_floating_point(t.ones(1))),
    "equal": lambda t: (t.equal(t.ones(2), t.ones(2)), t.equal(t.ones(2), t.ones(3)), t.allclose(t.ones(2), t.ones(2))),
    "Tensor": lambda t: (t.Tensor([1, 2]), tuple(t.Tensor(2, 3).shape), t.Tensor(), t.Tensor(np.ones(2))),
    "default dtype": lambda t: (str(t.get_default_dtype()), str(t.tensor([1.0]).dtype)),
    "device": lambda t: (str(t.device("cpu")), repr(t.device("cuda:1")), t.ones(1).device == t.device("cpu")),
    "cuda": lambda t: (t.cuda.is_available(), t.cuda.device_count()),
}


@pytest.mark.parametrize("name", sorted(CREATION))
def test_creation_and_facts(name):
    def program(t):
        found = CREATION[name](t)
        return found if isinstance(found, tuple) else (found,)

    agree(program)


@pytest.mark.parametrize(
    ("program", "kind", "gist"),
    [
        (lambda t, x: t.cat([x, x[0]]), RuntimeError, "same number of dimensions"),
        (lambda t, x: t.cat([x, x[:, :1]]), RuntimeError, "[Ss]izes of tensors must match|Expected size"),
        (lambda t, x: t.stack([x, x[:1]]), RuntimeError, "equal size"),
        (lambda t, x: t.cat(x), TypeError, "must be tuple of Tensors"),
        (lambda t, x: t.relu(1.0), TypeError, "must be Tensor, not float"),
        (lambda t, x: x + t.ones(7), RuntimeError, "must match the size of tensor b"),
        (lambda t, x: x @ x, RuntimeError, "shapes cannot be multiplied"),
        (lambda t, x: x.view(5), RuntimeError, "is invalid for input of size 6"),
        (lambda t, x: x.t().view(-1), RuntimeError, "view size is not compatible"),
        (lambda t, x: x.view(-1, -1), RuntimeError, "only one dimension can be inferred"),
        (lambda t, x: x.sum(5), IndexError, "Dimension out of range"),
        (lambda t, x: x.sum((0, 0)), RuntimeError, "appears (multiple times|more than once)"),
        (lambda t, x: x.permute(0), RuntimeError, "dimension|dims"),
        (lambda t, x: x.expand(5, 3), RuntimeError, "expanded size of the tensor"),
        (lambda t, x: x.repeat(2), RuntimeError, "repeat dims can not be smaller"),
        (lambda t, x: t.ones(2, dtype=t.int64).mean(), RuntimeError, "floating point"),
        (lambda t, x: t.ones(2, dtype=t.bool) - t.ones(2, dtype=t.bool), RuntimeError, "bool"),
        (lambda t, x: -t.ones(2, dtype=t.bool), RuntimeError, "bool"),
        (lambda t, x: len(t.tensor(1)), TypeError, "0-d tensor"),
        (lambda t, x: iter(t.tensor(1)), TypeError, "iteration over a 0-d tensor"),
        (lambda t, x: int(t.ones(2)), ValueError, "converted to"),
        (lambda t, x: [1, 2, 3][t.tensor(1.0)], TypeError, "only integer tensors"),
        (lambda t, x: t.zeros(-1), RuntimeError, "negative"),
        (lambda t, x: t.tensor([[1], [1, 2]]), ValueError, "length|expected sequence"),
        (lambda t, x: t.device("toaster"), RuntimeError, "Expected one of"),
        (lambda t, x: t.arange(0, 5, -1), RuntimeError, "inconsistent with step sign"),
        (lambda t, x: x + "a", TypeError, ""),
        (lambda t, x: t.empty(0).max(), (RuntimeError, IndexError), ""),
        (lambda t, x: t.no_such_name, AttributeError, "no_such_name"),
    ],
)
def test_mistakes(program, kind, gist):
    check_error(program, A, kind=kind, gist=gist)


def test_another_device_is_refused_in_words():
    for program in (
        lambda: graphnn.ones(2, device="cuda"),
        lambda: graphnn.ones(2).cuda(),
        lambda: graphnn.ones(1).to("mps"),
    ):
        with pytest.raises(NotImplementedError, match="runs on the CPU"):
            program()


def test_random_numbers_follow_the_seed():
    graphnn.manual_seed(3)
    first = [graphnn.rand(5), graphnn.randn(5), graphnn.randint(0, 10, (5,)), graphnn.randperm(5)]
    graphnn.manual_seed(3)
    again = [graphnn.rand(5), graphnn.randn(5), graphnn.randint(0, 10, (5,)), graphnn.randperm(5)]
    assert all(graphnn.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not graphnn.equal(first[0], graphnn.rand(5))
    own = graphnn.Generator().manual_seed(3)
    assert graphnn.equal(graphnn.rand(5, generator=own), first[0])


def test_random_numbers_are_distributed_as_they_should_be():
    graphnn.manual_seed(0)
    uniform, normal = graphnn.rand(20000), graphnn.randn(20000)
    assert uniform.min().item() >= 0
    assert uniform.max().item() < 1
    assert abs(uniform.mean().item() - 0.5) < 0.01
    assert abs(normal.mean().item()) < 0.03
    assert abs(normal.std().item() - 1) < 0.03
    assert set(graphnn.randint(2, 5, (200,)).tolist()) == {2, 3, 4}
    drawn = graphnn.zeros(5000).bernoulli_(0.3)
    assert abs(drawn.mean().item() - 0.3) < 0.03
    assert graphnn.zeros(1000).uniform_(2, 3).min().item() >= 2


TEXTS = {
    "numbers": lambda t: t.tensor([1.0, 2.5, -3e-5]),
    "leaf": lambda t: t.tensor([1.0], requires_grad=True),
    "history": lambda t: t.tensor([1.0], requires_grad=True) * 2,
    "integers": lambda t: t.arange(12).view(3, 4),
    "truth": lambda t: t.arange(3) > 1,
    "double": lambda t: t.ones(2, dtype=t.float64),
    "empty": lambda t: t.ones(0, 3),
    "scalar": lambda t: t.tensor(3.14159),
    "large": lambda t: t.arange(2000.0),
    "pairs": lambda t: t.tensor([[1.0, 5.0], [7.0, 2.0]]).max(1),
    "size": lambda t: t.ones(2, 3).shape,
    "size of a slice": lambda t: t.ones(2, 3, 4).shape[1:],
    "dtype": lambda t: t.ones(1).dtype,
    "device": lambda t: t.device("cpu"),
    "format": lambda t: f"{t.tensor(2.0):.3f} {t.tensor(7):>4d} {t.tensor([1.0])}",
    "slice": lambda t: t.ones(3, requires_grad=True)[:2],
}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_texts(name):
    check_text(TEXTS[name])


def test_the_text_of_a_traced_tensor_shows_its_type_and_reads_nothing():
    seen = []

    def program(x):
        y = x * 2
        seen.extend([repr(y), str(x), f"{y}"])
        return y

    graphnn.trace(program, graphnn.ones(2, 3, requires_grad=True))
    assert seen[0] == "tensor(<traced f32[2, 3]>, grad_fn=<MulBackward0>)"
    assert seen[1] == "tensor(<traced f32[2, 3]>)"


# ---- the namespace


def test_names_are_listed_and_each_can_be_had():
    names = [n for n in dir(graphnn) if not n.startswith("_")]
    assert {
        "tensor",
        "zeros",
        "relu",
        "nn",
        "optim",
        "no_grad",
        "float32",
        "trace",
        "compile",
        "cuda",
        "Tensor",
    } <= set(names)
    for name in names:
        assert getattr(graphnn, name) is not None


def test_the_package_tensor_is_also_the_function():
    assert graphnn.tensor([1, 2]).tolist() == [1, 2]
    assert importlib.import_module("graphnn.tensor") is graphnn.tensor


def test_imports_as_in_pytorch_code():
    code = (
        "import graphnn as torch, graphnn.nn as nn, graphnn.nn.functional as F, graphnn.optim as optim; "
        "from graphnn import nn as same, Tensor, float32; from graphnn.autograd import Function, grad; "
        "print(F.relu(torch.tensor([-1.0, 2.0])), same is nn, torch.float32 is float32, torch.autograd.grad is grad)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "tensor([0., 2.]) True True True\n"
