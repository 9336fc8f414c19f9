"""Normalisation layers: one op each, PyTorch's names of gradients, running statistics when compiled, and refusals."""

import pytest

import graphnn
import graphnn.nn.functional as F
from graphnn import nn
from graphnn.errors import ArgumentError, ShapeError

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("layer", "op"),
    [
        (nn.LayerNorm(4), "layer_norm"),
        (nn.RMSNorm(4), "rms_norm"),
        (nn.GroupNorm(2, 4), "group_norm"),
        (nn.InstanceNorm1d(4, affine=True), "instance_norm"),
        (nn.BatchNorm1d(4).eval(), "batch_norm"),
    ],
)
def test_is_one_node_of_the_graph(layer: nn.Module, op: str):
    graph = graphnn.trace(layer, graphnn.ones(3, 4, 4))
    assert [node.op.name for node in graph.nodes] == [op]


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm", "group_norm", "instance_norm", "local_response_norm"])
def test_the_gradient_has_pytorchs_name(name: str):
    extra = {"layer_norm": ((4,),), "rms_norm": ((4,),), "group_norm": (2,), "local_response_norm": (2,)}.get(name, ())
    ours = getattr(F, name)(graphnn.ones(3, 4, 4, requires_grad=True), *extra)
    theirs = getattr(torch.nn.functional, name)(torch.ones(3, 4, 4, requires_grad=True), *extra)
    assert type(ours.grad_fn).__name__ == theirs.grad_fn.name()


@pytest.mark.parametrize("layer", [nn.InstanceNorm1d(4, track_running_stats=True), nn.BatchNorm1d(4)])
def test_a_compiled_call_in_training_moves_the_running_statistics(layer: nn.Module):
    graphnn.manual_seed(0)
    x = graphnn.randn(3, 4, 5)
    other = type(layer)(4, track_running_stats=True)
    other(x)
    graphnn.compile(layer)(x)
    for key, wanted in other.state_dict().items():
        torch.testing.assert_close(torch.tensor(layer.state_dict()[key].numpy()), torch.tensor(wanted.numpy()))


def test_gradients_of_gradients_are_pytorchs():
    numbers = [[0.3, -1.0, 2.0, 0.7], [1.0, 0.5, -0.2, 4.0]]
    found = []
    for library, functional in ((graphnn, F), (torch, torch.nn.functional)):
        x = library.tensor(numbers, requires_grad=True)
        y = functional.layer_norm(x, (4,)).pow(3).sum() + functional.rms_norm(x, (4,)).pow(3).sum()
        (g,) = library.autograd.grad(y, x, create_graph=True)
        (g * g).sum().backward()
        found.append(x.grad.tolist())
    torch.testing.assert_close(torch.tensor(found[0]), torch.tensor(found[1]), rtol=1e-3, atol=1e-3)


def test_refuses_what_pytorch_refuses():
    with pytest.raises(ArgumentError, match="must be divisible by num_groups"):
        nn.GroupNorm(4, 6)
    with pytest.raises(ArgumentError, match="divisible by num_groups"):
        F.group_norm(graphnn.ones(2, 6, 2), 4)
    with pytest.raises(ShapeError, match="Expected more than 1 value per channel"):
        F.group_norm(graphnn.ones(1, 2), 2)
    with pytest.raises(ShapeError, match=r"expected input with shape \[\*, 3\]"):
        nn.LayerNorm(3)(graphnn.ones(2, 4))
    with pytest.raises(ArgumentError, match="at least 1-dimensional"):
        F.layer_norm(graphnn.ones(2), ())
    with pytest.raises(ShapeError, match="more than 1 spatial element"):
        nn.InstanceNorm1d(3)(graphnn.ones(2, 3, 1))
    with pytest.raises(ShapeError, match="expected 3D or 4D input"):
        nn.InstanceNorm2d(3)(graphnn.ones(2, 3))
    with pytest.raises(ShapeError, match="to match num_features"):
        nn.InstanceNorm1d(3, affine=True)(graphnn.ones(2, 4, 5))
    with pytest.raises(ShapeError, match="3D or higher"):
        nn.LocalResponseNorm(2)(graphnn.ones(2, 4))


def test_instance_norm_without_weights_warns_of_other_channels():
    with pytest.warns(UserWarning, match="does not match num_features"):
        nn.InstanceNorm1d(3)(graphnn.ones(2, 4, 5))
