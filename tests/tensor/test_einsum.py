"""Einstein summation against PyTorch: values, gradients, names, traces, errors."""

import pytest

import graphnn
from tests.parity import check, check_error, data

EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->i", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->j", (3, 3, 2)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij,ij->i", (1, 3), (2, 3)),
    ("ij,kj->ik", (2, 3), (1, 3)),
    ("i,j->ij", (2,), (3,)),
    ("bij,jk->bik", (5, 2, 3), (3, 4)),
    ("ij,jk->ki", (2, 3), (3, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("a,b,c->cab", (2,), (3,), (4,)),
    ("n,anm,bm->ba", (2,), (5, 2, 3), (4, 3)),
    ("...ij,jk", (5, 2, 3), (3, 4)),
    ("b...d,bd->b...", (2, 4, 5, 3), (2, 3)),
    ("...->...", (2, 3)),
    (",->", (), ()),
    (" b h q d , b h k d -> b h q k ", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("ij,j", (0, 3), (3,)),
    ("ij,jk->ik", (2, 0), (0, 3)),
]


@pytest.mark.parametrize("row", EQUATIONS, ids=lambda row: row[0])
def test_agrees_with_pytorch(row):
    equation, *shapes = row
    arrays = [data(*shape, seed=i) for i, shape in enumerate(shapes)]
    traced = (1, 3) not in shapes  # a product with a vector is summed in another order where memory lies otherwise
    check(lambda t, *xs: t.einsum(equation, *xs), *arrays, names=False, layout=False, traced=traced)


SUBLISTS = {
    "matmul": lambda t, x, y: t.einsum(x, [0, 1], y, [1, 2], [0, 2]),
    "implied output": lambda t, x, y: t.einsum(x, [4, 1], y, [1, 0]),
    "ellipsis": lambda t, x, y: t.einsum(x, [..., 1], y, [1, 2], [..., 2]),
    "operands in a list": lambda t, x, y: t.einsum("ij,jk", [x, y]),
}


@pytest.mark.parametrize("name", sorted(SUBLISTS))
def test_other_spellings(name):
    check(SUBLISTS[name], data(2, 3), data(3, 4), names=False, layout=False)


@pytest.mark.parametrize(
    ("equation", "name"),
    [
        ("ij,jk->ik", "ViewBackward0"),
        ("ij,ij->ij", "MulBackward0"),
        ("ij->i", "SumBackward1"),
        ("ij->ji", "PermuteBackward0"),
    ],
)
def test_the_result_is_named_by_the_op_that_it_comes_from(equation, name):
    x = graphnn.ones(3, 3, requires_grad=True)
    assert graphnn.einsum(equation, *[x] * (equation.count(",") + 1)).grad_fn.name() == name


MISTAKES = [
    (lambda t, x, y: t.einsum("ij,jk,kl->il", x, y), RuntimeError, "fewer operands"),
    (lambda t, x, y: t.einsum("ij->il", x), RuntimeError, "output subscript l does not appear"),
    (lambda t, x, y: t.einsum("ij->ii", x), RuntimeError, "more than once in the output"),
    (lambda t, x, y: t.einsum("i,jk", x, y), RuntimeError, "does not match the number of dimensions"),
    (lambda t, x, y: t.einsum("ij,ij", x, y), RuntimeError, "does not broadcast"),
    (lambda t, x, y: t.einsum("i1,jk", x, y), RuntimeError, "invalid subscript"),
    (lambda t, x, y: t.einsum("ii", x), RuntimeError, "repeated"),
]


@pytest.mark.parametrize(("program", "kind", "text"), MISTAKES)
def test_mistakes(program, kind, text):
    check_error(program, data(2, 3), data(3, 4), kind=kind, gist=text)
