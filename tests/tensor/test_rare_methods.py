"""The rarer methods and functions against PyTorch: elementwise, in place, cut and put back, new tensors, `out=`."""

import numpy as np
import pytest

import graphnn
from tests.parity import agree, check, check_error, data

X, Y, V = data(2, 3), data(2, 3, seed=1), data(3)
UNIT = 0.3 + 0.4 / (1 + np.exp(-X))

ELEMENTWISE = {
    "angles": lambda t, x, y: (t.tan(x), t.asin(x), x.acos(), t.arctan(x), t.sinh(x), x.cosh(), t.atanh(x), t.asinh(x)),
    "two": lambda t, x, y: (t.atan2(x, y), t.hypot(x, y), t.logaddexp(x, y), t.logaddexp2(x, y), t.xlogy(x, y)),
    "numbers": lambda t, x, y: (
        x.fmod(0.3),
        x.copysign(-1.0),
        x.frac(),
        x.fmax(y),
        x.fmin(y),
        t.nextafter(x.detach(), y.detach()),
    ),
    "gamma": lambda t, x, y: (t.lgamma(x), t.digamma(x), t.polygamma(1, x), t.mvlgamma(x + 2, 2), x.erfinv(), x.erfc()),
    "logs": lambda t, x, y: (x.exp2(), x.log10(), x.logit(), t.logit(x, 0.4), t.sinc(x), t.deg2rad(x), x.rad2deg()),
    "others": lambda t, x, y: (t.rsub(x, 2), t.rsub(x, y, alpha=3), t.ldexp(x, y), x.sgn(), x.fix(), x.float_power(2)),
    "special": lambda t, x, y: (
        t.special.entr(x),
        t.special.ndtr(x),
        t.special.log_ndtr(x),
        t.special.ndtri(x),
        t.special.erfcx(x),
        t.special.xlog1py(x, y),
        t.special.expit(x),
    ),
    "tests": lambda t, x, y: (t.signbit(-x), x.isneginf(), x.isposinf(), t.heaviside(x.detach(), y.detach())),
    "statistics": lambda t, x, y: (x.nansum(1), x.nanmean(), *t.var_mean(x, 1), *t.std_mean(x), t.cov(x), x.corrcoef()),
    "renorm": lambda t, x, y: (x.renorm(2, 0, 0.5), t.renorm(y, 1, 1, 10.0)),
}


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_functions_of_elements(name):
    check(ELEMENTWISE[name], UNIT, UNIT[::-1] + 0.1, names=False, layout=False)


@pytest.mark.parametrize(
    "name", ["sgn", "logit", "deg2rad", "lgamma", "erfc", "asin", "sinc", "frac", "log10", "trace"]
)
def test_grad_fns_are_named_as_in_pytorch(name):
    agree(lambda t, x: (getattr(x, name)().grad_fn.name(),), UNIT)


INTEGERS = {
    "gcd": lambda t, a, b: (t.gcd(a, b), t.lcm(a, b), a << b, a >> 1, t.bitwise_left_shift(a, b)),
    "rounding": lambda t, a, b: (a.fmod(3), a.float_power(2), a.signbit(), a.sgn()),
}


@pytest.mark.parametrize("name", sorted(INTEGERS))
def test_functions_of_integers(name):
    check(INTEGERS[name], data(2, 3, dtype="int64"), data(2, 3, dtype="int64", seed=1))


MOVED = {
    "tensor_split": lambda t, x, v: (
        *x.tensor_split(2, 1),
        *t.tensor_split(v, (1, 2)),
        *x.tensor_split([1, 5], dim=-1),
    ),
    "hsplit": lambda t, x, v: (*x.hsplit(3), *t.vsplit(x, 2), *t.hsplit(v, [1]), *x.unsqueeze(2).dsplit(1)),
    "stacks": lambda t, x, v: (t.column_stack([v, x.T]), t.row_stack([v, x]), t.dstack([x, x]), t.atleast_3d(x)),
    "unfold": lambda t, x, v: (x.unfold(1, 2, 1), v.unfold(0, 1, 2)),
    "turned": lambda t, x, v: (x.fliplr(), t.flipud(x), t.rot90(x), x.rot90(2), x.rot90(-1), x.mT, x.adjoint(), x.H),
    "scatters": lambda t, x, v: (
        x.select_scatter(v, 0, 1),
        t.slice_scatter(x, x[:, :1] * 2, 1, 2),
        x.diagonal_scatter(v[:2], 1),
        x.diag_embed(),
        v.diag_embed(-1, 1, 0),
        x.diagflat(),
    ),
    "diagonal": lambda t, x, v: (x.diagonal(), x.diagonal(1), t.diagonal(x, -1, 1, 0), x.tril(), x.triu(1)),
    "sums": lambda t, x, v: (
        x.sum_to_size(1, 3),
        x.sum_to_size(3),
        x.narrow_copy(1, 0, 2),
        *x.split_with_sizes([1, 2], 1),
    ),
}


INTEGRALS = {
    "spaced": lambda t, x, v: (t.trapezoid(x), t.trapz(x, dx=0.5, dim=0), t.cumulative_trapezoid(x, dx=2)),
    "placed": lambda t, x, v: (t.trapezoid(x, v), t.trapezoid(x, x * x), t.cumulative_trapezoid(x, v)),
}


@pytest.mark.parametrize("name", sorted(INTEGRALS))
def test_integrals(name):
    check(INTEGRALS[name], X, V, names=False, layout=False)


@pytest.mark.parametrize("name", sorted(MOVED))
def test_parts_and_places(name):
    check(MOVED[name], X, V, names=False, layout=name == "diagonal")


def test_a_diagonal_is_a_view_that_can_be_written():
    def write(t, x):
        y = x * 1
        y.diagonal(1).mul_(3.0)
        y.diagonal().zero_()
        return y

    check(write, data(3, 4), names=False)


INPLACE = {
    "angles": lambda t, x: (x.tan_(), x),
    "gamma": lambda t, x: (x.lgamma_(),),
    "two": lambda t, x: (x.atan2_(t.ones(3)), x.fmod_(0.3)),
    "compared": lambda t, x: (x.detach().gt_(0.5),),
    "addmm": lambda t, x: (x.addmm_(x.detach() @ x.detach().T, t.ones(2, 3).double(), beta=2),),
    "tril": lambda t, x: (x.tril_(),),
    "logit": lambda t, x: (x.logit_(),),
    "clipped": lambda t, x: (t.clamp_(x * 1, 0.4, 0.6), t.exp_(x * 1), t.nan_to_num_(x * 1)),
}


@pytest.mark.parametrize("name", sorted(INPLACE))
def test_in_place_forms(name):
    check(lambda t, x: INPLACE[name](t, x * 1), UNIT, names=False)


SHOWN = {
    "t_": lambda x: x.t_(),
    "unsqueeze_": lambda x: x.unsqueeze_(1),
    "squeeze_": lambda x: x.unsqueeze_(0).squeeze_(),
    "transpose_": lambda x: x.transpose_(0, 1).mul_(2),
    "swapaxes_": lambda x: x.swapaxes_(0, 1).swapdims_(0, 1),
}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_shapes_change_in_place(name):
    def program(t, x):
        y = x * 2
        SHOWN[name](y)
        return y

    check(program, X, names=False)


def test_new_tensors_take_the_dtype():
    agree(
        lambda t, x: (
            x.new_zeros(2, 3),
            x.new_ones((2,)),
            x.new_full((2,), 3),
            x.new_tensor([1, 2]),
            x.new_zeros(2, dtype=t.int64),
            t.scalar_tensor(3),
            t.fill(x, 2),
        ),
        X,
    )


def test_what_a_tensor_is():
    agree(
        lambda t, x: (
            x.is_same_size(x.T),
            x.is_set_to(x),
            x.is_set_to(x.T),
            x.detach().is_set_to(x),
            x.get_device(),
            x.is_conj(),
            x.sum().is_nonzero(),
            x.T.dim_order(),
            x.is_pinned(),
            x.is_sparse,
            t.broadcast_shapes((2, 1), (3,)) == (2, 3),
        ),
        X,
    )


def test_windows_and_settings():
    agree(
        lambda t: (
            t.hann_window(5),
            t.hann_window(5, periodic=False),
            t.hamming_window(4, dtype=t.float64),
            t.blackman_window(6, dtype=t.float64),
            t.bartlett_window(5, False),
            t.kaiser_window(4, True, 8.0),
            t.hann_window(1),
            t.hann_window(0),
            t.logspace(-1, 2, 4),
            t.get_float32_matmul_precision(),
            t.are_deterministic_algorithms_enabled(),
            str(t.get_default_device()),
        )
    )


def test_comparing_by_method():
    agree(
        lambda t, x: (x.allclose(x + 1e-12), x.equal(x * 2), x.isclose(x), x.detach().angle(), x.hardshrink(0.3)),
        X,
    )


def test_elements_are_replaced_by_what_a_function_makes_of_them():
    agree(lambda t, x: (x.detach().apply_(lambda a: a * 2), x.detach().map_(x.detach().T.T + 1, lambda a, b: a * b)), X)


# ---- out=

OUT = {
    "add": lambda t, x, y, out: t.add(x, y, out=out),
    "exp": lambda t, x, y, out: t.exp(x, out=out),
    "clamp": lambda t, x, y, out: t.clamp(x, 0, 1, out=out),
    "matmul": lambda t, x, y, out: t.matmul(x, y.T, out=out),
    "cat": lambda t, x, y, out: t.cat([x, y], out=out),
    "stack": lambda t, x, y, out: t.stack([x, y], 1, out=out),
    "sum": lambda t, x, y, out: t.sum(x, 1, out=out),
    "where": lambda t, x, y, out: t.where(x > 0, x, y, out=out),
    "zeros": lambda t, x, y, out: t.zeros(2, 3, out=out),
    "full": lambda t, x, y, out: t.full((2, 2), 3.0, out=out),
    "arange": lambda t, x, y, out: t.arange(4, out=out),
    "linspace": lambda t, x, y, out: t.linspace(0, 1, 3, out=out),
    "eye": lambda t, x, y, out: t.eye(2, out=out),
}


@pytest.mark.parametrize("name", sorted(OUT))
@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")
def test_results_are_delivered_into_out(name):
    def program(t, x, y):
        x, y = x.detach(), y.detach()
        empty = t.empty(0, dtype=t.float64)
        found = OUT[name](t, x, y, empty)
        return empty, found is empty

    agree(program, X, Y)


def test_out_of_the_right_shape_is_written_where_it_lies():
    out = graphnn.zeros(2, 3, dtype=graphnn.float64)
    row = out[0]
    graphnn.mul(graphnn.tensor(X), 2.0, out=out)
    np.testing.assert_array_equal(row.numpy(), X[0] * 2)


MISTAKES = [
    (lambda t, x: t.add(x, x, out=t.zeros(2, 3)), RuntimeError, "automatic differentiation"),
    (lambda t, x: t.add(x.detach(), 1, out=t.zeros(2, 3, dtype=t.int64)), RuntimeError, "can't be cast"),
    (lambda t, x: x.t_(), RuntimeError, "leaf"),
    (lambda t, x: x.erfc_(), RuntimeError, "leaf"),
    (lambda t, x: x.tensor_split(0), RuntimeError, "larger than 0"),
    (lambda t, x: t.hsplit(x, 2), RuntimeError, "divisible"),
    (lambda t, x: t.polygamma(-1, x), RuntimeError, "negative"),
    (lambda t, x: t.gcd(x, x), RuntimeError, "gcd"),
    (lambda t, x: x.apply_(lambda a: a), RuntimeError, "requires grad"),
    (lambda t, x: x.unfold(1, 9, 1), RuntimeError, "maximum size"),
    (lambda t, x: x.diagonal(0, 1, 1), RuntimeError, "identical"),
    (lambda t, x: t.broadcast_shapes((2,), (3,)), RuntimeError, "[Ss]hape"),
]


@pytest.mark.parametrize(("program", "kind", "text"), MISTAKES)
def test_mistakes(program, kind, text):
    check_error(program, X, kind=kind, gist=text)


def test_a_compiled_function_differentiates_through_einsum_and_solve():
    def step(a, x):
        return graphnn.einsum("ij,j->i", graphnn.linalg.inv(a), x).square().sum() + graphnn.logdet(a @ a.T)

    found = []
    for run in (step, graphnn.compile(step)):
        a = graphnn.tensor(X[:, :2] + 3 * np.eye(2), requires_grad=True)
        loss = run(a, graphnn.tensor(V[:2]))
        loss.backward()
        found.append((loss.item(), a.grad.numpy().copy()))
    assert found[0][0] == pytest.approx(found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9)
