"""Orthogonal weights, batch norms folded into layers, older weight norms' states: against PyTorch."""

import copy

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.nn.utils import parametrizations

torch = pytest.importorskip("torch")


def arrays(state):
    return {name: t.detach().numpy() for name, t in state.items()}


def same_state(ours, theirs):
    ours.load_state_dict({name: graphnn.tensor(a) for name, a in arrays(theirs.state_dict()).items()})


# ---- orthogonal weights


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder", None])
def test_orthogonal_weights_are_what_pytorch_makes_of_the_same_state(kind, shape):
    theirs = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(*shape), orthogonal_map=kind)
    ours = parametrizations.orthogonal(nn.Linear(*shape), orthogonal_map=kind)
    assert repr(ours) == repr(theirs)
    with torch.no_grad():
        theirs.parametrizations.weight.original.add_(0.3 * torch.randn(*shape[::-1]))
    same_state(ours, theirs)
    np.testing.assert_allclose(ours.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-4, atol=1e-5)
    (ours.weight**3).sum().backward()
    (theirs.weight**3).sum().backward()
    found, wanted = (m.parametrizations.weight.original.grad.numpy() for m in (ours, theirs))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("trivial", [True, False])
def test_an_orthogonal_weight_can_be_assigned(trivial):
    layer = parametrizations.orthogonal(nn.Linear(3, 5), orthogonal_map="householder", use_trivialization=trivial)
    q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32))
    layer.weight = graphnn.tensor(q)
    np.testing.assert_allclose(layer.weight.detach().numpy(), q, atol=1e-5)


def test_a_weight_stays_orthogonal_in_training():
    layer = parametrizations.orthogonal(nn.Linear(4, 4))
    optimizer = graphnn.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(3):
        layer(graphnn.ones(2, 4)).square().sum().backward()
        optimizer.step()
    weight = layer.weight.detach().numpy()
    np.testing.assert_allclose(weight @ weight.T, np.eye(4), atol=1e-5)


def test_orthogonal_refuses_vectors_and_unknown_maps():
    with pytest.raises(ValueError, match="matrix or batch of matrices"):
        parametrizations.orthogonal(nn.Linear(2, 2), "bias")
    with pytest.raises(ValueError, match="orthogonal_map has to be one of"):
        parametrizations.orthogonal(nn.Linear(2, 2), orthogonal_map="qr")


# ---- batch norms folded into layers


def trained(bn):
    rng = np.random.default_rng(3)
    for tensor in (bn.running_mean, bn.running_var, bn.weight, bn.bias):
        tensor.data.copy_(graphnn.tensor(rng.uniform(0.5, 2, tuple(tensor.shape)).astype(np.float32)))
    return bn.eval()


LAYERS = {
    "conv": (lambda: nn.Conv2d(3, 4, 3), lambda: nn.BatchNorm2d(4), (2, 3, 5, 5), nn.utils.fuse_conv_bn_eval),
    "conv without bias": (
        lambda: nn.Conv1d(4, 6, 2, groups=2, bias=False),
        lambda: nn.BatchNorm1d(6),
        (2, 4, 5),
        nn.utils.fuse_conv_bn_eval,
    ),
    "transposed": (
        lambda: nn.ConvTranspose2d(3, 4, 3),
        lambda: nn.BatchNorm2d(4),
        (2, 3, 5, 5),
        lambda conv, bn: nn.utils.fuse_conv_bn_eval(conv, bn, transpose=True),
    ),
    "linear": (lambda: nn.Linear(3, 4), lambda: nn.BatchNorm1d(4), (5, 3), nn.utils.fuse_linear_bn_eval),
}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_fused_layer_does_what_both_did(name):
    make, norm, shape, fuse = LAYERS[name]
    layer, bn = make().eval(), trained(norm())
    x = graphnn.tensor(np.random.default_rng(1).standard_normal(shape).astype(np.float32))
    np.testing.assert_allclose(fuse(layer, bn)(x).detach().numpy(), bn(layer(x)).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_layers_in_training_are_not_fused():
    with pytest.raises(AssertionError, match="only for eval"):
        nn.utils.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))


# ---- the rest


def test_states_of_the_older_weight_norm_load():
    with pytest.warns(FutureWarning):
        older = torch.nn.utils.weight_norm(torch.nn.Linear(3, 2))
    ours = nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 2)))
    before = {f"0.{name}": graphnn.tensor(a) for name, a in arrays(older.state_dict()).items()}
    ours.load_state_dict(before)
    assert "0.weight_g" in before
    np.testing.assert_allclose(ours[0].weight.detach().numpy(), older.weight.detach().numpy(), rtol=1e-6)
    copy.deepcopy(ours).load_state_dict(ours.state_dict())


def test_skip_init_draws_no_numbers():
    graphnn.manual_seed(4)
    layer = nn.utils.skip_init(nn.Linear, 3, 2)
    after = graphnn.rand(2).tolist()
    graphnn.manual_seed(4)
    assert after == graphnn.rand(2).tolist()
    assert tuple(layer.weight.shape) == (2, 3)
    with pytest.raises(RuntimeError, match="device"):
        nn.utils.skip_init(nn.ReLU)
