"""Gradients through compiled calls, and what becomes of `.grad`."""

import gc

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.errors import AutogradError
from tests.compiler.test_what_users_change import data, make_net, same, train_step


def gradients(net):
    return [p.grad.numpy().copy() for p in net.parameters()]


def test_a_compiled_module_s_outputs_can_be_differentiated():
    nets = make_net(), make_net()
    fast = graphnn.compile(nets[1])
    x, seed = data(6, 4), data(6, 2, seed=2)
    nets[0](x).backward(seed)
    found = fast(x)
    assert found.requires_grad
    assert type(found.grad_fn).__name__ == "CompiledFunctionBackward"
    found.backward(seed)
    for a, b in zip(gradients(nets[0]), gradients(nets[1]), strict=True):
        assert np.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_gradients_flow_through_to_the_argument_and_on():
    net = make_net()
    fast = graphnn.compile(net)
    a, b = data(6, 4), data(6, 4)
    a.requires_grad = b.requires_grad = True
    net(a * 2.0).sum().backward()
    fast(b * 2.0).sum().backward()
    assert np.allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_several_calls_may_be_outstanding():
    nets = make_net(), make_net()
    fast = graphnn.compile(nets[1])
    xs = [data(6, 4, seed=s) for s in range(3)]
    eager = [nets[0](x).pow(2).sum() for x in xs]
    compiled = [fast(x).pow(2).sum() for x in xs]
    for i in (1, 0, 2):
        eager[i].backward()
        compiled[i].backward()
    for a, b in zip(gradients(nets[0]), gradients(nets[1]), strict=True):
        assert np.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_backward_twice_raises_and_with_retain_graph_does_not():
    fast = graphnn.compile(make_net())
    found = fast(data(6, 4)).sum()
    found.backward(retain_graph=True)
    first = gradients(fast)
    found.backward()
    assert all(np.allclose(2 * a, b) for a, b in zip(first, gradients(fast), strict=True))
    with pytest.raises(AutogradError, match="second time"):
        found.backward()


def test_a_dropped_output_gives_its_workspace_back():
    fast = graphnn.compile(make_net())
    for _ in range(5):
        fast(data(6, 4))
    gc.collect()
    assert len(fast._compiled._made[0].program.executable.free) == 1


def test_weights_changed_between_forward_and_backward_are_noticed():
    net = make_net()
    fast = graphnn.compile(net)
    found = fast(data(6, 4)).sum()
    with graphnn.no_grad():
        net[2].weight.mul_(2.0)
    with pytest.raises(AutogradError, match="modified by an inplace operation"):
        found.backward()


def test_a_consumed_gradient_is_not_kept_and_says_how_to_keep_it():
    net = make_net()
    step = train_step(net, optim.SGD(net.parameters(), lr=0.1))
    graphnn.compile(step)(data(6, 4), data(6, 2))
    with pytest.raises(AutogradError, match="keep_grads=True"):
        net[0].weight.grad  # noqa: B018
    graphnn.compile(step, keep_grads=True)(data(6, 4), data(6, 2))
    assert net[0].weight.grad.shape == (8, 4)


def test_gradients_that_no_update_consumes_are_state():
    nets = make_net(), make_net()

    def backward_of(net):
        def run(x):
            net(x).sum().backward()

        return run

    eager, fast = backward_of(nets[0]), graphnn.compile(backward_of(nets[1]))
    for seed in range(3):
        eager(data(6, 4, seed=seed))
        fast(data(6, 4, seed=seed))
    for a, b in zip(gradients(nets[0]), gradients(nets[1]), strict=True):
        assert np.allclose(a, b, rtol=1e-5, atol=1e-5)


def test_create_graph_through_a_compiled_call_is_refused_in_words():
    fast = graphnn.compile(make_net())
    x = data(6, 4)
    x.requires_grad = True
    with pytest.raises(AutogradError, match="call the original"):
        graphnn.autograd.grad(fast(x).sum(), x, create_graph=True)


def test_an_error_of_the_user_s_own_passes_through_unchanged():
    class Mine(Exception):
        pass

    def fails(x):
        raise Mine("as it was")

    with pytest.raises(Mine, match="as it was"):
        graphnn.compile(fails)(data(3))


def test_in_place_changes_of_an_argument_reach_the_caller():
    def change(x):
        x[1:].mul_(2.0)
        x.add_(1.0)
        return x[0], x

    a, b = data(4), data(4)
    eager, fast = change(a), graphnn.compile(change)(b)
    assert same(a, b)
    assert fast[1] is b
    assert same(eager[0], fast[0])


def test_views_of_a_block_are_read_again_after_a_write():
    def views(x):
        y = x * 1.0
        row = y[0]
        column = y[:, 1]
        y.mul_(2.0)
        row.add_(1.0)
        return column, y, row

    x = data(3, 4)
    for eager, fast in zip(views(x), graphnn.compile(views)(x), strict=True):
        assert same(eager, fast)


def test_returned_views_share_memory_as_eager_ones_do():
    def both(x):
        y = x * 2.0
        return y, y[0]

    whole, row = graphnn.compile(both)(data(3, 4))
    row.zero_()
    assert (whole[0] == 0).all()
    assert nn.Identity()(whole) is whole
