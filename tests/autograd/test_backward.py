"""backward, grad and what users see of the history, against PyTorch."""

import numpy as np
import pytest

import graphnn
from graphnn.runtime.interpreter import interpret
from tests.parity import agree, check, check_error, data, tensors_of, values

A, B, V = data(3, 4), data(3, 4, seed=1), data(4)


def test_gradients_add_up_over_backwards_and_are_forgotten_on_request():
    def program(t, x, y):
        (x * y).sum().backward()
        first = x.grad.clone()
        (x * x).sum().backward()
        second = x.grad.clone()
        x.grad = None
        x.sum().backward()
        return first, second, x.grad, y.grad

    agree(program, A, B)


def test_grad_returns_gradients_and_leaves_grad_alone():
    def program(t, x, y):
        z = (x * y).exp()
        gx, gy = t.autograd.grad(z.sum(), (x, y), retain_graph=True)
        (weighted,) = t.autograd.grad(z, x, grad_outputs=t.ones_like(z) * 2)
        return gx, gy, weighted, x.grad is None

    agree(program, A, B)


def test_grad_of_intermediate_tensors_and_of_unused_ones():
    def program(t, x, y):
        z = x * 2
        w = z.exp().sum()
        gz, gy = t.autograd.grad(w, (z, y), allow_unused=True, retain_graph=True)
        gx, same = t.autograd.grad(w, (x, x))
        return gz, gy is None, gx, same

    agree(program, A, B)


def test_grad_of_several_outputs():
    def program(t, x, y):
        return t.autograd.grad((x.sum(), (x * y).sum()), (x, y))

    agree(program, A, B)


def test_backward_from_several_tensors():
    def program(t, x, y):
        t.autograd.backward([x.sum(), x * y], [None, t.ones_like(y)])
        return x.grad, y.grad

    agree(program, A, B)


def test_backward_into_given_inputs_alone():
    def program(t, x, y):
        (x * y).sum().backward(inputs=[x])
        return x.grad, y.grad is None

    agree(program, A, B)


def test_second_and_third_derivatives():
    def program(t, x, y):
        (first,) = t.autograd.grad((x**4 * y.sigmoid()).sum(), x, create_graph=True)
        (second,) = t.autograd.grad(first.sum(), x, create_graph=True)
        second.sum().backward()
        return first, second, x.grad, y.grad

    agree(program, A, B)


@pytest.mark.parametrize(
    "function",
    [
        lambda t, x: x.exp(),
        lambda t, x: x.tanh(),
        lambda t, x: x.sigmoid(),
        lambda t, x: x.relu() * x,
        lambda t, x: x / (x * x + 1),
        lambda t, x: x @ x.t() @ x,
        lambda t, x: x.softmax(1),
        lambda t, x: x.log_softmax(1),
        lambda t, x: x.var(1),
        lambda t, x: x.prod(1),
        lambda t, x: x.cumsum(0) ** 2,
        lambda t, x: x[:, 1:] * x[:, :-1],
        lambda t, x: x[t.tensor([0, 2, 0])] ** 3,
        lambda t, x: t.cat([x, x * x]).amax(0) ** 2,
        lambda t, x: t.where(x > 0, x**3, x**2),
        lambda t, x: x.norm() ** 3,
    ],
)
def test_gradients_of_gradients(function):
    def program(t, x):
        (first,) = t.autograd.grad((function(t, x) ** 2).sum(), x, create_graph=True)
        (first**2).sum().backward()
        return first, x.grad

    agree(program, A)


def test_a_backward_with_create_graph_accumulates_a_gradient_with_history():
    def program(t, x):
        (x**3).sum().backward(create_graph=True)
        (second,) = t.autograd.grad(x.grad.sum(), x)
        return x.grad, x.grad.requires_grad, second

    agree(program, A)


def test_hooks_see_and_replace_gradients():
    def program(t, x):
        seen = []
        y = x * 2
        y.register_hook(lambda g: g * 3)
        handle = x.register_hook(lambda g: seen.append(g.clone()))
        y.sum().backward()
        handle.remove()
        (x * 1).sum().backward()
        return x.grad, len(seen), seen[0]

    agree(program, A)


def test_retain_grad_keeps_an_intermediate_gradient():
    def program(t, x):
        y = x * 2
        y.retain_grad()
        y.retain_grad()
        z = y.exp()
        z.sum().backward()
        return y.grad, x.grad, z.is_leaf, y.is_leaf, x.is_leaf

    agree(program, A)


def test_no_grad_and_its_kin_switch_recording():
    def program(t, x):
        found = []
        with t.no_grad():
            found.append((x * 2).requires_grad)
            with t.enable_grad():
                found.append((x * 2).requires_grad)
        with t.set_grad_enabled(False):
            found.append(t.is_grad_enabled())
        found.append(t.is_grad_enabled())

        @t.no_grad()
        def decorated():
            return (x * 2).requires_grad

        @t.inference_mode()
        def inferred():
            return (x * 2).requires_grad

        return *found, decorated(), inferred(), (x * 2).requires_grad

    agree(program, A)


def test_a_tensor_used_in_several_places_gets_the_sum():
    def program(t, x, y):
        a = x * y
        b = a + x
        c = (a * b + a.sum()).mean()
        c.backward()
        return x.grad, y.grad

    agree(program, A, B)


def test_detached_tensors_cut_the_history():
    def program(t, x):
        y = (x * 2).detach()
        z = x * y
        z.sum().backward()
        return x.grad, y.requires_grad, y.grad_fn is None

    agree(program, A)


def test_requires_grad_switched_on_and_off():
    def program(t, x):
        y = t.zeros(3).requires_grad_()
        y.requires_grad = False
        z = t.zeros(3)
        z.requires_grad = True
        return y.requires_grad, z.requires_grad, z.is_leaf, (z * 2).requires_grad

    agree(program, A)


def test_the_chain_of_a_small_network_reads_as_pytorchs():
    def program(t, x, w, b):
        h = (x @ w.t() + b).relu()
        return (h - 1).pow(2).mean()

    check(program, data(5, 4), data(3, 4), data(3))


def test_the_end_of_a_chain_is_the_leaf_itself():
    x = graphnn.ones(2, requires_grad=True)
    (node, _), *_ = (x * 2).grad_fn.next_functions
    assert node.name() == "AccumulateGrad"
    assert node.variable is x


def test_int_and_bool_results_have_no_history():
    x = graphnn.ones(2, requires_grad=True)
    assert not (x > 0).requires_grad
    assert not x.argmax().requires_grad
    assert not x.long().requires_grad


ERRORS = [
    (lambda t, x: (x * x).backward(), "grad can be implicitly created only for scalar outputs"),
    (lambda t, x: x.detach().sum().backward(), "does not require grad and does not have a grad_fn"),
    (lambda t, x: _twice((x * x).sum()), "backward through the graph a second time"),
    (lambda t, x: (x * 2).backward(t.ones(7)), "Mismatch in shape"),
    (lambda t, x: t.autograd.grad(x.sum(), t.ones(2)), "does not require grad"),
    (lambda t, x: t.autograd.grad(x.sum(), t.ones(2, requires_grad=True)), "not have been used in the graph"),
    (lambda t, x: (x * 2).requires_grad_(False), "only change requires_grad flags of leaf variables"),
    (lambda t, x: t.arange(3).requires_grad_(), "floating point"),
    (lambda t, x: x.numpy(), "Can't call numpy\\(\\) on Tensor that requires grad"),
    (lambda t, x: x.detach().register_hook(lambda g: g), "register a hook on a tensor that doesn't require grad"),
    (lambda t, x: x.detach().retain_grad(), "can't retain_grad on Tensor that has requires_grad=False"),
    (lambda t, x: setattr(x, "grad", t.ones(7, dtype=x.dtype)), "attempting to assign a gradient"),
    (lambda t, x: t.tensor([1.0, 2.0]).item(), "cannot be converted to Scalar"),
    (lambda t, x: bool(x.detach()), "Boolean value of Tensor with more than one value is ambiguous"),
]


def _twice(loss):
    loss.backward()
    loss.backward()


@pytest.mark.parametrize(("program", "gist"), ERRORS)
def test_what_cannot_be_differentiated_raises(program, gist):
    check_error(program, A, kind=RuntimeError, gist=gist)


def test_backward_twice_is_fine_with_retain_graph():
    def program(t, x):
        y = (x * x).sum()
        y.backward(retain_graph=True)
        y.backward()
        return (x.grad,)

    agree(program, A)


# ---- the same in a trace


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x, y: _gradients(t, x, (x * y).sigmoid().sum()),
        lambda t, x, y: _gradients(t, x, (x.relu() @ y.t()).pow(2).mean()),
        lambda t, x, y: _gradients(t, x, t.cat([x[:1], y * x]).softmax(1).amax(0).sum()),
        lambda t, x, y: t.autograd.grad((x * y).exp().sum(), (x, y)),
        lambda t, x, y: t.autograd.grad(t.autograd.grad((x**3 * y).sum(), x, create_graph=True)[0].sum(), (x, y)),
        lambda t, x, y: _second(t, x),
    ],
)
def test_traced_gradients_are_the_eager_ones(program):
    eager = [values(g) for g in program(graphnn, *tensors_of(graphnn, (A, B)))]
    graph = graphnn.trace(lambda x, y: tuple(program(graphnn, x, y)), *tensors_of(graphnn, (A, B)))
    found, _ = interpret(graph, A, B)
    for ours, expected in zip(found, eager, strict=False):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
    agree(program, A, B)


def _gradients(t, x, loss):
    loss.backward()
    return (x.grad,)


def _second(t, x):
    (x**3).sum().backward(create_graph=True)
    return t.autograd.grad((x.grad**2).sum(), x)


def test_hooks_run_while_tracing():
    def program(x):
        y = x * 2
        y.register_hook(lambda g: g * 3)
        return graphnn.autograd.grad(y.sum(), x)

    found, _ = interpret(graphnn.trace(program, graphnn.ones(3, requires_grad=True)), np.ones(3, np.float32))
    assert found[0].tolist() == [6, 6, 6]
