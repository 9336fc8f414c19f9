"""Averaged models and their scheduler against PyTorch's."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest

from graphnn import nn, optim
from graphnn.tensor.creation import tensor

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(nn=nn, optim=optim, tensor=tensor)
AVERAGES = {
    "mean": lambda u: {},
    "mean of each": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "mean of all": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "running": lambda u: {"avg_fn": u.get_ema_avg_fn(0.8)},
    "running, all": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.8)},
    "one's own": lambda u: {"avg_fn": lambda average, number, count: 0.5 * average + 0.5 * number},
    "buffers": lambda u: {"use_buffers": True, "avg_fn": u.get_ema_avg_fn(0.5)},
}
BATCHES = [np.random.default_rng(i).standard_normal((6, 3)).astype("f4") for i in range(4)]


def make_net(t):
    return t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4), t.nn.Linear(4, 1))


def changed(t, net, seed):
    rng = np.random.default_rng(seed)
    state = {k: rng.uniform(0.5, 1.5, tuple(v.shape)) for k, v in net.state_dict().items()}
    net.load_state_dict({k: t.tensor(np.asarray(v, "i8" if "num" in k else "f4")) for k, v in state.items()})


def averaged(t, name):
    net = make_net(t)
    changed(t, net, 0)
    average = t.optim.swa_utils.AveragedModel(net, **AVERAGES[name](t.optim.swa_utils))
    for seed in range(1, 6):
        changed(t, net, seed)
        average.update_parameters(net)
    return average


@pytest.mark.parametrize("name", AVERAGES)
def test_averages_are_pytorchs(name):
    ours, theirs = (averaged(t, name) for t in (OURS, torch))
    assert repr(ours) == repr(theirs)
    wanted = theirs.state_dict()
    assert list(ours.state_dict()) == list(wanted)
    for key, value in ours.state_dict().items():
        np.testing.assert_allclose(value.numpy(), wanted[key].numpy(), rtol=1e-5, err_msg=key)


def test_batch_norms_are_computed_anew():
    found = []
    for t in (OURS, torch):
        average = averaged(t, "mean").eval()
        t.optim.swa_utils.update_bn([[t.tensor(b), 0] for b in BATCHES], average)
        assert not average.training
        assert average.module[1].momentum == 0.1
        found.append(average(t.tensor(BATCHES[0])).detach().numpy())
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-5)


OPTIONS = [{}, {"anneal_strategy": "linear"}, {"anneal_epochs": 0}, {"anneal_epochs": 3, "swa_lr": [0.5, 0.02]}]


def rates(t, options):
    params = [t.nn.Parameter(t.tensor([1.0])) for _ in range(2)]
    optimizer = t.optim.SGD([{"params": params[:1]}, {"params": params[1:], "lr": 0.3}], lr=0.1)
    scheduler = t.optim.swa_utils.SWALR(optimizer, **{"swa_lr": 0.05, **options})
    found = []
    for _ in range(20):
        optimizer.step()
        scheduler.step()
        found.append(scheduler.get_last_lr())
    return found, scheduler


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_rates_are_pytorchs(options):
    (ours, mine), (theirs, other) = (rates(t, options) for t in (OURS, torch))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert sorted(mine.state_dict()) == sorted(other.state_dict())
    state = copy.deepcopy(mine.state_dict())
    mine.load_state_dict(state)
    assert mine.state_dict() == state


WRONG = {
    "strategy": lambda u, o: u.SWALR(o, 0.1, anneal_strategy="x"),
    "epochs": lambda u, o: u.SWALR(o, 0.1, anneal_epochs=-1),
    "decay": lambda u, o: u.get_ema_avg_fn(2),
    "decays": lambda u, o: u.get_ema_multi_avg_fn(-1),
}


@pytest.mark.parametrize("what", WRONG)
def test_refuses_in_pytorchs_words(what):
    messages = []
    for t in (OURS, torch):
        with pytest.raises(ValueError, match=r".") as caught:
            WRONG[what](t.optim.swa_utils, t.optim.SGD([t.nn.Parameter(t.tensor([1.0]))], lr=0.1))
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_every_name_of_pytorch_is_there():
    assert sorted(optim.swa_utils.__all__) == sorted(torch.optim.swa_utils.__all__)
