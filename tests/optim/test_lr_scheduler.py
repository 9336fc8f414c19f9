"""Schedulers against PyTorch's: the rates of 50 epochs, states, warnings and words for wrong arguments."""

import copy
import warnings

import numpy as np
import pytest

import graphnn
from graphnn import optim
from graphnn.errors import GraphnnError, TraceError
from graphnn.tensor.creation import tensor
from tests.optim.schedulers import OURS, SCHEDULERS, advance, follow, make_optimizer, numbers

torch = pytest.importorskip("torch")


def flat(rates):
    found = []

    def walk(item):
        if isinstance(item, list | tuple):
            for part in item:
                walk(part)
        else:
            found.append(-1.0 if item is None else item)

    walk(rates)
    return found


@pytest.mark.parametrize("name", SCHEDULERS)
def test_rates_are_pytorchs_for_fifty_epochs(name):
    (ours, *_), (theirs, *_) = (follow(t, name) for t in (OURS, torch))
    np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [n for n in SCHEDULERS if n.startswith(("Cyclic", "OneCycle"))])
def test_the_cycles_move_adams_beta_too(name):
    (ours, *_), (theirs, *_) = (follow(t, name, "Adam") for t in (OURS, torch))
    np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-12, atol=1e-15)


def plain(state):
    """Parts saved within parts too; without what PyTorch alone keeps."""
    private = ("_scale_fn_ref",)
    return {
        key: [plain(v) if isinstance(v, dict) else v for v in value] if isinstance(value, list) else value
        for key, value in state.items()
        if key not in private
    }


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_state_is_pytorchs(name):
    ours, theirs = (plain(follow(t, name, epochs=7)[1].state_dict()) for t in (OURS, torch))
    assert sorted(ours) == sorted(theirs)
    assert str(sorted(rounded(ours).items())) == str(sorted(rounded(theirs).items()))


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    return {k: rounded(v) for k, v in sorted(value.items())} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_loaded_scheduler_goes_on_where_the_saved_one_was(name):
    _, scheduler, optimizer = follow(OURS, name, epochs=9)
    _, other, fresh = follow(OURS, name, epochs=0)
    state = scheduler.state_dict()
    kept = copy.deepcopy(state)
    other.load_state_dict(state)
    fresh.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert str(state) == str(kept)
    for epoch in range(9, 20):
        advance(scheduler, optimizer, epoch)
        advance(other, fresh, epoch)
        assert numbers(optimizer) == numbers(fresh)


@pytest.mark.parametrize("name", ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR",
                                  "CosineAnnealingLR", "LambdaLR", "CosineAnnealingWarmRestarts, longer"])  # fmt: skip
def test_an_epoch_can_be_given_and_a_resumed_one_goes_on(name):
    found = []
    for t in (OURS, torch):
        optimizer = make_optimizer(t)
        scheduler = SCHEDULERS[name](t.optim.lr_scheduler, optimizer)
        optimizer.step()
        found.append([])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for epoch in (3, 11, 2):
                scheduler.step(epoch)
                found[-1] += scheduler.get_last_lr()
        assert len(caught) == (0 if "Restarts" in name else 3)
        scheduler.step()
        found[-1] += scheduler.get_last_lr()
    np.testing.assert_allclose(*found, rtol=1e-12)


def resumed(t):
    optimizer = make_optimizer(t)
    for group in optimizer.param_groups:
        group["initial_lr"] = 0.4
    s = t.optim.lr_scheduler
    found = []
    for scheduler in (s.StepLR(optimizer, 3, last_epoch=4), s.CosineAnnealingLR(optimizer, 9, last_epoch=4)):
        for _ in range(6):
            optimizer.step()
            scheduler.step()
            found += scheduler.get_last_lr()
    return found


def test_resuming_at_an_epoch_follows_pytorch():
    np.testing.assert_allclose(resumed(OURS), resumed(torch), rtol=1e-12)


WARNED = {
    "order": lambda s, o: s.StepLR(o, 3).step(),
    "get_lr": lambda s, o: s.StepLR(o, 3).get_lr(),
    "overridden": lambda s, o: (lambda made: (setattr(o, "step", lambda: None), made.step()))(s.StepLR(o, 3)),
    "epoch": lambda s, o: s.ReduceLROnPlateau(o).step(1.0, epoch=3),
    "fine": lambda s, o: (lambda made: (o.step(), made.step(), made.step()))(s.StepLR(o, 3)),
}


@pytest.mark.parametrize("what", WARNED)
def test_warns_where_pytorch_does(what):
    found = []
    for t in (OURS, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            WARNED[what](t.optim.lr_scheduler, make_optimizer(t))
        found.append([(w.category, str(w.message)[:40]) for w in caught])
    assert found[0] == found[1]


REFUSED = {
    "no optimizer": lambda s, o: s.StepLR(3, 1),
    "functions": lambda s, o: s.LambdaLR(o, [lambda e: e]),
    "factors": lambda s, o: s.MultiplicativeLR(o, [lambda e: e]),
    "no function": lambda s, o: s.MultiplicativeLR(o, 3),
    "constant": lambda s, o: s.ConstantLR(o, factor=2.0),
    "start": lambda s, o: s.LinearLR(o, start_factor=0),
    "end": lambda s, o: s.LinearLR(o, end_factor=2),
    "T_0": lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
    "T_mult": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 1.5),
    "before 0": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1).step(-2),
    "mode": lambda s, o: s.CyclicLR(o, 0.1, 0.2, mode="square"),
    "lengths": lambda s, o: s.CyclicLR(o, [0.1], 0.2),
    "momentum": lambda s, o: s.CyclicLR(make_rmsless(o), 0.1, 0.2),
    "steps": lambda s, o: s.OneCycleLR(o, 0.1),
    "no steps": lambda s, o: s.OneCycleLR(o, 0.1, 0),
    "epochs": lambda s, o: s.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=2),
    "pct": lambda s, o: s.OneCycleLR(o, 0.1, 10, pct_start=1),
    "strategy": lambda s, o: s.OneCycleLR(o, 0.1, 10, anneal_strategy="x"),
    "plateau factor": lambda s, o: s.ReduceLROnPlateau(o, factor=1.5),
    "plateau mode": lambda s, o: s.ReduceLROnPlateau(o, mode="x"),
    "plateau threshold": lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="x"),
    "plateau least": lambda s, o: s.ReduceLROnPlateau(o, min_lr=[1]),
    "sequence of none": lambda s, o: s.SequentialLR(o, [], []),
    "milestones": lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1)], [1]),
    "plateau in a sequence": lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []),
    "no scheduler": lambda s, o: s.ChainedScheduler([3], o),
    "chain of none": lambda s, o: s.ChainedScheduler([]),
}


def make_rmsless(optimizer):
    t = torch if isinstance(optimizer, torch.optim.Optimizer) else OURS
    return t.optim.Adagrad([t.nn.Parameter(t.tensor([1.0]))])


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_pytorchs_words(what):
    errors = []
    for t in (OURS, torch):
        with pytest.raises((ValueError, TypeError)) as caught:
            REFUSED[what](t.optim.lr_scheduler, make_optimizer(t))
        errors.append(caught.value)
    assert str(errors[0]) == str(errors[1])
    assert isinstance(errors[0], type(errors[1]))
    assert isinstance(errors[0], GraphnnError)


def test_resuming_needs_the_initial_rates():
    for t in (OURS, torch):
        with pytest.raises(KeyError, match="initial_lr"):
            t.optim.lr_scheduler.StepLR(make_optimizer(t), 3, last_epoch=2)


def test_every_class_of_pytorch_has_a_row():
    rows = {name.partition(",")[0] for name in SCHEDULERS}
    assert sorted(set(torch.optim.lr_scheduler.__all__) - rows) == []
    assert sorted(set(optim.lr_scheduler.__all__)) == sorted({*torch.optim.lr_scheduler.__all__, "_LRScheduler"})


def test_a_traced_step_has_no_scheduler_in_it():
    optimizer = make_optimizer(OURS)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1)

    @graphnn.compile
    def step(x):
        scheduler.step()
        return x * 2

    with pytest.raises(TraceError, match="outside"):
        step(tensor([1.0]))


@pytest.mark.parametrize(
    "name", ["ExponentialLR", "CosineAnnealingLR", "CyclicLR", "ReduceLROnPlateau", "SequentialLR"]
)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_a_rate_that_is_a_tensor_is_written_in_place(name, kind):
    found = []
    for t in (OURS, torch):
        param, rate = t.nn.Parameter(t.tensor([1.0, -2.0])), t.tensor(0.1)
        optimizer = getattr(t.optim, kind)(
            [param], lr=rate, foreach=False, **({"momentum": 0.9} if kind == "SGD" else {})
        )
        scheduler = SCHEDULERS[name](t.optim.lr_scheduler, optimizer)
        param.grad = t.tensor([0.5, 1.0])
        for epoch in range(9):
            advance(scheduler, optimizer, epoch)
        assert optimizer.param_groups[0]["lr"] is rate
        found.append([rate.item(), *param.detach().tolist()])
    np.testing.assert_allclose(*found, rtol=1e-5)
