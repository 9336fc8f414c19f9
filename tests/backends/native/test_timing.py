"""The timed build of a plan."""

import graphnn as gn
from graphnn import nn
from graphnn.backends.native.timing import step_nanoseconds


def test_every_step_in_c_has_a_time_and_state_is_left_alone():
    net = nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 10), nn.Softmax(dim=1)).eval()
    fast = gn.compile(net, backend="native")
    x = gn.ones(32, 64)
    with gn.no_grad():
        wanted = fast(x)
        record = fast.plans[0]
        state = record.state()
        before = [s.copy() for s in state]
        times = step_nanoseconds(record.plan, state, [x.numpy()], runs=3)
        assert len(times) == len(record.plan.order)
        assert all(t > 0 for i, t in enumerate(times) if i not in record.plan.views)
        assert all((a == b).all() for a, b in zip(before, state, strict=True))
        assert (fast(x) == wanted).all()
