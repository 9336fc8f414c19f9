"""What a planned run costs above the same NumPy calls with `out=` written by hand, and a compiled call above its run.

The network is small, so that what is not arithmetic shows. Everything runs in one process, in alternating rounds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import median
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is loaded; more threads would only bring noise

import numpy as np  # noqa: E402
from harness import Run, arguments, interleave, verdict, write_json  # noqa: E402

import graphnn  # noqa: E402

STEP_TARGET, CALL_TARGET = 1.0, 2.0  # microseconds
BATCH, SIZES = 16, (32, 32, 32, 10)
RATE, MOMENTUM = 0.01, 0.9


def network() -> Any:
    """Three linear layers, ReLU between them."""
    nn = graphnn.nn
    a, b, c, d = SIZES
    return nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c), nn.ReLU(), nn.Linear(c, d))


# ---- by hand


class ByHand:
    """The network's forward pass and training step as one would write them in NumPy, with no array made."""

    def __init__(self, net: Any) -> None:
        parameters = [p.detach().numpy().copy() for p in net.parameters()]
        self.weights, self.biases = parameters[::2], parameters[1::2]
        self.speeds = [np.zeros_like(p) for p in parameters]
        self.grads = [np.empty_like(p) for p in parameters]
        self.outs = [np.empty((BATCH, n), np.float32) for n in SIZES[1:]]
        self.backs = [np.empty((BATCH, n), np.float32) for n in SIZES[1:]]
        self.masks = [np.empty((BATCH, n), np.bool_) for n in SIZES[1:]]
        self.column = np.empty((BATCH, 1), np.float32)
        self.rows = np.arange(BATCH)
        self.updates = list(zip(parameters, self.speeds, self.grads, strict=True))

    def forward(self, x: np.ndarray) -> np.ndarray:
        for w, b, out in zip(self.weights, self.biases, self.outs, strict=True):
            np.matmul(x, w.T, out)
            np.add(out, b, out)
            if out is not self.outs[-1]:
                np.maximum(out, 0, out=out)
            x = out
        return x

    def step(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        loss = self.seed(self.forward(x), y)
        for i in (2, 1, 0):
            before = self.outs[i - 1] if i else x
            g = self.backs[i]
            np.matmul(g.T, before, self.grads[2 * i])
            np.add.reduce(g, 0, None, self.grads[2 * i + 1])
            if i:
                np.matmul(g, self.weights[i], self.backs[i - 1])
                np.greater(before, 0, self.masks[i - 1])
                np.multiply(self.backs[i - 1], self.masks[i - 1], self.backs[i - 1])
        for parameter, speed, grad in self.updates:
            np.multiply(speed, MOMENTUM, speed)
            np.add(speed, grad, speed)
            np.multiply(speed, RATE, grad)
            np.subtract(parameter, grad, parameter)
        return loss

    def seed(self, out: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Cross entropy, and its gradient into `backs[-1]`."""
        g, column = self.backs[-1], self.column
        np.maximum.reduce(out, 1, None, column, True)
        np.subtract(out, column, out)
        np.exp(out, g)
        np.add.reduce(g, 1, None, column, True)
        np.divide(g, column, g)
        np.log(column, column)
        loss = np.mean(column[:, 0] - out[self.rows, y])
        g[self.rows, y] -= 1
        np.multiply(g, 1 / BATCH, g)
        return loss  # type: ignore[no-any-return]


# ---- planned


def training_step(net: Any) -> Any:
    criterion = graphnn.nn.CrossEntropyLoss()
    optimizer = graphnn.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def levels(fast: Any, args: tuple[Any, ...]) -> tuple[dict[str, Run], int, int]:
    """A compiled call taken apart: the call itself, the run of its plan, the bound calls
    (and the copies of the inputs) in a bare loop. Also how many
    steps and calls these are."""
    fast(*args)
    entry = fast.plans[-1]._entry
    program = entry.program
    workspace = program.executable.lease(program.state())
    inputs = [a._array for a in args] + [read(args) for read in entry.readers]
    calls = workspace._first
    first = [
        (np.copyto, (place, value)) for place, value in zip(workspace._in, inputs, strict=True) if place is not None
    ]

    def loop() -> None:
        for function, operands in first:
            function(*operands)
        for function, operands in calls:
            function(*operands)

    steps = len(program.plan.order) - len(program.plan.views)
    return {"call": lambda: fast(*args), "run": lambda: workspace.forward(inputs), "loop": loop}, steps, len(calls)


def measure(name: str, fast: Any, args: tuple[Any, ...], by_hand: Run, rounds: int) -> Iterator[dict[str, Any]]:
    runs, steps, calls = levels(fast, args)
    times = interleave(runs | {"hand": by_hand}, rounds)
    middle = {k: median(v) * 1e6 for k, v in times.items()}
    above = {
        k: median(a - b for a, b in zip(times[k], times[other], strict=True)) * 1e6
        for k, other in (("run", "hand"), ("loop", "hand"), ("call", "run"))
    }
    print(f"\n{name}: {steps} steps, {calls} NumPy calls; in us:")
    print("  " + ", ".join(f"{k} {v:.1f}" for k, v in middle.items()))
    report("results out, warnings off", middle["run"] - middle["loop"])
    report("a step above the NumPy calls by hand", above["run"] / steps, STEP_TARGET)
    report("a call above its run", above["call"], CALL_TARGET)
    yield {"name": name, "steps": steps, "calls": calls, **middle}


def report(what: str, figure: float, target: float | None = None) -> None:
    print(f"  {what:40}{figure:8.2f}  {'' if target is None else verdict(figure, target)}")


def main() -> None:
    options = arguments(__doc__).parse_args()
    graphnn.manual_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((BATCH, SIZES[0]), np.float32), rng.integers(0, SIZES[-1], BATCH)
    net = network()
    hand = ByHand(net)
    tensors = graphnn.tensor(x), graphnn.tensor(y)
    figures = []
    with graphnn.no_grad():
        forward = graphnn.compile(net)
        figures += measure("forward", forward, tensors[:1], lambda: hand.forward(x), options.rounds)
    step = graphnn.compile(training_step(network()))
    figures += measure("training step", step, tensors, lambda: hand.step(x, y), options.rounds)
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
