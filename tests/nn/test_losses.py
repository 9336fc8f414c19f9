"""Losses against PyTorch's, as functions and as modules."""

import numpy as np
import pytest

from graphnn import nn
from graphnn.nn import functional as F
from tests.nn.both import OURS, array, torch

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.standard_normal((6, 4))
IMAGES = RANDOM.standard_normal((2, 4, 3, 2))
CLASSES = np.array([0, 3, 1, 1, 2, 0])
PIXELS = RANDOM.integers(0, 4, (2, 3, 2))
SOFT = np.abs(RANDOM.standard_normal((6, 4)))
WEIGHT = np.array([1.0, 2.0, 0.5, 3.0])

LOSSES = {
    "mse": (lambda t, r: t.nn.MSELoss(reduction=r), LOGITS, SOFT),
    "l1": (lambda t, r: t.nn.L1Loss(reduction=r), LOGITS, SOFT),
    "cross entropy": (lambda t, r: t.nn.CrossEntropyLoss(reduction=r), LOGITS, CLASSES),
    "cross entropy, one row": (lambda t, r: t.nn.CrossEntropyLoss(reduction=r), LOGITS[0], CLASSES[0]),
    "cross entropy of images": (lambda t, r: t.nn.CrossEntropyLoss(reduction=r), IMAGES, PIXELS),
    "cross entropy, weighted": (
        lambda t, r: t.nn.CrossEntropyLoss(t.tensor(WEIGHT), reduction=r, ignore_index=1), LOGITS, CLASSES
    ),
    "cross entropy, smoothed": (lambda t, r: t.nn.CrossEntropyLoss(reduction=r, label_smoothing=0.1), LOGITS, CLASSES),
    "cross entropy of probabilities": (lambda t, r: t.nn.CrossEntropyLoss(reduction=r), LOGITS, SOFT),
    "nll": (lambda t, r: t.nn.NLLLoss(reduction=r), LOGITS, CLASSES),
    "nll of images": (lambda t, r: t.nn.NLLLoss(reduction=r), IMAGES, PIXELS),
    "nll, weighted": (lambda t, r: t.nn.NLLLoss(t.tensor(WEIGHT), reduction=r, ignore_index=0), LOGITS, CLASSES),
}  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_computes_and_differentiates_as_pytorch(name, reduction):
    build, logits, target = LOSSES[name]
    outcomes = []
    for t in (OURS, torch):
        x = t.tensor(logits, requires_grad=True)
        loss = build(t, reduction)(x, t.tensor(target))
        (loss * loss).sum().backward()
        outcomes.append((array(loss), array(x.grad)))
    for got, wanted in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss"])
def test_weighted_distances_are_pytorchs(name, reduction):
    results = [
        array(getattr(functions, name)(t.tensor(LOGITS), t.tensor(SOFT), reduction=reduction, weight=t.tensor(SOFT)))
        for t, functions in ((OURS, F), (torch, torch.nn.functional))
    ]
    np.testing.assert_allclose(*results)


@pytest.mark.parametrize("legacy", [{"size_average": False}, {"reduce": False}, {"size_average": True, "reduce": True}])
def test_the_older_spelling_of_reductions_still_works_with_a_warning(legacy):
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
        assert nn.MSELoss(**legacy).reduction == torch.nn.MSELoss(**legacy).reduction


def test_a_target_that_has_to_be_broadcast_is_warned_of_in_pytorchs_words():
    with pytest.warns(UserWarning, match="Using a target size") as ours:
        F.mse_loss(OURS.zeros(3), OURS.zeros(1, 3))
    with pytest.warns(UserWarning, match="Using a target size") as theirs:
        torch.nn.functional.mse_loss(torch.zeros(3), torch.zeros(1, 3))
    assert str(ours[0].message) == str(theirs[0].message)
    assert ours[0].filename == __file__


def test_a_loss_chain_has_pytorchs_names():
    def names(t):
        x = t.tensor(LOGITS, requires_grad=True)
        losses = (
            t.nn.MSELoss()(x, t.tensor(SOFT)),
            t.nn.CrossEntropyLoss()(x, t.tensor(CLASSES)),
            t.nn.NLLLoss()(x, t.tensor(CLASSES)),
        )
        return [type(loss.grad_fn).__name__ for loss in losses]

    assert names(OURS) == names(torch)
