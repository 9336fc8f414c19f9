"""Activations: their in-place forms, the names of their grad_fn, drawn slopes, and what they refuse."""

import pytest

import graphnn
import graphnn.nn.functional as F
from graphnn import nn
from graphnn.errors import ArgumentError, ShapeError

torch = pytest.importorskip("torch")

IN_PLACE = ["elu", "selu", "celu", "leaky_relu", "hardtanh", "relu"]
OPTIONS = [*IN_PLACE, "silu", "mish", "relu6", "hardsigmoid", "hardswish"]


def pair() -> tuple[graphnn.Tensor, "torch.Tensor"]:
    numbers = [[-2.0, -0.5, 0.3], [4.0, 7.0, -4.0]]
    return graphnn.tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)


def assert_same(ours: graphnn.Tensor, theirs: "torch.Tensor") -> None:
    torch.testing.assert_close(torch.tensor(ours.detach().numpy()), theirs.detach())


@pytest.mark.parametrize("name", OPTIONS)
def test_writes_over_its_input_where_asked_and_keeps_the_gradient(name: str):
    ours, theirs = pair()
    given = ours * 1.0
    out = getattr(F, name)(given, inplace=True)
    assert out is given
    out.sum().backward()
    getattr(torch.nn.functional, name)(theirs * 1.0, inplace=True).sum().backward()
    assert_same(ours.grad, theirs.grad)


@pytest.mark.parametrize("name", IN_PLACE)
def test_the_underscored_form_writes_over_its_input(name: str):
    ours, theirs = pair()
    given = ours.detach().clone()
    assert getattr(F, f"{name}_")(given) is given
    assert_same(given, getattr(torch.nn.functional, name)(theirs))


def test_threshold_writes_over_its_input():
    ours, _ = pair()
    given = ours.detach().clone()
    assert F.threshold_(given, 0.0, 9.0).tolist() == [[9.0, 9.0, pytest.approx(0.3)], [4.0, 7.0, 9.0]]


@pytest.mark.parametrize("name", [*OPTIONS, "gelu", "softplus", "logsigmoid", "softsign", "tanhshrink", "rrelu"])
def test_the_gradient_has_pytorchs_name(name: str):
    ours, theirs = pair()
    wanted = getattr(torch.nn.functional, name)(theirs).grad_fn.name()
    assert type(getattr(F, name)(ours).grad_fn).__name__ == wanted


def test_rrelu_draws_slopes_between_its_bounds():
    graphnn.manual_seed(0)
    drawn = F.rrelu(graphnn.full((1000,), -1.0), 0.25, 0.5, training=True)
    assert -0.5 <= drawn.min().item() < -0.45
    assert -0.3 < drawn.max().item() <= -0.25


@pytest.mark.parametrize("layer", [nn.RReLU(), nn.RReLU(0.2, 0.4)])
def test_rrelu_draws_anew_at_every_compiled_call(layer: nn.Module):
    fast = graphnn.compile(layer)
    x = graphnn.full((8,), -1.0)
    assert fast(x).tolist() != fast(x).tolist()


def test_refuses_what_pytorch_refuses():
    with pytest.raises(ArgumentError, match=r"max_val .* must be greater than min_val"):
        nn.Hardtanh(1.0, 1.0)
    with pytest.raises(ShapeError, match="Halving dimension must be even, but dimension 1 is size 3"):
        F.glu(graphnn.ones(2, 3))
    with pytest.raises(ShapeError, match="Found parameter numbers = 4 and channel size = 3"):
        nn.PReLU(4)(graphnn.ones(2, 3))
    with pytest.raises(ArgumentError, match="lambda must be greater or equal to 0"):
        F.softshrink(graphnn.ones(2), -1.0)
    with pytest.raises(ArgumentError, match="either none or tanh"):
        F.gelu(graphnn.ones(2), approximate="fast")
    with pytest.raises(ShapeError, match="expected input to be 3D or 4D, got 2D"):
        nn.Softmax2d()(graphnn.ones(2, 2))


def test_the_older_names_of_hardtanhs_bounds_are_taken_with_a_warning():
    with pytest.warns(FutureWarning, match="renamed to `min_val`"):
        layer = nn.Hardtanh(min_value=-3.0)
    assert repr(layer) == "Hardtanh(min_val=-3.0, max_val=1.0)"
    assert repr(nn.ReLU6(inplace=True)) == "ReLU6(inplace=True)"
    assert repr(nn.ELU(2.0, True)) == "ELU(alpha=2.0, inplace=True)"


def test_the_slope_alone_can_be_learned():
    layer = nn.PReLU()
    layer(graphnn.tensor([-2.0, 3.0])).sum().backward()
    assert layer.weight.grad.tolist() == [-2.0]


def test_the_factor_of_a_frozen_vector_gets_its_gradient():
    x, y = graphnn.tensor([1.0, 2.0]), graphnn.tensor([3.0, 4.0], requires_grad=True)
    x.dot(y).backward()
    assert y.grad.tolist() == [1.0, 2.0]
