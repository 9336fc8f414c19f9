"""Layers against PyTorch's: outputs, gradients of inputs and parameters, buffers."""

import warnings

import numpy as np
import pytest

from graphnn import nn
from graphnn.tensor.creation import from_numpy, ones, tensor, zeros
from graphnn.tensor.random import manual_seed
from tests.nn.both import OURS, array, check_same_failure, copy_weights, torch

LAYERS = {
    "linear": (lambda t: t.nn.Linear(5, 3), (4, 5)),
    "linear without bias, many dimensions": (lambda t: t.nn.Linear(5, 3, bias=False), (2, 3, 5)),
    "linear, one dimension": (lambda t: t.nn.Linear(5, 3), (5,)),
    "identity": (lambda t: t.nn.Identity(), (2, 3)),
    "flatten": (lambda t: t.nn.Flatten(), (2, 3, 4)),
    "flatten some": (lambda t: t.nn.Flatten(-3, -2), (2, 3, 4)),
    "unflatten": (lambda t: t.nn.Unflatten(1, (2, 3)), (4, 6)),
    "conv": (lambda t: t.nn.Conv2d(3, 4, 3), (2, 3, 7, 6)),
    "conv, unbatched": (lambda t: t.nn.Conv2d(3, 4, 3), (3, 7, 6)),
    "conv with options": (lambda t: t.nn.Conv2d(4, 6, (3, 2), 2, (1, 2), (2, 1), groups=2, bias=False), (2, 4, 8, 7)),
    "conv, same": (lambda t: t.nn.Conv2d(2, 3, 3, padding="same"), (2, 2, 5, 6)),
    "conv, same, even kernel": (lambda t: t.nn.Conv2d(2, 3, (4, 3), padding="same", dilation=(1, 2)), (2, 2, 7, 6)),
    "conv, valid": (lambda t: t.nn.Conv2d(2, 3, 2, padding="valid"), (2, 2, 5, 6)),
    "max pool": (lambda t: t.nn.MaxPool2d(2), (2, 3, 6, 7)),
    "max pool, unbatched": (lambda t: t.nn.MaxPool2d(3), (1, 6, 6)),
    "max pool with options": (lambda t: t.nn.MaxPool2d((3, 2), 2, 1, ceil_mode=True), (2, 3, 6, 7)),
    "avg pool": (lambda t: t.nn.AvgPool2d(2), (2, 3, 6, 7)),
    "avg pool with options": (lambda t: t.nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), (2, 3, 6, 7)),
    "avg pool with a divisor": (lambda t: t.nn.AvgPool2d((2, 3), divisor_override=5), (3, 6, 7)),
    "batch norm": (lambda t: t.nn.BatchNorm2d(3), (4, 3, 2, 5)),
    "batch norm of rows": (lambda t: t.nn.BatchNorm1d(3), (4, 3)),
    "batch norm of sequences": (lambda t: t.nn.BatchNorm1d(3, eps=0.1, momentum=0.3), (4, 3, 5)),
    "batch norm, plain": (lambda t: t.nn.BatchNorm1d(3, affine=False, track_running_stats=False), (4, 3)),
    "batch norm without bias": (lambda t: t.nn.BatchNorm1d(3, bias=False), (4, 3)),
    "relu": (lambda t: t.nn.ReLU(), (3, 4)),
    "sigmoid": (lambda t: t.nn.Sigmoid(), (3, 4)),
    "tanh": (lambda t: t.nn.Tanh(), (3, 4)),
    "softmax": (lambda t: t.nn.Softmax(dim=-1), (3, 4)),
    "log softmax": (lambda t: t.nn.LogSoftmax(dim=0), (3, 4)),
    "dropout, evaluating": (lambda t: t.nn.Dropout(0.5).eval(), (3, 4)),
    "dropout of nothing": (lambda t: t.nn.Dropout(0.0), (3, 4)),
    "stack": (
        lambda t: t.nn.Sequential(t.nn.Linear(5, 4), t.nn.ReLU(), t.nn.BatchNorm1d(4), t.nn.Linear(4, 2)),
        (6, 5),
    ),
}


def inputs(shape, dtype):
    data = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    return tuple(make(np.array(data)).requires_grad_() for make in (from_numpy, torch.from_numpy))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_computes_and_differentiates_as_pytorch(name, dtype):
    build, shape = LAYERS[name]
    theirs, ours = (build(t).to(getattr(t, dtype)) for t in (torch, OURS))
    copy_weights(theirs, ours)
    x, their_x = inputs(shape, dtype)
    out, wanted = ours(x), theirs(their_x)
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-11}
    assert array(out).dtype == array(wanted).dtype
    np.testing.assert_allclose(array(out), array(wanted), **tolerance)
    weights = np.random.default_rng(1).standard_normal(wanted.shape).astype(dtype)
    (out * from_numpy(np.array(weights))).sum().backward()
    (wanted * torch.from_numpy(np.array(weights))).sum().backward()
    np.testing.assert_allclose(array(x.grad), array(their_x.grad), **tolerance)
    for (key, param), their_param in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(array(param.grad), array(their_param.grad), **tolerance, err_msg=key)
    for (key, buffer), their_buffer in zip(ours.named_buffers(), theirs.buffers(), strict=True):
        np.testing.assert_allclose(array(buffer), array(their_buffer), **tolerance, err_msg=key)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_norm_follows_pytorch_from_training_into_evaluation(momentum):
    ours, theirs = (t.nn.BatchNorm1d(3, momentum=momentum) for t in (OURS, torch))
    for step in range(4):
        data = np.random.default_rng(step).standard_normal((5, 3)).astype("float32") * (step + 1)
        np.testing.assert_allclose(array(ours(tensor(data))), array(theirs(torch.tensor(data))), rtol=1e-4, atol=1e-5)
    assert ours.num_batches_tracked.item() == 4
    ours.eval(), theirs.eval()
    np.testing.assert_allclose(array(ours(tensor(data))), array(theirs(torch.tensor(data))), rtol=1e-4, atol=1e-5)
    for buffer, wanted in zip(ours.buffers(), theirs.buffers(), strict=True):
        np.testing.assert_allclose(array(buffer), array(wanted), rtol=1e-5)
        assert not buffer.requires_grad


def test_running_statistics_can_be_reset():
    layer = nn.BatchNorm1d(2)
    layer(tensor([[1.0, 2.0], [3.0, 5.0]]))
    layer.reset_running_stats()
    assert [array(b).tolist() for b in layer.buffers()] == [[0.0, 0.0], [1.0, 1.0], 0]


def test_max_pool_tells_where_the_largest_were():
    data = np.random.default_rng(0).standard_normal((2, 3, 6, 6)).astype("float32")
    ours, theirs = (t.nn.MaxPool2d(2, return_indices=True)(t.from_numpy(data)) for t in (OURS, torch))
    for got, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(array(got), array(wanted))


def test_relu_in_place_changes_its_input():
    x = tensor([-1.0, 2.0])
    assert nn.ReLU(inplace=True)(x) is x
    assert array(x).tolist() == [0.0, 2.0]


def test_dropout_drops_and_scales():
    manual_seed(0)
    out = array(nn.Dropout(0.25)(ones(100, 100)))
    np.testing.assert_allclose(np.unique(out), [0.0, 4 / 3], rtol=1e-6)
    assert (out == 0).mean() == pytest.approx(0.25, abs=0.02)


def test_dropout_sends_gradients_through_what_it_kept():
    x = ones(50, requires_grad=True)
    out = nn.Dropout(0.5)(x)
    out.sum().backward()
    np.testing.assert_array_equal(array(x.grad), array(out))


def test_dropout_of_everything_gives_zeros_and_in_place_works():
    x = ones(3)
    assert array(nn.Dropout(1.0)(x)).tolist() == [0.0] * 3
    assert nn.Dropout(1.0, inplace=True)(x) is x
    assert array(x).tolist() == [0.0] * 3


def test_an_embedding_looks_rows_up_and_leaves_its_padding_alone():
    theirs, ours = (t.nn.Embedding(5, 3, padding_idx=-4) for t in (torch, OURS))
    assert array(ours.weight)[1].tolist() == [0.0] * 3
    copy_weights(theirs, ours)
    indices = np.array([[1, 2, 2], [4, 1, 0]])
    out, wanted = ours(tensor(indices)), theirs(torch.tensor(indices))
    np.testing.assert_array_equal(array(out), array(wanted))
    (out * out).sum().backward()
    (wanted * wanted).sum().backward()
    np.testing.assert_allclose(array(ours.weight.grad), array(theirs.weight.grad))


def test_an_embedding_from_a_given_weight_is_frozen_and_shares_it():
    weight = ones(4, 2)
    layer = nn.Embedding.from_pretrained(weight, padding_idx=1)
    assert not layer.weight.requires_grad
    assert np.shares_memory(array(layer.weight), array(weight))
    assert nn.Embedding.from_pretrained(weight, freeze=False).weight.requires_grad


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax"])
def test_softmax_without_a_dimension_warns_and_chooses_as_pytorch(name, shape):
    data = np.random.default_rng(0).standard_normal(shape)
    results = []
    for t in (OURS, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append(
                (array(getattr(t.nn, name)()(t.from_numpy(data))), str(caught[0].message), caught[0].filename)
            )
    np.testing.assert_allclose(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]
    assert results[0][2] == __file__


REFUSED = {
    "groups": lambda t: t.nn.Conv2d(1, 1, 3, groups=0),
    "same with stride": lambda t: t.nn.Conv2d(4, 3, 3, padding="same", stride=2),
    "conv rank": lambda t: t.nn.Conv2d(4, 3, 3)(t.zeros(3, 3)),
    "dropout probability": lambda t: t.nn.Dropout(2),
    "one value a channel": lambda t: t.nn.BatchNorm1d(3)(t.zeros(1, 3)),
    "batch norm 2d rank": lambda t: t.nn.BatchNorm2d(3)(t.zeros(1, 3)),
    "batch norm 1d rank": lambda t: t.nn.BatchNorm1d(3)(t.zeros(3)),
    "unflatten": lambda t: t.nn.Unflatten(1, 3),
    "reduction": lambda t: t.nn.MSELoss(reduction="x")(t.zeros(3), t.zeros(3)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_pytorchs_words(what):
    check_same_failure(REFUSED[what])


def test_conversion_keeps_identity_values_and_integers():
    layer = nn.BatchNorm1d(2)
    weight = layer.weight
    layer.double()
    assert layer.weight is weight
    assert [p.dtype for p in layer.parameters()] == [OURS.float64] * 2
    assert [b.dtype for b in layer.buffers()] == [OURS.float64, OURS.float64, OURS.int64]
    assert layer.to(zeros(1)).weight.dtype is OURS.float32
    assert layer.to("cpu").float() is layer


def test_conversion_converts_gradients_too():
    layer = nn.Linear(2, 1)
    layer(ones(1, 2)).sum().backward()
    layer.double()
    assert layer.weight.grad.dtype is OURS.float64
    layer(ones(1, 2).double()).sum().backward()
    assert array(layer.weight.grad).tolist() == [[2.0, 2.0]]


def test_freezing_and_clearing_gradients_reach_all_parameters():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    net(ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert all(not array(p.grad).any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())


def test_apply_visits_children_first():
    order = []
    nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU())).apply(lambda m: order.append(type(m).__name__))
    assert order == ["Linear", "ReLU", "Sequential", "Sequential"]


def test_train_and_eval_reach_all_modules():
    net = nn.Sequential(nn.Dropout(), nn.Sequential(nn.BatchNorm1d(1)))
    assert not any(m.training for m in net.eval().modules())
    assert all(m.training for m in net.train().modules())
