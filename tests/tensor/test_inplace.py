"""Writing in place: values, views and bases, histories, versions; eagerly and in graphs."""

import numpy as np
import pytest

import graphnn
from graphnn.ir import epoch
from tests.parity import check, check_error, data

A, B, V = data(3, 4), data(3, 4, seed=1), data(4)

STEPS = {
    "add_": lambda t, x, y: x.add_(y),
    "add_ alpha": lambda t, x, y: x.add_(y, alpha=-0.5),
    "add_ number": lambda t, x, y: x.add_(2),
    "sub_": lambda t, x, y: x.sub_(y, alpha=2),
    "mul_": lambda t, x, y: x.mul_(y),
    "div_": lambda t, x, y: x.div_(y),
    "pow_": lambda t, x, y: x.pow_(2),
    "neg_": lambda t, x, y: x.neg_(),
    "exp_": lambda t, x, y: x.exp_(),
    "relu_": lambda t, x, y: x.relu_(),
    "abs_ sqrt_": lambda t, x, y: x.abs_().add_(1).sqrt_(),
    "sigmoid_": lambda t, x, y: x.sigmoid_(),
    "tanh_": lambda t, x, y: x.tanh_(),
    "clamp_": lambda t, x, y: x.clamp_(-0.5, 0.5),
    "zero_": lambda t, x, y: x.zero_().add_(y),
    "fill_": lambda t, x, y: x.fill_(3).mul_(y),
    "copy_": lambda t, x, y: x.copy_(y * 2),
    "copy_ broadcast": lambda t, x, y: x.copy_(y[0]),
    "masked_fill_": lambda t, x, y: x.masked_fill_(y > 0, 1.5),
    "addcmul_": lambda t, x, y: x.addcmul_(y, y + 1, value=0.5),
    "addcdiv_": lambda t, x, y: x.addcdiv_(y, y * y + 1, value=0.5),
    "lerp_": lambda t, x, y: x.lerp_(y, 0.25),
    "+= -= *= /=": lambda t, x, y: _augmented(x, y),
    "broadcast": lambda t, x, y: x.mul_(y[0]).add_(y[:, :1]),
    "scatter_add_": lambda t, x, y: x.scatter_add_(0, t.tensor([[0, 1, 2, 0]] * 3), y),
    "index_add_": lambda t, x, y: x.index_add_(0, t.tensor([2, 2]), y[:2]),
    "index_put_": lambda t, x, y: x.index_put_((t.tensor([0, 1]),), y[0]),
}
ZERO_FOR_NONE = ("zero_", "fill_", "copy_", "copy_ broadcast")


def _augmented(x, y):
    x += y
    x -= 1
    x *= 2
    x /= y
    return x


@pytest.mark.parametrize("name", sorted(STEPS))
def test_in_place_methods_return_the_tensor_and_carry_gradients(name):
    def program(t, x, y):
        work = x * 1.5
        assert STEPS[name](t, work, y) is work
        return work * 2, y * 1

    check((lambda t, x, y: (*program(t, x, y), x * 1)) if name in ZERO_FOR_NONE else program, A, B, names=False)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_in_place_methods_outside_of_autograd(name):
    def program(t, x, y):
        work = x.detach().clone()
        before = work._version
        STEPS[name](t, work, y.detach())
        assert work._version > before
        return work

    check(program, A, B, layout=False)


VIEWS = {
    "a row": lambda t, x, v: x[1].mul_(v),
    "a column": lambda t, x, v: x[:, 0].add_(v[:3]),
    "a slice of steps": lambda t, x, v: x[::2, 1:].mul_(v[1:]),
    "a transpose": lambda t, x, v: x.t().add_(v.unsqueeze(1)),
    "a reshape": lambda t, x, v: x.view(4, 3).mul_(v.unsqueeze(1)),
    "a permute": lambda t, x, v: x.permute(1, 0)[2].add_(v[:3]),
    "an unsqueeze": lambda t, x, v: x.unsqueeze(0).mul_(v),
    "a view of a view": lambda t, x, v: x[1:][0][::2].mul_(v[:2]),
    "a narrow": lambda t, x, v: x.narrow(1, 2, 2).mul_(v[:2]),
    "through the base": lambda t, x, v: x.mul_(v),
}


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_writes_through_a_view_reach_its_base_and_its_siblings(name):
    def program(t, x, v):
        work = x * 2
        row, other = work[1], work.t()[2]
        VIEWS[name](t, work, v)
        return work * 3, row * 2, other + 1, work[0].clone()

    check(program, A, V, names=False)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_writes_through_a_view_outside_of_autograd(name):
    def program(t, x, v):
        work = x.detach().clone()
        row, other = work[1], work.t()[2]
        VIEWS[name](t, work, v.detach())
        return work, row, other

    check(program, A, V)


def test_the_history_of_a_base_is_the_rest_and_the_new_part():
    x, v = graphnn.ones(3, 4, requires_grad=True), graphnn.ones(4, requires_grad=True)
    work = x * 2
    row = work[1]
    row.mul_(v)
    assert work.grad_fn.name() == "CopySlices"
    assert [n.name() for n, _ in work.grad_fn.next_functions] == ["MulBackward0", "MulBackward0"]
    assert row._version == work._version == 1


def test_several_writes_through_several_views():
    def program(t, x, v):
        work = x.clone()
        for i in range(3):
            work[i] += v * i
            work[:, i] *= 2
        left, right = work[:, :2], work[:, 2:]
        left += right
        right.copy_(left + 3 * right)
        return work, left

    check(program, A, V, names=False)


def test_a_view_of_a_leaf_made_under_no_grad_may_be_written():
    def program(t, x, v):
        with t.no_grad():
            x[0] = v
            x.mul_(2)
        return x * 3

    check(program, A, V)


def test_data_is_written_unseen_by_autograd():
    def program(t, x, v):
        y = x * x
        before = x._version
        x.data.mul_(2)
        x.data[0] = 1.0
        assert x._version >= before
        return y, x * v

    check(program, A, V, traced=False)


def test_setting_data_shares_the_memory_from_then_on():
    def program(t, x, v):
        other = v.detach() * 2
        x.data = other
        other += 1
        return x * 3

    check(program, A, V, traced=False)


def test_writes_are_all_counted_but_those_through_data_not_by_autograd():
    x = graphnn.ones(3)
    writes, version = x._storage.writes, x._version
    x.data.add_(1)
    x.data[1:].zero_()
    assert (x._storage.writes, x._version) == (writes + 2, version)
    x.detach().add_(1)
    assert (x._storage.writes, x._version) == (writes + 3, version + 1)


def test_setting_data_tells_compiled_code():
    x, before = graphnn.ones(3), epoch.value
    x.data = graphnn.zeros(4)
    assert epoch.value != before
    assert (x.shape, x.tolist()) == ((4,), [0, 0, 0, 0])


def test_numpy_shares_memory_both_ways():
    x = graphnn.zeros(3)
    array = x.numpy()
    array[1] = 5
    x[2] = 7
    assert x.tolist() == array.tolist() == [0, 5, 7]
    assert not x._storage.watched


def test_from_numpy_shares_memory_both_ways():
    array = np.zeros(3, np.float32)
    x = graphnn.from_numpy(array)
    array[0] = 2
    x += 1
    assert array.tolist() == [3, 1, 1]


def test_an_update_that_reads_its_own_shifted_view_reads_before_it_writes():
    x = graphnn.arange(5)
    x[1:] += x[:-1]
    assert x.tolist() == [0, 1, 3, 5, 7]


def test_where_into_one_of_its_branches():
    def program(t, x, y):
        work = x.detach().clone()
        work.copy_(t.where(y.detach() > 0, work, 0.0))
        work.masked_fill_(work > 1, 0.5)
        return work

    check(program, A, B)


@pytest.mark.parametrize(
    ("program", "kind", "gist"),
    [
        (lambda t, x, v: x.add_(1), RuntimeError, "leaf Variable that requires grad"),
        (lambda t, x, v: x[0].add_(1), RuntimeError, "view of a leaf Variable"),
        (lambda t, x, v: x.__setitem__(0, 1.0), RuntimeError, "leaf Variable"),
        (lambda t, x, v: x.detach().add_(t.ones(2, 3, 4)), RuntimeError, "broadcast|shape"),
        (lambda t, x, v: x.detach().copy_(t.ones(5)), RuntimeError, "size|shape"),
        (lambda t, x, v: t.ones(3, dtype=t.int64).add_(1.5), RuntimeError, "result type Float can't be cast to .*Long"),
        (lambda t, x, v: t.ones(3, dtype=t.bool).mul_(2), RuntimeError, "result type Long can't be cast to .*Bool"),
        (lambda t, x, v: v.detach()[:1].expand(3).add_(1), RuntimeError, "single memory location"),
        (lambda t, x, v: x.exp().add_(1).sum().backward(), RuntimeError, "modified by an inplace operation"),
        (lambda t, x, v: _changed_after(x * 1), RuntimeError, "modified by an inplace operation"),
    ],
)
def test_writes_that_are_refused(program, kind, gist):
    check_error(program, A, V, kind=kind, gist=gist)


def _changed_after(x):
    y = x * x
    x.add_(1)
    y.sum().backward()


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x, w: (x * 2, x),
        lambda t, x, w: (x + w, x),
        lambda t, x, w: (x * w.detach(), x),
        lambda t, x, w: (x / w.detach(), x),
        lambda t, x, w: (x @ w.detach().t(), x),
        lambda t, x, w: (t.where(x > 0, x, w), x),
        lambda t, x, w: (x.sum(), x),
        lambda t, x, w: (t.nn.functional.linear(x, w.detach()), x),
    ],
)
def test_an_input_that_the_gradient_makes_no_use_of_may_be_changed_after(program):
    def changed(t, x, w):
        y, used = program(t, x * 1, w)
        used.mul_(3)
        return y

    check(changed, A, B, names=False)


def test_what_backward_does_not_need_may_be_changed():
    def program(t, x):
        y = x.relu()
        x_copy = x * 1
        z = x_copy.relu()
        x_copy.zero_()
        return y + 1, z

    check(program, A, names=False)
