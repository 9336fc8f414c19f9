"""The rows of the losses beyond squared error and cross-entropy."""

from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, ints, sample

F = torch.nn.functional
REDUCTIONS = ("mean", "sum", "none")


def signs(*shape: int) -> np.ndarray:
    return np.asarray(np.where(floats(*shape, seed=3) < 0, -1, 1), np.float32)


def kinds(*args: np.ndarray, **attrs: Any) -> tuple[Sample, ...]:
    """A sample for each reduction, and one in float64."""
    wide = [a.astype("f8") if a.dtype.kind == "f" else a for a in args]
    return (*(sample(*args, reduction=r, **attrs) for r in REDUCTIONS), sample(*wide, reduction="none", **attrs))


PAIR = (floats(3, 4), floats(3, 4, seed=1))
BROADCAST = sample(floats(3, 4), floats(4, seed=1), reduction="none")
NONE = sample(floats(0, 3), floats(0, 3), reduction="sum")
PROBABILITIES = (floats(3, 4, low=0.05, high=0.95), floats(3, 4, low=0.05, high=0.95, seed=1))
ONES = (np.array([[0, 1, 0.5]], "f4"), np.array([[0, 0, 1]], "f4"))

POINTWISE = (
    Row("smooth_l1_loss", (*kinds(*PAIR), *kinds(*PAIR, beta=0.3), BROADCAST, NONE), torch=F.smooth_l1_loss),
    Row("huber_loss", (*kinds(*PAIR), *kinds(*PAIR, delta=0.3), BROADCAST, NONE), torch=F.huber_loss),
    Row(
        "soft_margin_loss",
        tuple(Sample(s.args, s.attrs, False, False) for s in kinds(floats(3, 4), signs(3, 4))),
        torch=F.soft_margin_loss,
    ),
    Row(
        "binary_cross_entropy",
        (
            *kinds(*PROBABILITIES),
            Sample((*PROBABILITIES, floats(3, 1)), {"reduction": "mean"}, False, False),
            sample(*ONES, grad=False, torch_grad=False),
        ),
        torch=lambda x, target, weight=None, reduction="mean": F.binary_cross_entropy(
            x, target, weight, None, None, reduction
        ),
    ),
    Row(
        "binary_cross_entropy_with_logits",
        (
            *kinds(*PAIR),
            Sample((*PAIR, floats(3, 1), floats(4)), {"reduction": "none"}, False, False),
            Sample((*PAIR, None, floats(4)), {"reduction": "mean"}, False, False),
        ),
        torch=lambda x, target, weight=None, pos_weight=None, reduction="mean": F.binary_cross_entropy_with_logits(
            x, target, weight, None, None, reduction, pos_weight
        ),
    ),
)

LABELS = np.array([[1, 3, -1, 0], [-1, 0, 0, 0], [0, 1, 2, 3]])
MARGINS = (
    Row(
        "multi_margin_loss",
        (
            *kinds(floats(3, 4), ints(3, low=0, high=4)),
            *kinds(floats(3, 4), ints(3, low=0, high=4), p=2, margin=0.7),
            Sample((floats(3, 4), ints(3, low=0, high=4), floats(4)), {}, False, False),
            sample(floats(4), np.array(2)),
        ),
        torch=lambda x, target, weight=None, p=1, margin=1.0, reduction="mean": F.multi_margin_loss(
            x, target, p, margin, weight, None, None, reduction
        ),
    ),
    Row(
        "multilabel_margin_loss",
        (*kinds(floats(3, 4), LABELS), sample(floats(4), LABELS[0])),
        torch=lambda x, target, reduction="mean": F.multilabel_margin_loss(x, target, None, None, reduction),
    ),
)

SCORES = floats(6, 3, 5) - 2
FITTING = (np.array([[1, 2, 2], [3, 1, 4], [2, 0, 0]]), np.array([6, 5, 4]), np.array([3, 3, 1]))
IN_A_ROW = (np.array([1, 2, 2, 3]), np.array([6, 5, 4]), np.array([3, 0, 1]))


def ctc(log_probs: Any, *given: Any, blank: int = 0, zero_infinity: bool = False) -> Any:
    return F.ctc_loss(log_probs, *given, blank=blank, reduction="none", zero_infinity=zero_infinity)


def ctc_grad(g: Any, log_probs: Any, *given: Any, **attrs: Any) -> Any:
    leaf = log_probs.detach().requires_grad_(True)
    (found,) = torch.autograd.grad(ctc(leaf, *given, **attrs), leaf, g)
    return found


CTC_ATTRS: tuple[dict[str, Any], ...] = ({}, {"blank": 4}, {"zero_infinity": True})
CTC = (
    Row(  # the gradient is the logits', so finite differences of log_probs differ
        "ctc_loss",
        tuple(
            sample(SCORES, *given, grad=False, torch_grad=not attrs.get("zero_infinity"), **attrs)
            for given, attrs in zip((FITTING, IN_A_ROW, FITTING), CTC_ATTRS, strict=True)
        ),
        torch=ctc,
    ),
    Row(
        "ctc_loss_grad",
        tuple(
            sample(floats(3, seed=4), SCORES, *given, grad=False, torch_grad=False, **attrs)
            for given, attrs in zip((FITTING, IN_A_ROW, FITTING), CTC_ATTRS, strict=True)
        ),
        torch=ctc_grad,
        rtol=2e-5,
        atol=1e-6,
        named=False,
    ),
)

ROWS: tuple[Row, ...] = (*POINTWISE, *MARGINS, *CTC)
