"""Parts by number and slice, each index new: memory shared, histories and in-place changes as in PyTorch."""

import numpy as np
import pytest

from tests.parity import agree, check, check_error, data

X = data(7, 4)

PROGRAMS = {
    "numbers": lambda t, x: tuple(x[i] * (i + 1) for i in range(-7, 7)),
    "pairs": lambda t, x: tuple(x[i, -j] for i in range(7) for j in range(1, 3)),
    "slices": lambda t, x: tuple(x[i : i + 3] * x[0, 0] for i in range(8)),
    "of_parts": lambda t, x: tuple(x[i:][0][1:] for i in range(6)),
    "rows": lambda t, x: tuple(row.sum() for row in x),
    "narrow": lambda t, x: tuple(x.narrow(1, i, 2).select(1, 1) for i in range(3)),
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_parts_have_pytorchs_values_gradients_and_names(name):
    check(PROGRAMS[name], X)


def test_writing_to_parts_changes_the_whole_and_its_history():
    def program(t, x):
        y = x * 2
        row, rest = y[1], y[2:]
        for i in range(7):
            y[i, 1] = 0.5 * i
            y[i][2:] *= i
        rest[0] = y[0] * 3
        return y, row, rest, y[3]

    check(program, X, names=False)


def test_parts_made_before_a_change_follow_it():
    def program(t, x):
        y = x * 1
        parts = [y[i] for i in range(7)]
        y.mul_(3)
        parts[2].add_(1)
        return tuple(p * 2 for p in parts)

    check(program, X, names=False)


def test_parts_without_gradients():
    def program(t, x):
        with t.no_grad():
            rows = [x[i] for i in range(7)]
        i = t.arange(6).reshape(2, 3)
        i[1, 2] = 9
        i[0] = 7
        return *(r.grad_fn for r in rows), x[3]._base is x, i, i[1], i[1, 2].item(), x.detach()[2].is_contiguous()

    agree(program, X)


def test_a_write_through_a_part_is_seen_by_backward():
    def program(t, x):
        y = x * 1
        found = (y[2] ** 2).sum()
        y[2] = 1.0
        found.backward()

    check_error(program, X, kind=RuntimeError, gist="modified by an inplace operation")


ERRORS = {
    "number": (lambda t, x: x[7], IndexError),
    "pair": (lambda t, x: x[0, -5], IndexError),
    "three": (lambda t, x: x[0, 0, 0], IndexError),
    "none_left": (lambda t, x: x[0, 0][0], IndexError),
    "leaf": (lambda t, x: x.__setitem__((0, 1), 2.0), RuntimeError),
    "step": (lambda t, x: x[::-1], ValueError),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_what_pytorch_refuses_is_refused(name):
    program, kind = ERRORS[name]
    check_error(program, X, kind=kind, gist=".")


def test_numbers_of_numpy_are_indices_too():
    agree(lambda t, x: (x[np.int64(2)], x[np.int64(1), 2], x[True].shape[0]), X)
