"""The time of each step."""

import pytest

import graphnn as gn
from graphnn import nn


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_every_step_has_a_time_and_state_is_left_alone(backend):
    net = nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 10), nn.Softmax(dim=1)).eval()
    fast = gn.compile(net, backend=backend)
    x = gn.ones(32, 64)
    with gn.no_grad():
        wanted = fast(x)
        record = fast.plans[0]
        times = record.step_nanoseconds(x, runs=3)
        assert len(times) == len(record.plan.order)
        assert all(t > 0 for i, t in enumerate(times) if i not in record.plan.views)
        assert (fast(x) == wanted).all()


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_step_of_training_is_timed_without_training(backend):
    net, loss = nn.Linear(8, 4), nn.MSELoss()
    optimizer = gn.optim.SGD(net.parameters(), lr=0.1)

    @gn.compile(backend=backend)
    def step(x, y):
        optimizer.zero_grad()
        found = loss(net(x), y)
        found.backward()
        optimizer.step()
        return found

    x, y = gn.ones(3, 8), gn.zeros(3, 4)
    step(x, y)
    before = net.weight.detach().clone()
    assert sum(step.plans[0].step_nanoseconds(x, y, runs=2)) > 0
    assert (net.weight == before).all()


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_forward_run_with_its_backward_is_timed(backend):
    fast = gn.compile(nn.Sequential(nn.Linear(8, 4), nn.ReLU()), backend=backend)
    x = gn.ones(3, 8)
    fast(x)
    record = fast.plans[0]
    assert record.plan.barrier is not None
    assert sum(record.step_nanoseconds(x, runs=2)) > 0
