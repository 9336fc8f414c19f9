"""Connectionist temporal classification: forward-backward over all alignments, in logarithms.

Graves, Fernández, Gomez and Schmidhuber, "Connectionist temporal classification: labelling unsegmented sequence data
with recurrent neural networks" (ICML 2006), sections 4.1 and 4.2. A target of S labels is walked through 2 S + 1 states,
a blank before, between and after its labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.op import Call, Op, register
from graphnn.ops.typing import require_float


def _ctc(
    log_probs: TensorType,
    targets: TensorType,
    input_lengths: TensorType,
    target_lengths: TensorType,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
) -> TensorType:
    """Minus the log-probability of each sample's target under log_probs (T, N, C); targets are (N, S), or all of them in
    one row. Targets that do not fit into their inputs cost infinity, or 0 with `zero_infinity`."""
    require_float("ctc_loss", log_probs)
    if log_probs.ndim != 3:
        raise ShapeError(f"ctc_loss: expected log_probs (T, N, C), got {log_probs}")
    _require_integers(targets, input_lengths, target_lengths)
    samples, classes = log_probs.shape[1:]
    if not 0 <= blank < classes:
        raise ArgumentError(f"ctc_loss: blank must be in label range, 0 to {classes - 1}, got {blank}")
    for name, lengths in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        if lengths.shape != (samples,):
            raise ShapeError(f"ctc_loss: {name} must be of size batch_size, [{samples}], got {list(lengths.shape)}")
    if targets.ndim not in (1, 2) or (targets.ndim == 2 and targets.shape[0] != samples):
        raise ShapeError(f"ctc_loss: expected targets ({samples}, S), or of one dimension, got {targets}")
    return TensorType(log_probs.dtype, (samples,))


def _require_integers(*given: TensorType) -> None:
    for name, found in zip(("targets", "input_lengths", "target_lengths"), given, strict=True):
        if found.dtype not in (dtypes.int64, dtypes.int32):
            raise DTypeError(f"ctc_loss: {name} must be integral (int64 or int32), got {found}; convert with .long()")


@dataclass(frozen=True)
class _Lattice:
    """The states of every sample: their classes, and which may be entered from the state before the last."""

    scores: np.ndarray  # (T, N, states): the log-probability of each state's class
    classes: np.ndarray  # (N, states)
    skips: np.ndarray  # (N, states): a label unlike the one before it
    steps: np.ndarray  # (N,)
    labels: np.ndarray  # (N,)


def _lattice(log_probs: np.ndarray, targets: np.ndarray, steps: np.ndarray, labels: np.ndarray, blank: int) -> _Lattice:
    _check_lengths(log_probs, targets, steps, labels)
    count = log_probs.shape[1]
    classes = np.full((count, 2 * int(labels.max(initial=0)) + 1), blank)
    starts = np.cumsum(labels) - labels
    for n in range(count):
        row = targets[n] if targets.ndim == 2 else targets[starts[n] :]
        classes[n, 1 : 2 * labels[n] : 2] = row[: labels[n]]
    _check_classes(classes, log_probs.shape[2])
    skips = np.zeros(classes.shape, bool)
    skips[:, 3::2] = classes[:, 3::2] != classes[:, 1:-2:2]
    scores = np.take_along_axis(log_probs, np.broadcast_to(classes, (len(log_probs), *classes.shape)), 2)
    return _Lattice(scores, classes, skips, np.asarray(steps, np.int64), np.asarray(labels, np.int64))


def _check_lengths(log_probs: np.ndarray, targets: np.ndarray, steps: np.ndarray, labels: np.ndarray) -> None:
    if np.any(steps > len(log_probs)) or np.any(steps < 0):
        raise ArgumentError(
            f"ctc_loss: Expected input_lengths to have value at most {len(log_probs)}, but got {steps.tolist()}"
        )
    if np.any(labels < 0):
        raise ArgumentError(f"ctc_loss: Expected target_lengths to have value at least 0, but got {labels.tolist()}")
    there, wanted = (targets.shape[1], labels.max(initial=0)) if targets.ndim == 2 else (targets.size, labels.sum())
    if wanted > there if targets.ndim == 2 else wanted != there:
        raise ArgumentError(
            f"ctc_loss: Expected tensor to have size at least {wanted} at dimension {targets.ndim - 1}, but got size "
            f"{there} for argument #2 'targets'"
        )


def _check_classes(classes: np.ndarray, count: int) -> None:
    if classes.size and not (classes.min() >= 0 and classes.max() < count):
        raise ArgumentError(f"ctc_loss: targets must be class indices, 0 to {count - 1}, got {classes.tolist()}")


def _shifted(a: np.ndarray, by: int) -> np.ndarray:
    """Moved along the states, minus infinity coming in."""
    out = np.full_like(a, -np.inf)
    if by > 0:
        out[:, by:] = a[:, :-by]
    else:
        out[:, :by] = a[:, -by:]
    return out


def _forward(of: _Lattice) -> np.ndarray:
    """alpha (T, N, states): the log-probability of all ways to each state; frames past a sample's end repeat the last."""
    alpha = np.full_like(of.scores, -np.inf)
    if not len(alpha):
        return alpha
    alpha[0, :, 0] = of.scores[0, :, 0]
    alpha[0, :, 1:2] = np.where(of.labels[:, None] > 0, of.scores[0, :, 1:2], -np.inf)
    for t in range(1, len(alpha)):
        before = alpha[t - 1]
        ways = np.logaddexp(before, _shifted(before, 1))
        ways = np.where(of.skips, np.logaddexp(ways, _shifted(before, 2)), ways)
        alpha[t] = np.where((t < of.steps)[:, None], ways + of.scores[t], before)
    return alpha


def _ends(of: _Lattice) -> np.ndarray:
    """(N, states): the states a sample may end in, the last label and the blank after it."""
    at = np.arange(of.classes.shape[1])
    last = 2 * of.labels[:, None]
    return (at == last) | (at == last - 1)  # type: ignore[no-any-return]


def _backward(of: _Lattice) -> np.ndarray:
    """beta (T, N, states): the log-probability of all ways from each state to an end, its own score included."""
    beta, ends = np.full_like(of.scores, -np.inf), _ends(of)
    after = np.full(of.classes.shape, -np.inf, of.scores.dtype)
    onward = np.zeros_like(of.skips)
    onward[:, :-2] = of.skips[:, 2:]
    for t in reversed(range(len(beta))):
        ways = np.logaddexp(after, _shifted(after, -1))
        ways = np.where(onward, np.logaddexp(ways, _shifted(after, -2)), ways)
        starts = np.equal(of.steps - 1, t)[:, None] & ends
        after = beta[t] = np.where(starts, of.scores[t], ways + of.scores[t])
    return beta


def _losses(of: _Lattice, alpha: np.ndarray) -> np.ndarray:
    if not len(alpha):
        return np.where(of.labels == 0, 0, np.inf).astype(of.scores.dtype)
    found = -np.logaddexp.reduce(np.where(_ends(of), alpha[-1], -np.inf), axis=1)
    return np.where(of.steps > 0, found, np.where(of.labels == 0, 0, np.inf))


def _run(
    out: np.ndarray, log_probs: Any, targets: Any, steps: Any, labels: Any, blank: int, zero_infinity: bool
) -> None:
    lattice = _lattice(log_probs, targets, steps, labels, blank)
    found = _losses(lattice, _forward(lattice))
    out[...] = np.where(np.isposinf(found), 0, found) if zero_infinity else found


def _kernel(out: np.ndarray, *arrays: Any, blank: int, zero_infinity: bool) -> list[Call]:
    return [(_run, out, *arrays, blank, zero_infinity)]


def _ctc_vjp(c: Any, g: Any, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
    return ctc_loss_grad(g, log_probs, targets, input_lengths, target_lengths, **c.attrs), None, None, None


ctc_loss = register(Op("ctc_loss", infer=_ctc, numpy=_kernel, vjp=_ctc_vjp, grad_name="CtcLossBackward0"))


def _ctc_grad(
    g: TensorType,
    log_probs: TensorType,
    targets: TensorType,
    input_lengths: TensorType,
    target_lengths: TensorType,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
) -> TensorType:
    """g times (probability - share of the ways through a class): the gradient of the logits before log_softmax, which
    PyTorch also gives for log_probs (log_softmax's own gradient leaves it as it is)."""
    return log_probs


def _run_grad(
    out: np.ndarray, g: Any, log_probs: Any, targets: Any, steps: Any, labels: Any, blank: int, zero_infinity: bool
) -> None:
    lattice = _lattice(log_probs, targets, steps, labels, blank)
    alpha = _forward(lattice)
    losses = _losses(lattice, alpha)
    shares = np.exp(alpha + _backward(lattice) + losses[:, None] - lattice.scores)
    through = np.zeros_like(log_probs)
    t, n, _ = np.ogrid[tuple(map(slice, shares.shape))]
    np.add.at(through, (t, n, lattice.classes), shares)
    found = (np.exp(log_probs) - through) * g[:, None]
    counted = (np.arange(len(log_probs))[:, None] < lattice.steps)[..., None]
    if zero_infinity:
        counted = counted & ~np.isposinf(losses)[:, None]
    out[...] = np.where(counted, found, 0)


def _grad_kernel(out: np.ndarray, *arrays: Any, blank: int, zero_infinity: bool) -> list[Call]:
    return [(_run_grad, out, *arrays, blank, zero_infinity)]


ctc_loss_grad = register(Op("ctc_loss_grad", infer=_ctc_grad, numpy=_grad_kernel))
