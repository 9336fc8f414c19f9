"""float16 and bfloat16: what is computed with them, forward and backward, agrees with PyTorch up to one rounding."""

from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn.ir import parse

torch = pytest.importorskip("torch")

CASES: dict[str, tuple[Any, tuple[tuple[int, ...], ...]]] = {
    "linear": (lambda m, x, w, b: m.nn.functional.linear(x, w, b), ((2, 5, 7), (3, 7), (3,))),
    "conv2d": (lambda m, x, w, b: m.nn.functional.conv2d(x, w, b, padding=1), ((2, 3, 8, 8), (4, 3, 3, 3), (4,))),
    "conv1d": (lambda m, x, w: m.nn.functional.conv1d(x, w, stride=2), ((2, 3, 9), (4, 3, 3))),
    "conv_transpose2d": (lambda m, x, w: m.nn.functional.conv_transpose2d(x, w), ((2, 3, 4, 4), (3, 4, 3, 3))),
    "batch_norm": (
        lambda m, x, w, b: m.nn.functional.batch_norm(x, None, None, w, b, True),
        ((6, 3, 4), (3,), (3,)),
    ),
    "layer_norm": (lambda m, x, w, b: m.nn.functional.layer_norm(x, (6,), w, b), ((5, 6), (6,), (6,))),
    "group_norm": (lambda m, x, w, b: m.nn.functional.group_norm(x, 2, w, b), ((5, 6, 3), (6,), (6,))),
    "rms_norm": (lambda m, x, w: m.nn.functional.rms_norm(x, (6,), w), ((5, 6), (6,))),
    "softmax": (lambda m, x: m.nn.functional.softmax(x, -1), ((5, 6),)),
    "log_softmax": (lambda m, x: m.nn.functional.log_softmax(x, -1), ((5, 6),)),
    "cross_entropy": (lambda m, x: m.nn.functional.cross_entropy(x, m.tensor([1, 0, 3, 2, 5])), ((5, 6),)),
    "embedding": (lambda m, w: m.nn.functional.embedding(m.tensor([1, 0, 3, 1]), w), ((5, 6),)),
    "gelu": (lambda m, x: m.nn.functional.gelu(x), ((4, 9),)),
    "silu": (lambda m, x: m.nn.functional.silu(x), ((4, 9),)),
    "tanh and sigmoid": (lambda m, x: m.tanh(x) * m.sigmoid(x), ((4, 9),)),
    "relu": (lambda m, x: m.relu(x), ((4, 9),)),
    "mse_loss": (lambda m, x, y: m.nn.functional.mse_loss(x, y), ((4, 9), (4, 9))),
    "max_pool2d": (lambda m, x: m.nn.functional.max_pool2d(x, 2), ((2, 3, 8, 8),)),
    "avg_pool2d": (lambda m, x: m.nn.functional.avg_pool2d(x, 2), ((2, 3, 8, 8),)),
    "attention": (
        lambda m, q, k, v: m.nn.functional.scaled_dot_product_attention(q, k, v),
        ((2, 3, 5, 4),) * 3,
    ),
    "matmul": (lambda m, a, b: a @ b, ((2, 5, 4), (2, 4, 3))),
    "sum": (lambda m, x: x.sum(1), ((5, 4),)),
    "mean": (lambda m, x: x.mean(), ((5, 4),)),
    "var": (lambda m, x: x.var(0), ((5, 4),)),
    "norm": (lambda m, x: x.norm(), ((5, 4),)),
    "cumsum": (lambda m, x: x.cumsum(0), ((5, 4),)),
    "cat": (lambda m, a, b: m.cat([a, b]), ((5, 4), (2, 4))),
    "where": (lambda m, a, b: m.where(a > 0, a, b), ((5, 4), (5, 4))),
    "indexing": (lambda m, x: x[[0, 2]][:, 1], ((5, 4),)),
}
KINDS = {"float16": 1 / 256, "bfloat16": 1 / 32}
OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax", "NAdam", "RAdam", "ASGD", "Adadelta", "Adafactor")


def from_torch(tensor: Any) -> Any:
    name = str(tensor.dtype).removeprefix("torch.")
    return graphnn.tensor(tensor.detach().double().numpy()).to(getattr(graphnn, name))


def assert_near(found: Any, wanted: Any, tolerance: float) -> None:
    assert repr(found.dtype) == repr(wanted.dtype)
    exact = wanted.detach().double().numpy()
    scale = np.abs(exact).max() + 1e-3
    np.testing.assert_allclose(np.array(found.tolist()), exact, atol=tolerance * scale, rtol=0)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_pytorch_forward_and_backward(name, kind, compiled):
    run, shapes = CASES[name]
    torch.manual_seed(0)
    wanted = [torch.randn(shape).to(getattr(torch, kind)).requires_grad_() for shape in shapes]
    found = [from_torch(w).requires_grad_() for w in wanted]
    call = (lambda *xs: run(graphnn, *xs)) if not compiled else graphnn.compile(lambda *xs: run(graphnn, *xs))
    out, theirs = call(*found), run(torch, *wanted)
    assert_near(out, theirs, KINDS[kind])
    gradient = torch.randn(theirs.shape).to(theirs.dtype)
    theirs.backward(gradient)
    out.backward(from_torch(gradient))
    for mine, other in zip(found, wanted, strict=True):
        assert_near(mine.grad, other.grad, KINDS[kind])


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_train_bfloat16_as_in_pytorch(name, compiled):
    torch.manual_seed(0)
    theirs = torch.nn.Linear(4, 3).bfloat16()
    net = graphnn.nn.Linear(4, 3).bfloat16()
    with graphnn.no_grad():
        for mine, other in zip(net.parameters(), theirs.parameters(), strict=True):
            mine.copy_(from_torch(other))
    wanted = getattr(torch.optim, name)(theirs.parameters(), lr=0.05)
    optimizer = getattr(graphnn.optim, name)(net.parameters(), lr=0.05)

    def step(x):
        optimizer.zero_grad()
        (net(x) ** 2).mean().backward()
        optimizer.step()

    run = graphnn.compile(step) if compiled else step
    x = torch.randn(6, 4).bfloat16()
    for _ in range(3):
        wanted.zero_grad()
        (theirs(x) ** 2).mean().backward()
        wanted.step()
        run(from_torch(x))
    assert_near(net.weight, theirs.weight, 0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_long_sums_neither_overflow_nor_stall(kind):
    ones = graphnn.ones(70000, dtype=getattr(graphnn, kind))
    assert ones.mean().item() == 1.0
    assert (ones / 64).sum().item() == pytest.approx(70000 / 64, rel=1 / 128)
    assert (ones[:60000] @ (ones[:60000] / 1024)).item() == pytest.approx(60000 / 1024, rel=1 / 128)
    assert graphnn.full((2,), 300.0, dtype=getattr(graphnn, kind)).norm().item() == pytest.approx(424.26, rel=1 / 128)


def test_modules_take_bfloat16_as_their_dtype():
    x = graphnn.randn(5, 2, 4, dtype=graphnn.bfloat16)
    for make in (graphnn.nn.LSTM, graphnn.nn.GRU, graphnn.nn.RNN):
        out, _ = make(4, 3, dtype=graphnn.bfloat16)(x)
        out.sum().backward()
        assert out.dtype is graphnn.bfloat16
    attention = graphnn.nn.MultiheadAttention(4, 2, dtype=graphnn.bfloat16)
    assert attention(x, x, x)[0].dtype is graphnn.bfloat16


def test_bfloat16_prints_as_in_pytorch():
    for values in ([1.0, 2.5, 0.1], [1e-8, 1.0], [float("nan"), 3e38], [[1.0, 2.0], [3.0, 4.0]], 7.0, []):
        assert repr(graphnn.tensor(values, dtype=graphnn.bfloat16)) == repr(torch.tensor(values, dtype=torch.bfloat16))


def test_bfloat16_round_trips_through_the_graphs_text():
    constant = graphnn.tensor([1.0, 2.703125, -0.1], dtype=graphnn.bfloat16)
    graph = graphnn.trace(lambda x: (x * constant).to(graphnn.float16), graphnn.ones(2, 3, dtype=graphnn.bfloat16))
    text = str(graph)
    assert "bf16[2, 3]" in text
    assert str(parse(text)) == text


def test_numpy_arrays_of_bfloat16_come_in_and_go_out_as_float32():
    import ml_dtypes

    array = np.array([1.0, 0.1], ml_dtypes.bfloat16)
    shared = graphnn.from_numpy(array)
    array[0] = 5
    assert shared.tolist() == [5.0, 0.10009765625]
    with pytest.raises(TypeError, match=r"BFloat16.*\.float\(\)\.numpy\(\)"):
        shared.numpy()
    assert shared.float().numpy().dtype == np.float32


def test_bfloat16_goes_to_pytorch_and_back_in_files(tmp_path):
    from safetensors.torch import load_file, save_file

    graphnn.save({"x": graphnn.tensor([1.0, 0.1], dtype=graphnn.bfloat16)}, tmp_path / "x.safetensors")
    theirs = load_file(tmp_path / "x.safetensors")
    assert repr(theirs["x"]) == repr(torch.tensor([1.0, 0.1], dtype=torch.bfloat16))
    save_file(theirs, tmp_path / "y.safetensors")
    assert repr(graphnn.load(tmp_path / "y.safetensors")["x"]) == repr(theirs["x"])
