"""`x[...]` and `x[...] = value` against PyTorch."""

import numpy as np
import pytest

import graphnn
from tests.parity import check, check_error, data

C, AT = data(4, 2, 3), np.array([2, 0, -1])

READS = {
    "[0]": lambda t, x, i: x[0],
    "[-1]": lambda t, x, i: x[-1],
    "[1, 1]": lambda t, x, i: x[1, 1],
    "[1, 1, 2]": lambda t, x, i: x[1, 1, 2],
    "[1:3]": lambda t, x, i: x[1:3],
    "[:2]": lambda t, x, i: x[:2],
    "[-2:]": lambda t, x, i: x[-2:],
    "[::2]": lambda t, x, i: x[::2],
    "[1:100]": lambda t, x, i: x[1:100],
    "[3:1]": lambda t, x, i: x[3:1],
    "[:]": lambda t, x, i: x[:],
    "[...]": lambda t, x, i: x[...],
    "[..., 0]": lambda t, x, i: x[..., 0],
    "[..., 1:]": lambda t, x, i: x[..., 1:],
    "[0, ..., 1]": lambda t, x, i: x[0, ..., 1],
    "[:, 0]": lambda t, x, i: x[:, 0],
    "[:, 1:, ::2]": lambda t, x, i: x[:, 1:, ::2],
    "[None]": lambda t, x, i: x[None],
    "[:, None]": lambda t, x, i: x[:, None],
    "[..., None]": lambda t, x, i: x[..., None],
    "[0, None, 1:]": lambda t, x, i: x[0, None, 1:],
    "[numpy integer]": lambda t, x, i: x[np.int64(1)],
    "[list]": lambda t, x, i: x[[0, 2]],
    "[tensor]": lambda t, x, i: x[i],
    "[array]": lambda t, x, i: x[np.array([1, 0])],
    "[:, list]": lambda t, x, i: x[:, :, [0, 2]],
    "[tensor, int]": lambda t, x, i: x[i, 1],
    "[tensor, slice]": lambda t, x, i: x[i, 1:],
    "[tensor, tensor]": lambda t, x, i: x[i, i % 2],
    "[tensor, :, tensor]": lambda t, x, i: x[i, :, i],
    "[:, tensor, tensor]": lambda t, x, i: x[:, i % 2, i],
    "[tensor 2-d]": lambda t, x, i: x[i.view(3, 1), i % 2],
    "[int, tensor]": lambda t, x, i: x[1, i % 2],
    "[None, tensor]": lambda t, x, i: x[None, i],
    "[..., tensor]": lambda t, x, i: x[..., i],
    "[0-d tensor]": lambda t, x, i: x[t.tensor(1)],
    "[range]": lambda t, x, i: x[list(range(2))],
}


@pytest.mark.parametrize("key", sorted(READS))
def test_reading(key):
    check(READS[key], C, AT, names=key not in ("[tensor, slice]", "[None, tensor]", "[0-d tensor]"))


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x: x[x > 0],
        lambda t, x: x[(x > 0).all(2)],
        lambda t, x: x[0, x[0] > 0],
        lambda t, x: x[t.tensor([True, False, True, True])],
        lambda t, x: x[t.tensor([True, False, True, True]), 0],
        lambda t, x: x[True],
        lambda t, x: x[False],
        lambda t, x: x[np.array([True, False, True, False])],
    ],
)
def test_reading_by_a_mask(program):
    check(program, C, names=False, traced=False)


WRITES = {
    "[0] = number": lambda t, x, v, i: x.__setitem__(0, 5.0),
    "[0] = tensor": lambda t, x, v, i: x.__setitem__(0, v),
    "[1:3] = tensor": lambda t, x, v, i: x.__setitem__(slice(1, 3), v),
    "[..., 0] = tensor": lambda t, x, v, i: x.__setitem__((..., 0), v[:, 0]),
    "[:] = tensor": lambda t, x, v, i: x.__setitem__(slice(None), v),
    "[::2, 1] = tensor": lambda t, x, v, i: x.__setitem__((slice(None, None, 2), 1), v[0]),
    "[1, 0, 2] = number": lambda t, x, v, i: x.__setitem__((1, 0, 2), -1.0),
    "[tensor] = tensor": lambda t, x, v, i: x.__setitem__(i[:2], v),
    "[tensor] = number": lambda t, x, v, i: x.__setitem__(i, 3.0),
    "[list, :, int] = number": lambda t, x, v, i: x.__setitem__(([0, 1], slice(None), 1), 3.0),
    "[tensor, tensor] = tensor": lambda t, x, v, i: x.__setitem__((i, i % 2), v[0]),
    "[mask] = number": lambda t, x, v, i: x.__setitem__(x > 0, 0.0),
    "[row mask] = number": lambda t, x, v, i: x.__setitem__(t.tensor([True, False, True, False]), 0.0),
    "[0, mask] = number": lambda t, x, v, i: x[0].__setitem__(x[0] > 0, 0.0),
    "[None] = tensor": lambda t, x, v, i: x.__setitem__(None, v),
    "[0] = leading ones": lambda t, x, v, i: x.__setitem__(0, v.view(1, 1, 2, 3)),
    "[0] = array": lambda t, x, v, i: x.__setitem__(0, 7),
    "a view of a view": lambda t, x, v, i: x[1:3][0].__setitem__(1, v[0]),
}


@pytest.mark.parametrize("key", sorted(WRITES))
def test_writing(key):
    def program(t, x, v, i):
        work = x * 2
        WRITES[key](t, work, v, i)
        return work * 1.5, v * 2

    check(program, C, data(2, 3, seed=5), AT, names=False)


@pytest.mark.parametrize("key", ["[0] = tensor", "[1:3] = tensor", "[tensor] = tensor", "[1, 0, 2] = number"])
def test_writing_outside_of_autograd(key):
    def program(t, x, v, i):
        work = x.detach().clone()
        WRITES[key](t, work, v.detach(), i)
        return work

    check(program, C, data(2, 3, seed=5), AT)


def test_a_mask_of_values_cannot_be_traced():
    with pytest.raises(graphnn.errors.TraceError, match="mask"):
        graphnn.trace(lambda x: x[x > 0], graphnn.ones(3))


@pytest.mark.parametrize(
    ("program", "kind", "gist"),
    [
        (lambda t, x: x[4], IndexError, "out of (range|bounds)"),
        (lambda t, x: x[0, 0, 0, 0], IndexError, "too many indices"),
        (lambda t, x: x[0, 0, 0][0], IndexError, "0-dim|dim tensor|too many"),
        (lambda t, x: x[::-1], ValueError, "step must be greater than zero"),
        (lambda t, x: x[t.tensor([9])], IndexError, "out of bounds|out of range"),
        (lambda t, x: x[t.tensor([0.5])], IndexError, "tensors used as indices must be long"),
        (lambda t, x: x[t.tensor([True])], IndexError, "shape of the mask"),
        (lambda t, x: x["a"], (IndexError, TypeError), "indices|invalid"),
        (lambda t, x: x.select(0, 7), IndexError, "index 7 out of range"),
        (lambda t, x: x.detach().__setitem__(0, t.ones(5)), RuntimeError, "expand|shape|size"),
    ],
)
def test_keys_that_do_not_fit(program, kind, gist):
    check_error(program, C, kind=kind, gist=gist)
