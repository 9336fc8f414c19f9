"""What PyTorch's optimizers save, ours load, and the other way; parameters that are given with names."""

import numpy as np
import pytest

from tests.optim.test_steps import OPTIMIZERS, OURS, run, set_gradients

torch = pytest.importorskip("torch")


def converted(value, t):
    """Tensors of one library as those of the other."""
    if isinstance(value, dict):
        return {k: converted(v, t) for k, v in value.items()}
    if isinstance(value, list):
        return [converted(v, t) for v in value]
    return t.tensor(value.detach().numpy().copy()) if hasattr(value, "detach") else value


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("ours_saves", [False, True])
def test_a_state_goes_from_one_library_to_the_other(name, ours_saves):
    source, target = (OURS, torch) if ours_saves else (torch, OURS)
    saving, params = run(source, OPTIMIZERS[name], 5, "float32")
    loading, copies = run(target, OPTIMIZERS[name], 1, "float32")
    for mine, other in zip(copies, params, strict=True):
        mine.data.copy_(target.tensor(other.detach().numpy().copy()))
    loading.load_state_dict(converted(saving.state_dict(), target))
    for step in range(5, 12):
        set_gradients(source, params, step)
        set_gradients(target, copies, step)
        saving.step()
        loading.step()
    for mine, other in zip(copies, params, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), other.detach().numpy(), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_groups_and_printing_are_pytorchs(name):
    ours, theirs = (run(t, OPTIMIZERS[name], 0, "float32")[0] for t in (OURS, torch))
    assert repr(ours) == repr(theirs)
    assert ours.state_dict()["param_groups"] == theirs.state_dict()["param_groups"]
    assert list(ours.state_dict()["state"]) == list(theirs.state_dict()["state"])


def make_named(t):
    net = t.nn.Linear(2, 3)
    return t.optim.AdamW(net.named_parameters(), lr=0.1)


def test_names_are_kept_and_saved():
    ours, theirs = make_named(OURS), make_named(torch)
    assert ours.state_dict()["param_groups"] == theirs.state_dict()["param_groups"]
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(ours.state_dict())
    assert ours.param_groups[0]["param_names"] == ["weight", "bias"]


MIXED = {
    "within a group": lambda t, p: t.optim.SGD([("a", p[0]), p[1]]),
    "unnamed after named": lambda t, p: t.optim.SGD([("a", p[0])]).add_param_group({"params": p[1]}),
    "named after unnamed": lambda t, p: t.optim.SGD([{"params": p[0]}, {"params": [("q", p[1])]}]),
}


@pytest.mark.parametrize("what", MIXED)
def test_all_or_none_have_names(what):
    messages = []
    for t in (OURS, torch):
        with pytest.raises(ValueError, match="names") as caught:
            MIXED[what](t, [t.nn.Parameter(t.tensor([1.0])) for _ in range(2)])
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_parameter_twice_in_a_group_is_warned_of():
    for t in (OURS, torch):
        param = t.nn.Parameter(t.tensor([1.0]))
        with pytest.warns(UserWarning, match="duplicate parameters"):
            t.optim.SGD([param, param])


WRONG = {
    "rho": lambda o, p: o.Adadelta(p, rho=2),
    "adadelta eps": lambda o, p: o.Adadelta(p, eps=-1),
    "lr_decay": lambda o, p: o.Adagrad(p, lr_decay=-1),
    "accumulator": lambda o, p: o.Adagrad(p, initial_accumulator_value=-1),
    "adamax betas": lambda o, p: o.Adamax(p, betas=(1.0, 0.5)),
    "adamw decay": lambda o, p: o.AdamW(p, weight_decay=-1),
    "asgd lr": lambda o, p: o.ASGD(p, lr=-1),
    "nadam momentum": lambda o, p: o.NAdam(p, momentum_decay=-1),
    "radam betas": lambda o, p: o.RAdam(p, betas=(0.5, 1.0)),
    "rmsprop alpha": lambda o, p: o.RMSprop(p, alpha=-1),
    "rmsprop momentum": lambda o, p: o.RMSprop(p, momentum=-1),
    "rprop etas": lambda o, p: o.Rprop(p, etas=(2, 3)),
    "adafactor lr": lambda o, p: o.Adafactor(p, lr=-1),
    "adafactor d": lambda o, p: o.Adafactor(p, d=0.5),
    "adafactor decay": lambda o, p: o.Adafactor(p, beta2_decay=0.5),
    "adafactor eps": lambda o, p: o.Adafactor(p, eps=(-1, 0.1)),
    "adafactor eps 2": lambda o, p: o.Adafactor(p, eps=(None, -1)),
    "adafactor weights": lambda o, p: o.Adafactor(p, weight_decay=-1),
    "lbfgs lr": lambda o, p: o.LBFGS(p, lr=-1),
}


@pytest.mark.parametrize("what", WRONG)
def test_refuses_in_pytorchs_words(what):
    messages = []
    for t in (OURS, torch):
        with pytest.raises(ValueError, match=r".") as caught:
            WRONG[what](t.optim, [t.nn.Parameter(t.tensor([1.0]))])
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
