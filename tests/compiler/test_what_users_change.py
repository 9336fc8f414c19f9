"""What may change between two calls of a compiled function, and what a user then expects."""

import copy

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim


def data(*shape, seed=0):
    return graphnn.tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def make_net(seed=3):
    graphnn.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def train_step(net, optimizer, loss=None):
    criterion = loss or nn.MSELoss()

    def step(x, y):
        optimizer.zero_grad()
        found = criterion(net(x), y)
        found.backward()
        optimizer.step()
        return found

    return step


def same(a, b):
    return np.array_equal(a.detach().numpy(), b.detach().numpy())


def test_a_compiled_step_takes_the_same_steps_as_the_eager_one():
    x, y = data(6, 4), data(6, 2, seed=1)
    nets = make_net(), make_net()
    steps = [train_step(n, optim.SGD(n.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)) for n in nets]
    fast = graphnn.compile(steps[1])
    for _ in range(5):
        assert steps[0](x, y).item() == pytest.approx(fast(x, y).item(), rel=1e-6)
    assert len(fast.plans) == 1


def test_a_changed_learning_rate_is_read_at_the_next_call_without_a_new_plan():
    net = make_net()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    fast = graphnn.compile(train_step(net, optimizer))
    x, y = data(6, 4), data(6, 2, seed=1)
    fast(x, y)
    optimizer.param_groups[0]["lr"] = 0.0
    before = [p.detach().clone() for p in net.parameters()]
    fast(x, y)
    assert all(same(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert len(fast.plans) == 1


def test_load_state_dict_after_compiling_changes_the_results():
    net, other = make_net(), make_net(seed=9)
    fast = graphnn.compile(net)
    x = data(6, 4)
    fast(x)
    net.load_state_dict(other.state_dict())
    assert np.allclose(fast(x).detach().numpy(), other(x).detach().numpy(), rtol=1e-6)


def test_an_edit_through_data_changes_the_results():
    net = make_net()
    fast = graphnn.compile(net)
    x = data(6, 4)
    fast(x)
    net[2].bias.data.add_(5.0)
    assert np.allclose(fast(x).detach().numpy(), net(x).detach().numpy(), rtol=1e-6)


def test_a_parameter_given_other_memory_through_data_is_read_from_there():
    net = make_net()
    fast = graphnn.compile(net)
    x = data(6, 4)
    fast(x)
    net[2].bias.data = data(2, seed=4)
    assert np.allclose(fast(x).detach().numpy(), net(x).detach().numpy(), rtol=1e-6)


def test_train_and_eval_have_plans_of_their_own():
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5))
    fast = graphnn.compile(net)
    x = data(6, 4)
    assert (fast(x) == 0).any()
    net.eval()
    assert np.allclose(fast(x).detach().numpy(), net(x).detach().numpy(), rtol=1e-6)
    net.train()
    fast(x)
    assert len(fast.plans) == 2
    assert "training" in fast.plans[1].reason or "module" in fast.plans[1].reason


def test_a_new_batch_size_makes_a_new_plan_and_says_why():
    fast = graphnn.compile(make_net())
    fast(data(6, 4))
    assert fast(data(9, 4)).shape == (9, 2)
    assert fast.plans[1].reason == "argument input, dimension 0: 6 -> 9"


def test_a_changed_closure_value_is_seen():
    scale = 2.0

    def double(x):
        return x * scale

    fast = graphnn.compile(double)
    x = data(3)
    assert same(fast(x), x * 2.0)
    scale = 3.0
    assert same(fast(x), x * 3.0)
    assert "closure scale: 2.0 -> 3.0" in fast.plans[1].reason
    assert "test_what_users_change.py" in fast.plans[1].reason


FACTOR = 2.0


def test_a_changed_global_is_seen(monkeypatch):
    fast = graphnn.compile(lambda x: x * FACTOR)
    x = data(3)
    fast(x)
    monkeypatch.setattr("tests.compiler.test_what_users_change.FACTOR", 5.0)
    globals()["FACTOR"] = 5.0
    assert same(fast(x), x * 5.0)
    globals()["FACTOR"] = 2.0


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = 2.0
        self.settings = {"shift": 1.0}

    def forward(self, x):
        return x * self.factor + self.settings["shift"]


def test_a_changed_attribute_of_a_module_is_seen():
    module = Scaled()
    fast = graphnn.compile(module)
    x = data(3)
    fast(x)
    module.factor = 4.0
    assert same(fast(x), x * 4.0 + 1.0)
    module.settings["shift"] = 7.0
    assert same(fast(x), x * 4.0 + 7.0)


def test_a_counter_that_the_forward_itself_moves_never_goes_stale():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    fast = graphnn.compile(Counting())
    x = data(3)
    assert [same(fast(x), x * n) for n in (1, 2, 3)] == [True, True, True]


def test_a_python_float_that_keeps_changing_becomes_an_input():
    fast = graphnn.compile(lambda x, scale: x * scale)
    x = data(3)
    for scale in (1.5, 2.5, 3.5, 4.5):
        assert same(fast(x, scale), x * scale)
    assert len(fast.plans) == 2


def test_a_float_that_the_code_branches_on_stays_baked_in():
    def choose(x, scale):
        return x * scale if scale > 2.0 else x

    fast = graphnn.compile(choose)
    x = data(3)
    assert all(same(fast(x, s), choose(x, s)) for s in (1.0, 3.0, 5.0, 1.0))


def test_outputs_are_not_overwritten_by_the_next_call():
    fast = graphnn.compile(make_net())
    first = fast(data(6, 4))
    kept = first.detach().clone()
    fast(data(6, 4, seed=8))
    assert same(first, kept)


def test_plans_are_bounded():
    fast = graphnn.compile(lambda x: x + 1.0, max_plans=3)
    for n in range(1, 8):
        fast(data(n))
    assert len(fast.plans) == 3
    assert same(fast(data(1)), data(1) + 1.0)


def test_a_compiled_module_has_the_keys_of_the_original():
    net = make_net()
    fast = graphnn.compile(net)
    assert list(fast.state_dict()) == list(net.state_dict())
    holder = nn.Sequential(fast)
    assert list(holder.state_dict()) == [f"0.{k}" for k in net.state_dict()]
    fast.eval()
    assert not net.training


def test_compile_binds_as_a_method():
    class Model:
        def __init__(self, factor):
            self.factor = factor

        @graphnn.compile
        def run(self, x):
            return x * self.factor

    x = data(3)
    two, three = Model(2.0), Model(3.0)
    assert same(two.run(x), x * 2.0)
    assert same(three.run(x), x * 3.0)
    two.factor = 5.0
    assert same(two.run(x), x * 5.0)


def test_compiled_inside_compiled_is_inlined():
    inner = graphnn.compile(lambda x: x * 2.0)
    outer = graphnn.compile(lambda x: inner(x) + 1.0)
    assert same(outer(data(3)), data(3) * 2.0 + 1.0)
    assert len(inner.plans) == 0


def test_the_prologue_runs_again_only_after_a_write():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    net.eval()
    fast = graphnn.compile(net)
    x = data(2, 1, 8, 8)
    with graphnn.no_grad():
        fast(x)
        fast(x)
        assert fast.plans[0].prologue_runs == 1
        net[1].weight.data.mul_(2.0)
        assert np.allclose(fast(x).numpy(), net(x).numpy(), rtol=1e-4, atol=1e-5)
        assert fast.plans[0].prologue_runs == 2
        fast(x)
        assert fast.plans[0].prologue_runs == 2


def test_the_prologue_runs_each_time_while_an_array_of_the_weight_is_out():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    net.eval()
    fast = graphnn.compile(net)
    x = data(2, 1, 8, 8)
    with graphnn.no_grad():
        fast(x)
        out = net[1].weight.detach().numpy()
        out *= 3.0
        assert np.allclose(fast(x).numpy(), net(x).numpy(), rtol=1e-4, atol=1e-5)


def test_batch_norm_statistics_are_updated_by_a_compiled_call():
    nets = [nn.BatchNorm1d(3) for _ in range(2)]
    fast = graphnn.compile(nets[1])
    for seed in range(3):
        nets[0](data(5, 3, seed=seed))
        fast(data(5, 3, seed=seed))
    assert np.allclose(nets[0].running_mean.numpy(), nets[1].running_mean.numpy(), rtol=1e-6)
    assert np.allclose(nets[0].running_var.numpy(), nets[1].running_var.numpy(), rtol=1e-6)
    assert nets[1].num_batches_tracked.item() == 3


def test_eager_and_compiled_draw_the_same_numbers():
    def noisy(x):
        return nn.functional.dropout(x, 0.3) + graphnn.rand(4) + graphnn.randn(4)

    fast = graphnn.compile(noisy)
    graphnn.manual_seed(5)
    eager = [noisy(data(4)) for _ in range(3)]
    graphnn.manual_seed(5)
    assert all(same(fast(data(4)), e) for e in eager)


def test_a_copy_of_a_compiled_module_is_compiled_and_has_parameters_of_its_own():
    fast = graphnn.compile(make_net())
    twin = copy.deepcopy(fast)
    with graphnn.no_grad():
        twin[0].weight.zero_()
    x = data(6, 4)
    assert not same(twin(x), fast(x))
    assert len(twin.plans) == 1


def test_reasons_and_assumptions_name_the_very_value():
    net = nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.5))
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    fast = graphnn.compile(train_step(net, optimizer))
    x, y = data(6, 4), data(6, 2)
    fast(x, y)
    assert any("p=0.5" in a for a in fast.plans[0].assumptions)
    net.eval()
    fast(x, y)
    assert fast.plans[1].reason.endswith(".training: True -> False")
    optimizer.param_groups[0]["weight_decay"] = 0.1
    fast(x, y)
    assert "weight_decay" in fast.plans[2].reason
