"""L-BFGS (Nocedal, 1980; Nocedal and Wright, "Numerical optimization", algorithm 7.4). Eager only: how often the closure
is called depends on values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from graphnn.autodiff.modes import enable_grad, no_grad
from graphnn.errors import ArgumentError, TraceError
from graphnn.ops.op import builders
from graphnn.optim.line_search import Point, WolfeSearch
from graphnn.optim.optimizer import Optimizer, State
from graphnn.optim.terms import check_not_negative
from graphnn.tensor.tensor import Tensor


class LBFGS(Optimizer):
    """Each `step(closure)` makes up to `max_iter` quasi-Newton steps; the closure clears gradients, computes the loss and
    calls backward. `line_search_fn` is None (steps of lr) or "strong_wolfe"."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_not_negative("learning rate", lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ArgumentError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Minimises, and gives the loss at the start."""
        if builders.stack:
            raise TraceError(
                "LBFGS cannot be traced: how often it calls the closure depends on values; call step() outside of the "
                "compiled function, and compile what the closure computes"
            )
        self.stepped = True
        group, state = self.param_groups[0], self.state[self._all()[0]]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ArgumentError("only 'strong_wolfe' is supported")
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = _with_grad(closure)
        state["func_evals"] += 1
        gradient = self._gradient()
        if _greatest(gradient) > group["tolerance_grad"]:
            self._minimise(closure, state, float(first), gradient)
        return first

    def _minimise(self, closure: Callable[[], Any], state: State, loss: float, gradient: np.ndarray) -> None:
        group, evaluations = self.param_groups[0], 1
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction, step = self._direction(state, gradient)
            state["prev_flat_grad"] = Tensor.of_array(gradient.copy())
            before = state["prev_loss"] = loss
            state["d"], state["t"] = Tensor.of_array(direction), step
            slope = float(gradient @ direction)
            if slope > -group["tolerance_change"]:
                return
            last = iteration == group["max_iter"]
            made, step, loss, gradient = self._advance(
                closure, Point(0.0, loss, gradient, slope), direction, step, group["max_eval"] - evaluations, last
            )
            state["t"] = step
            evaluations += made
            state["func_evals"] += made
            if last or evaluations >= group["max_eval"] or _greatest(gradient) <= group["tolerance_grad"]:
                return
            if (
                _greatest(direction * step) <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                return

    def _direction(self, state: State, gradient: np.ndarray) -> tuple[np.ndarray, float]:
        """The direction to go, and the first step to try."""
        lr = float(self.param_groups[0]["lr"])
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -gradient, min(1.0, 1.0 / float(np.abs(gradient).sum())) * lr
        self._remember(state, gradient)
        return _two_loops(state, gradient), lr

    def _remember(self, state: State, gradient: np.ndarray) -> None:
        """Keeps the last step and how the gradient changed, if that says that the loss curves upwards."""
        change = gradient - _array(state["prev_flat_grad"])
        step = _array(state["d"]) * np.asarray(float(state["t"]), gradient.dtype)
        curvature = float(change @ step)
        if curvature <= 1e-10:
            return
        for name, value in (("old_dirs", change), ("old_stps", step)):
            state[name] = [*state[name], Tensor.of_array(value)][-self.param_groups[0]["history_size"] :]
        state["ro"] = [*state["ro"], 1.0 / curvature][-self.param_groups[0]["history_size"] :]
        state["H_diag"] = curvature / float(change @ change)

    def _advance(
        self, closure: Any, start: Point, direction: np.ndarray, step: float, most: int, last: bool
    ) -> tuple[int, float, float, np.ndarray]:
        """Moves the parameters: (evaluations, step, loss, gradient) of where they are then."""
        if self.param_groups[0]["line_search_fn"] is None:
            self._move(step, direction)
            if last:
                return 0, step, start.loss, start.gradient
            return 1, step, float(_with_grad(closure)), self._gradient()
        kept = [param.clone() for param in self._all()]

        def at(trial: float) -> Point:
            self._move(trial, direction)
            loss = float(_with_grad(closure))
            gradient = self._gradient()
            for param, value in zip(self._all(), kept, strict=True):
                param.copy_(value)
            return Point(trial, loss, gradient, float(gradient @ direction))

        tolerance = self.param_groups[0]["tolerance_change"]
        search = WolfeSearch(at, start, _greatest(direction), tolerance, 25 if most is None else most)
        found = search.run(step)
        self._move(found.step, direction)
        return search.evaluations, found.step, found.loss, found.gradient

    # ---- all parameters as one vector

    def _all(self) -> list[Tensor]:
        return self.param_groups[0]["params"]  # type: ignore[no-any-return]

    def _gradient(self) -> np.ndarray:
        parts = [np.zeros(p.numel(), p.dtype.numpy) if p.grad is None else _array(p.grad).ravel() for p in self._all()]
        return np.concatenate(parts)

    def _move(self, step: float, direction: np.ndarray) -> None:
        start = 0
        for param in self._all():
            part = direction[start : start + param.numel()].reshape(tuple(param.shape))
            param.add_(Tensor.of_array(np.ascontiguousarray(part)) * step)
            start += param.numel()


def _two_loops(state: State, gradient: np.ndarray) -> np.ndarray:
    """The inverse Hessian's approximation times minus the gradient."""
    changes, steps = map(_array, state["old_dirs"]), [_array(s) for s in state["old_stps"]]
    memory = list(zip(changes, steps, map(float, state["ro"]), strict=True))
    found, shares = -gradient, []
    for change, step, ro in reversed(memory):
        shares.append(float(step @ found) * ro)
        found = found - change * np.asarray(shares[-1], change.dtype)
    found = found * np.asarray(float(state["H_diag"]), gradient.dtype)
    for (change, step, ro), share in zip(memory, reversed(shares), strict=True):
        found = found + step * np.asarray(share - float(change @ found) * ro, step.dtype)
    return found  # type: ignore[no-any-return]


def _array(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.detach().numpy())


def _greatest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0))


def _with_grad(closure: Callable[[], Any]) -> Any:
    with enable_grad():
        return closure()
