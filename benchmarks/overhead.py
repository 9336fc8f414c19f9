"""What a planned run costs above the same NumPy calls with `out=` written by hand, and a compiled call above its run.

The network is small, so that what is not arithmetic shows. Everything runs in one process, in alternating rounds.
"""

from __future__ import annotations

import os
from statistics import median
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is loaded; more threads would only bring noise

import numpy as np
from harness import Run, arguments, interleave, verdict, write_json

import graphnn

STEP_TARGET, CALL_TARGET = 1.0, 2.0  # microseconds
BATCH, SIZES = 16, (32, 32, 32, 10)
RATE, MOMENTUM = 1e-7, 0.9  # so little that nothing becomes denormal, which would be slow, in a million steps


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


class Idle:
    """Stands in for a workspace: a run of it costs nothing."""

    def __init__(self, workspace: Any, outputs: list[np.ndarray]) -> None:
        self.state, self.outputs = workspace.state, outputs

    def forward(self, inputs: list[Any]) -> list[np.ndarray]:
        return self.outputs


def measure(name: str, fast: Any, args: tuple[Any, ...], by_hand: Run, rounds: int) -> dict[str, Any]:
    """Takes a compiled call apart: the call itself, the run of its plan, the bound calls (and the copies of the inputs) in
    a bare loop, and what there is around the run."""
    fast(*args)
    entry = fast.plans[-1]._entry
    plan, executable = entry.program.plan, entry.program.executable
    workspace = executable.lease(entry.program.state())
    inputs = [a._array for a in args] + [read(args) for read in entry.readers]
    calls = [(np.copyto, pair) for pair in zip(workspace._in, inputs, strict=True) if pair[0] is not None]
    calls += workspace._first

    def loop() -> None:
        for function, operands in calls:
            function(*operands)

    call = lambda: fast(*args)  # noqa: E731
    runs = {"call": call, "run": lambda: workspace.forward(inputs), "loop": loop, "hand": by_hand}
    times = interleave(runs, rounds)
    executable.release(Idle(workspace, workspace.forward(inputs)))
    times |= interleave({"idle": call}, rounds)
    steps = len(plan.order) - len(plan.views)
    return {"name": name, "steps": steps, "calls": len(calls), "seconds": times}


def show(figures: dict[str, Any]) -> None:
    times, steps = figures["seconds"], figures["steps"]
    middle = {k: median(v) * 1e6 for k, v in times.items()}
    above = median(a - b for a, b in zip(times["run"], times["hand"], strict=True)) * 1e6
    print(f"\n{figures['name']}: {steps} steps, {figures['calls']} NumPy calls; in us:")
    print("  " + ", ".join(f"{k} {v:.1f}" for k, v in middle.items()))
    report("results out, warnings off", middle["run"] - middle["loop"])
    report("a step above the NumPy calls by hand", above / steps, STEP_TARGET)
    report("a call: everything but the run", middle["idle"], CALL_TARGET)


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
    with graphnn.no_grad():
        fast = graphnn.compile(net, backend="numpy")
        forward = measure("forward", fast, tensors[:1], lambda: hand.forward(x), options.rounds)
        show(forward)
    step = graphnn.compile(training_step(network()), backend="numpy")
    training = measure("training step", step, tensors, lambda: hand.step(x, y), options.rounds)
    show(training)
    write_json(options.json, [forward, training])


if __name__ == "__main__":
    main()
