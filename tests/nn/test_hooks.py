"""Forward and backward hooks, run on both libraries."""

import pytest

from graphnn import nn
from graphnn.errors import ArgumentError
from graphnn.tensor.creation import ones, tensor
from tests.nn.both import LIBRARIES, OURS, array, torch


def run_on_both(scenario):
    ours, theirs = (scenario(t) for t in reversed(LIBRARIES))
    assert ours == theirs
    return ours


def make_linear(t):
    layer = t.nn.Linear(2, 1)
    with t.no_grad():
        layer.weight.copy_(t.tensor([[2.0, 3.0]]))
        layer.bias.zero_()
    return layer


def values(item):
    if isinstance(item, tuple):
        return tuple(map(values, item))
    return None if item is None else array(item).tolist()


def test_forward_hooks_see_and_change_arguments_and_results():
    def scenario(t):
        layer, seen = make_linear(t), []
        layer.register_forward_pre_hook(lambda m, args: seen.append(values(args)))
        layer.register_forward_pre_hook(lambda m, args: args[0] * 2)
        layer.register_forward_hook(lambda m, args, out: seen.append((values(args), values(out))))
        layer.register_forward_hook(lambda m, args, out: out + 1)
        return values(layer(t.ones(1, 2))), seen

    assert run_on_both(scenario)[0] == [[11.0]]


def test_hooks_can_be_put_first():
    def scenario(t):
        layer, order = make_linear(t), []
        layer.register_forward_hook(lambda *args: order.append("second"))
        layer.register_forward_hook(lambda *args: order.append("first"), prepend=True)
        layer.register_forward_pre_hook(lambda *args: order.append("b"))
        layer.register_forward_pre_hook(lambda *args: order.append("a"), prepend=True)
        layer(t.ones(1, 2))
        return order

    assert run_on_both(scenario) == ["a", "b", "first", "second"]


def test_hooks_with_kwargs_get_and_give_them():
    def scenario(t):
        layer = make_linear(t)
        layer.register_forward_pre_hook(
            lambda m, args, kwargs: (args, {"input": kwargs["input"] * 3}), with_kwargs=True
        )
        layer.register_forward_hook(lambda m, args, kwargs, out: out - kwargs["input"].sum(), with_kwargs=True)
        return values(layer(input=t.ones(1, 2)))

    assert run_on_both(scenario) == [[9.0]]


def test_a_handle_takes_its_hook_away():
    layer, calls = make_linear(OURS), []
    handle = layer.register_forward_hook(lambda *args: calls.append("a"))
    with layer.register_forward_hook(lambda *args: calls.append("b")):
        layer(ones(1, 2))
    layer(ones(1, 2))
    handle.remove()
    handle.remove()
    layer(ones(1, 2))
    assert calls == ["a", "b", "a"]


def test_a_hook_that_is_always_called_runs_after_a_failure():
    def scenario(t):
        layer, calls = make_linear(t), []
        layer.register_forward_hook(lambda *args: calls.append("plain"))
        layer.register_forward_hook(lambda *args: calls.append("always"), always_call=True)
        with pytest.raises(RuntimeError):
            layer(t.ones(1, 5))
        return calls

    assert run_on_both(scenario) == ["always"]


def test_a_pre_hook_with_kwargs_must_return_both():
    layer = make_linear(OURS)
    layer.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(ArgumentError, match=r"must return None or a tuple of \(new_args, new_kwargs\), but got 3"):
        layer(ones(1, 2))


def backward_scenario(t, *, inputs_want_grads=True, changing=False):
    layer, seen = make_linear(t), []
    layer.register_full_backward_pre_hook(lambda m, out: seen.append(("before", values(out))))
    if changing:
        layer.register_full_backward_pre_hook(lambda m, out: (out[0] * 10,))
        layer.register_full_backward_hook(lambda m, given, out: (given[0] * 100,))
    layer.register_full_backward_hook(lambda m, given, out: seen.append((values(given), values(out))))
    x = t.tensor([[1.0, 4.0]], requires_grad=inputs_want_grads)
    (layer(x) * 5).sum().backward()
    return seen, values(x.grad), values(layer.weight.grad), values(layer.bias.grad)


def test_backward_hooks_see_the_gradients():
    seen, *_ = run_on_both(backward_scenario)
    assert seen == [("before", ([[5.0]],)), (([[10.0, 15.0]],), ([[5.0]],))]


def test_backward_hooks_change_the_gradients():
    run_on_both(lambda t: backward_scenario(t, changing=True))


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_backward_hooks_run_when_no_input_wants_gradients():
    run_on_both(lambda t: backward_scenario(t, inputs_want_grads=False))


def test_backward_hooks_with_several_inputs_and_outputs():
    def scenario(t):
        class Mix(t.nn.Module):
            def forward(self, a, factor, b):
                return a * factor, a + b

        mix, seen = Mix(), []
        mix.register_full_backward_hook(lambda m, given, out: seen.append((values(given), values(out))))
        a, b = (t.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))
        first, second = mix(a, 7, b)
        (first.sum() + (second * second).sum()).backward()
        return seen, values(a.grad), values(b.grad)

    run_on_both(scenario)


def test_backward_hooks_name_their_node_as_pytorch_does():
    def scenario(t):
        layer = make_linear(t)
        layer.register_full_backward_hook(lambda *args: None)
        return type(layer(t.ones(1, 2)).grad_fn).__name__

    assert run_on_both(scenario) == "BackwardHookFunctionBackward"


def test_a_backward_hook_must_return_as_many_gradients():
    layer = make_linear(OURS)
    layer.register_full_backward_hook(lambda m, given, out: (given[0], given[0]))
    with pytest.raises(ArgumentError, match="invalid number of grad_input, got 2, but expected 1"):
        layer(tensor([[1.0, 1.0]], requires_grad=True)).sum().backward()


def test_no_hooks_are_needed_to_call_a_module_whose_init_was_cut_short():
    class Bare(nn.Module):
        def __init__(self):
            pass

        def forward(self, x):
            return x

    assert Bare()(3) == 3
    assert torch is not None
