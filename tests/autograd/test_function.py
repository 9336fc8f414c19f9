"""Functions with a backward of the user's own: eager, differentiated twice, traced."""

import numpy as np
import pytest

import graphnn
from graphnn.runtime.interpreter import interpret
from tests.parity import agree, check, check_error, data

A, B = data(3, 4), data(3, 4, seed=1)


def functions(t):
    """The functions that the tests use, for torch or graphnn."""

    class Exp(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            result = x.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx, g):
            (result,) = ctx.saved_tensors
            return g * result

    class Scale(t.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, factor):
            ctx.save_for_backward(x, y)
            ctx.factor = factor
            return x * y * factor, x + y

        @staticmethod
        def backward(ctx, g, h):
            x, y = ctx.saved_tensors
            gx = g * y * ctx.factor + h if ctx.needs_input_grad[0] else None
            gy = g * x * ctx.factor + h if ctx.needs_input_grad[1] else None
            return gx, gy, None

    class Straight(t.autograd.Function):
        @staticmethod
        def forward(x, threshold):
            return (x > threshold).to(x.dtype)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.threshold = inputs[1]

        @staticmethod
        def backward(ctx, g):
            return g * 2, None

    class Sorted(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            index = x.argmax(1)
            ctx.mark_non_differentiable(index)
            ctx.save_for_backward(index)
            return x.amax(1), index

        @staticmethod
        def backward(ctx, g, _):
            (index,) = ctx.saved_tensors
            return t.zeros(3, 4, dtype=g.dtype).scatter(1, index.unsqueeze(1), g.unsqueeze(1))

    class Same(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 5

    class Wrong(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g, g

    class Once(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @t.autograd.function.once_differentiable
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    return {f.__name__: f.apply for f in (Exp, Scale, Straight, Sorted, Same, Wrong, Once)}


PROGRAMS = {
    "one input, a saved output": lambda t, f, x, y: f["Exp"](x * y),
    "two outputs, a number": lambda t, f, x, y: f["Scale"](x, y, 3.0),
    "one output used": lambda t, f, x, y: f["Scale"](x, y, 3.0)[1],
    "one input wanted": lambda t, f, x, y: f["Scale"](x.detach(), y, 3.0)[0],
    "setup_context": lambda t, f, x, y: f["Straight"](x * y, 0.1) * x,
    "an output without gradient": lambda t, f, x, y: f["Sorted"](x),
    "the input returned": lambda t, f, x, y: f["Same"](x) * y,
    "a chain of them": lambda t, f, x, y: f["Exp"](f["Same"](f["Scale"](x, y, 0.5)[0])),
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_functions_agree_with_pytorch_and_with_their_trace(name):
    check(lambda t, x, y: PROGRAMS[name](t, functions(t), x, y), A, B, names=False, layout=False)


def test_a_function_can_be_differentiated_twice():
    def program(t, x, y):
        f = functions(t)
        out = f["Exp"](x) * f["Scale"](x, y, 2.0)[0]
        (first,) = t.autograd.grad(out.sum(), x, create_graph=True)
        (first**2).sum().backward()
        return first, x.grad, y.grad

    agree(program, A, B)


def test_the_node_bears_the_functions_name():
    x = graphnn.ones(2, requires_grad=True)
    assert functions(graphnn)["Exp"](x).grad_fn.name() == "ExpBackward"


def test_forward_runs_unrecorded_and_nothing_is_recorded_without_need():
    assert functions(graphnn)["Exp"](graphnn.ones(2)).grad_fn is None
    with graphnn.no_grad():
        assert functions(graphnn)["Exp"](graphnn.ones(2, requires_grad=True)).grad_fn is None


@pytest.mark.parametrize(
    ("program", "gist"),
    [
        (lambda t, f, x: f["Wrong"](x).sum().backward(), "returned an incorrect number of gradients"),
        (lambda t, f, x: _twice(f["Exp"](x).sum()), "backward through the graph a second time"),
        (lambda t, f, x: _changed(f["Exp"](x)), "modified by an inplace operation"),
        (lambda t, f, x: _second(t, f["Once"](x), x), "once_differentiable"),
    ],
)
def test_mistakes_raise(program, gist):
    check_error(lambda t, x: program(t, functions(t), x), A, kind=RuntimeError, gist=gist)


def _twice(loss):
    loss.backward()
    loss.backward()


def _changed(out):
    out.mul_(2)
    out.sum().backward()


def _second(t, out, x):
    (first,) = t.autograd.grad((out * x).sum(), x, create_graph=True)
    first.sum().backward()


def test_a_traced_functions_own_backward_is_in_the_graph():
    f = functions(graphnn)

    def program(x):
        return graphnn.autograd.grad(f["Straight"](x, 0.0).sum(), x)

    graph = graphnn.trace(program, graphnn.ones(3, requires_grad=True))
    found, _ = interpret(graph, np.ones(3, np.float32))
    assert found[0].tolist() == [2, 2, 2]


def test_gradcheck_accepts_a_right_gradient_and_refuses_a_wrong_one():
    f, x = functions(graphnn), graphnn.tensor(A, requires_grad=True)
    assert graphnn.autograd.gradcheck(f["Exp"], x)
    assert graphnn.autograd.gradgradcheck(f["Exp"], x)
    assert not graphnn.autograd.gradcheck(lambda x: f["Same"](x), x, raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        graphnn.autograd.gradcheck(lambda x: f["Same"](x), x)


def test_gradcheck_wants_an_input_that_requires_grad():
    with pytest.raises(RuntimeError, match="at least one input"):
        graphnn.autograd.gradcheck(lambda x: x, graphnn.ones(2))
