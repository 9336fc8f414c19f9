"""`graphnn.linalg` and the products of tensors against PyTorch; factors whose signs are free by what they multiply to."""

import numpy as np
import pytest

import graphnn
from tests.parity import agree, check, check_error, data

A = data(3, 3) + 3 * np.eye(3)
B = data(2, 3, 3, seed=1) + 3 * np.eye(3)
SYMMETRIC = A @ A.T
WIDE, TALL, V, X = data(2, 4), data(4, 2), data(3), data(3, 2)


NORMS = (2, 1, 3.5, float("inf"), -float("inf"), -1)


def spd(x):
    return x @ x.mT


FUNCTIONS = {
    **{f"vector norm {p}": lambda t, a, v, p=p: t.linalg.vector_norm(a, p) for p in NORMS},
    "vector norm dims": lambda t, a, v: (
        t.linalg.vector_norm(a, 2, dim=0),
        t.linalg.vector_norm(a, 1, dim=(0, 1), keepdim=True),
        t.linalg.vector_norm(a * 0),
    ),
    "matrix norms": lambda t, a, v: tuple(
        t.linalg.matrix_norm(a, p) for p in ("fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf"))
    ),
    "norm": lambda t, a, v: (
        t.linalg.norm(a),
        t.linalg.norm(v, 3),
        t.linalg.norm(a, "nuc"),
        t.linalg.norm(a, 1, dim=0),
    ),
    "Tensor.norm": lambda t, a, v: (a.norm(), a.norm(1, 0), t.norm(v, 2)),
    "inv": lambda t, a, v: (t.linalg.inv(a), a.inverse(), t.inverse(a), *t.linalg.inv_ex(a)[:1]),
    "det": lambda t, a, v: (t.linalg.det(a), a.det(), t.logdet(spd(a))),
    "slogdet": lambda t, a, v: t.linalg.slogdet(a)[1],
    "solve": lambda t, a, v: (t.linalg.solve(a, v), t.linalg.solve(a, spd(a)), t.linalg.solve(a, spd(a), left=False)),
    "solve_triangular": lambda t, a, v: (
        t.linalg.solve_triangular(a, spd(a), upper=True),
        t.linalg.solve_triangular(a, spd(a), upper=False, left=False),
        t.linalg.solve_triangular(a, spd(a), upper=False, unitriangular=True),
    ),
    "cholesky": lambda t, a, v: (
        t.linalg.cholesky(spd(a)),
        t.linalg.cholesky(spd(a), upper=True),
        t.cholesky_solve(a, t.linalg.cholesky(spd(a))),
        t.cholesky_inverse(t.linalg.cholesky(spd(a))),
    ),
    "eigvalsh": lambda t, a, v: t.linalg.eigvalsh(spd(a)),
    "eigh": lambda t, a, v: _eigh(t, spd(a)),
    "svdvals": lambda t, a, v: t.linalg.svdvals(a),
    "svd": lambda t, a, v: _svd(t, a),
    "qr": lambda t, a, v: _qr(t, a),
    "pinv": lambda t, a, v: (t.linalg.pinv(a), t.pinverse(a)),
    "lstsq": lambda t, a, v: t.linalg.lstsq(a, spd(a)).solution,
    "cond": lambda t, a, v: (t.linalg.cond(a), t.linalg.cond(a, -2)),
    "matrix_power": lambda t, a, v: tuple(t.linalg.matrix_power(a, n) for n in (1, 2, 5, -2)),
    "matrix_exp": lambda t, a, v: t.linalg.matrix_exp(a),
    "multi_dot": lambda t, a, v: (
        t.linalg.multi_dot([a, a, v]),
        t.linalg.multi_dot([v, a, a, v]),
        t.chain_matmul(a, a),
    ),
    "cross": lambda t, a, v: (t.linalg.cross(a, a * a + 1), t.cross(a, a.T, dim=0), v.cross(v * v, dim=0)),
    "vecdot": lambda t, a, v: t.linalg.vecdot(a, a, dim=0),
    "tensorinv": lambda t, a, v: (t.linalg.tensorinv(a, ind=1), t.linalg.tensorsolve(a, v)),
    "householder": lambda t, a, v: t.linalg.householder_product(a, v),
    "diagonal": lambda t, a, v: t.linalg.diagonal(a, offset=1),
}


def _eigh(t, a):
    values, vectors = t.linalg.eigh(a)
    return values, vectors @ t.diag(values.sin()) @ vectors.mT


def _svd(t, a):
    u, s, vh = t.linalg.svd(a, full_matrices=False)
    return s, u @ t.diag(s.exp()) @ vh


def _qr(t, a):
    q, r = t.linalg.qr(a)
    return q @ r, q.abs(), r.abs()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_of_a_matrix(name):
    check(FUNCTIONS[name], A, V, names=False, layout=False)


RECTANGULAR = {
    "svd": lambda t, w, y: (*_svd(t, w), *_svd(t, y)),
    "qr": lambda t, w, y: (*_qr(t, w), *_qr(t, y)),
    "pinv": lambda t, w, y: (t.linalg.pinv(w), t.linalg.pinv(y)),
    "lstsq": lambda t, w, y: (t.linalg.lstsq(w, w).solution, t.linalg.lstsq(y, y * 2 + 1, driver="gels")[0]),
    "norms": lambda t, w, y: (t.linalg.matrix_norm(w, 2), t.linalg.matrix_norm(y, 1, keepdim=True), w.norm("nuc")),
}


@pytest.mark.parametrize("name", sorted(RECTANGULAR))
def test_functions_of_matrices_that_are_not_square(name):
    check(RECTANGULAR[name], WIDE, TALL, names=False, layout=False)


BATCHED = {
    "inv det": lambda t, b: (t.linalg.inv(b), t.linalg.det(b), t.linalg.slogdet(b)[1]),
    "solve": lambda t, b: (t.linalg.solve(b, b * 2 + 1), t.linalg.solve(b, b[..., 0])),
    "matrix norms": lambda t, b: (t.linalg.matrix_norm(b), t.linalg.matrix_norm(b, "nuc"), t.linalg.norm(b, 2, (0, 2))),
    "eigvalsh": lambda t, b: t.linalg.eigvalsh(spd(b)),
    "cholesky": lambda t, b: t.linalg.cholesky(spd(b)),
    "exp": lambda t, b: t.linalg.matrix_exp(b),
}


@pytest.mark.parametrize("name", sorted(BATCHED))
def test_functions_of_batches(name):
    check(BATCHED[name], B, names=False, layout=False)


PRODUCTS = {
    "inner": lambda t, x, y, v: (t.inner(x, y), t.inner(v, v), t.vdot(v, v), t.inner(v, v.sum())),
    "tensordot": lambda t, x, y, v: (t.tensordot(x, y.T, 1), t.tensordot(x, y, 2), t.tensordot(x, y, ([0], [0]))),
    "kron": lambda t, x, y, v: (t.kron(x, y), t.kron(v, x), x.kron(v)),
    "outer": lambda t, x, y, v: (t.outer(v, v), t.ger(v, v), t.addr(t.outer(v, v), v, v, beta=2, alpha=0.5)),
    "addmm": lambda t, x, y, v: (t.addmm(v, x, x.T @ y, beta=0.5), t.addmv(x[:, 0], x, v, alpha=2)),
    "batched": lambda t, x, y, v: (
        t.addbmm(x, t.stack([x, y]), t.stack([x.T @ x, y.T @ x])),
        t.baddbmm(x, t.stack([x, y]), t.stack([x.T @ x, y.T @ x]), beta=0),
    ),
    "cdist": lambda t, x, y, v: (t.cdist(x, y), t.cdist(x, y, 1.0), t.cdist(x, y, float("inf")), t.dist(x, y, 3)),
    "trace": lambda t, x, y, v: (
        t.trace(x),
        x.diagonal(1),
        x.diag(),
        v.diag(1),
        t.diag_embed(x, 1),
        t.block_diag(x, v),
    ),
}


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_products(name):
    check(PRODUCTS[name], data(2, 3), data(2, 3, seed=1), V, names=False, layout=False)


def test_results_have_names():
    agree(
        lambda t, a: (
            t.linalg.slogdet(a).logabsdet,
            t.linalg.svd(a).S,
            t.linalg.eigh(a @ a.mT).eigenvalues,
            type(t.linalg.svd(a)).__name__,
            t.linalg.matrix_power(a, 0),
            t.linalg.vector_norm(a, 0),
            *t.linalg.lstsq(a[:, :2], a, driver="gelsd")[1:],
            t.linalg.matrix_rank(a),
            t.linalg.matrix_rank(a * 0),
            t.linalg.lstsq(a, a).rank,
        ),
        A,
    )


@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "cholesky", "eigvalsh", "pinv", "matrix_exp"])
def test_grad_fns_are_named_as_in_pytorch(name):
    def grad_fn(t, a):
        found = getattr(t.linalg, name)(a @ a.mT)
        return ((found[1] if isinstance(found, tuple) else found).grad_fn.name(),)

    agree(grad_fn, A)


def test_a_singular_matrix_has_a_determinant_with_the_cofactors_as_slope():
    a = graphnn.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    a.det().backward()
    np.testing.assert_allclose(a.grad.numpy(), [[4, -2], [-2, 1]], rtol=1e-5)


MISTAKES = [
    (lambda t, a, w: t.linalg.inv(w), RuntimeError, "square"),
    (lambda t, a, w: t.linalg.inv(a * 0), RuntimeError, "singular"),
    (lambda t, a, w: t.linalg.solve(a * 0, a), RuntimeError, "singular"),
    (lambda t, a, w: t.linalg.cholesky(-a @ a.mT), RuntimeError, "positive-definite"),
    (lambda t, a, w: t.linalg.det(a[0]), RuntimeError, "at least 2 dimensions"),
    (lambda t, a, w: t.linalg.inv(a.long()), RuntimeError, "float"),
    (lambda t, a, w: t.linalg.qr(a, "half"), RuntimeError, "mode"),
    (lambda t, a, w: t.linalg.matrix_norm(a, 3), RuntimeError, "not supported"),
    (lambda t, a, w: t.linalg.cross(w, w), RuntimeError, "length 3"),
    (lambda t, a, w: t.inner(a, w), RuntimeError, "last dimension"),
    (lambda t, a, w: t.tensordot(a, w, 1), RuntimeError, "contracted dimensions"),
    (lambda t, a, w: t.cdist(a, w), RuntimeError, "same number of columns"),
]


@pytest.mark.parametrize(("program", "kind", "text"), MISTAKES)
def test_mistakes(program, kind, text):
    check_error(program, A, WIDE, kind=kind, gist=text)


def test_complex_results_are_refused_in_words():
    with pytest.raises(NotImplementedError, match="complex"):
        graphnn.linalg.eig(graphnn.ones(2, 2))
