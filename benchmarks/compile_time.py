"""How long compiling takes: the digits training step stage by stage, long chains pass by pass, and importing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from harness import arguments, verdict, write_json
from networks import LENET, training_step

import graphnn
from graphnn.backends.registry import backend_named
from graphnn.compiler.guards import collect
from graphnn.compiler.prologue import split_prologue
from graphnn.passes import PassManager, training_pipeline
from graphnn.plan.plan import make_plan
from graphnn.tracing.capture import capture, named_arguments

STEP_TARGET, CHAIN_TARGET, IMPORT_TARGET = 50.0, 5.0, 1.5  # ms, s, times `import numpy`
START, NUMPY, GRAPHNN = "pass", "import numpy", "import graphnn"
USED = "import graphnn; graphnn.nn.Linear, graphnn.optim.SGD, graphnn.tensor"
CHAIN_LENGTHS = (1000, 2000, 4000, 10000)

CACHING = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment of new interpreters: as users' are, they find bytecode."""

Stages = dict[str, float]
"""Seconds by stage."""


class Clock:
    """Adds up the seconds of named stages."""

    def __init__(self) -> None:
        self.stages: Stages = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - start


def compile_stages(function: Callable[..., Any], args: tuple[Any, ...]) -> Stages:
    """Goes the way of `graphnn.compile` by hand, with a clock at each stage; passes as `pass ...`."""
    clock = Clock()
    with clock.stage("guards"):
        collect(function, named_arguments(function, args, {}))
    with clock.stage("trace"):
        captured = capture(function, args, {}, differentiate=True)
    with clock.stage("passes, all"):
        result = PassManager(training_pipeline()).run(captured.graph)
    for report in result.report.passes:
        name = f"pass {report.name}"
        clock.stages[name] = clock.stages.get(name, 0.0) + report.seconds
    clock.stages["pass manager's verify"] = result.report.verify_seconds
    with clock.stage("prologue"):
        parts = split_prologue(result.graph)
    with clock.stage("plan"):
        plan = make_plan(parts.main)
    state = tuple(captured.storages[i].array for i in parts.main_params)
    with clock.stage("bind"):
        backend_named("numpy").bind(plan, (*state, *(_blank(p) for p in parts.main.params[len(state) :])))
    clock.stages["all"] = sum(s for name, s in clock.stages.items() if not name.startswith("pass "))
    return clock.stages


def _blank(param: Any) -> Any:
    return graphnn.zeros(param.shape, dtype=param.type.dtype)._array


def digits_step() -> tuple[Callable[..., Any], tuple[Any, ...]]:
    _, step = training_step(LENET, graphnn)
    return step, LENET.batch(graphnn, 64)


def measure_step(rounds: int) -> dict[str, Stages]:
    """Medians over new processes, of the first compilation in each and of a second one."""
    once_in_a_process()  # leaves bytecode behind
    found = [once_in_a_process() for _ in range(rounds)]
    cold, warm = ({name: median(f[i][name] for f in found) for name in found[0][i]} for i in (0, 1))
    print(f"digits training step, median of {rounds} processes; ms:\n  {'':32}{'first':>9}{'again':>9}")
    for name in cold:
        print(f"  {name:32}{cold[name] * 1e3:9.2f}{warm[name] * 1e3:9.2f}")
    print(f"  {'the first, against its target':50}  {verdict(cold['all'] * 1e3, STEP_TARGET)}")
    return {"first": cold, "again": warm}


def once_in_a_process() -> list[Stages]:
    command = [sys.executable, sys.argv[0], "--once"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=CACHING).stdout)  # type: ignore[no-any-return]


def chain(length: int) -> Callable[[Any], Any]:
    """So many elementwise ops one after another, of five kinds, none of which cancels another."""

    def run(x: Any) -> Any:
        for _ in range(length // 5):
            x = ((x * 0.5 + 1.0).tanh() - 0.25).abs()
        return x

    return run


def measure_chains() -> list[Stages]:
    """Prints stages in microseconds a node, so that what is linear stays level from left to right."""
    x = graphnn.randn(8)
    rows = [compile_stages(chain(length), (x,)) for length in CHAIN_LENGTHS]
    print(f"\nchains of elementwise ops; us a node:\n  {'':32}" + "".join(f"{n:>9}" for n in CHAIN_LENGTHS))
    for name in rows[-1]:
        figures = (row.get(name, 0.0) / n * 1e6 for row, n in zip(rows, CHAIN_LENGTHS, strict=True))
        print(f"  {name:32}" + "".join(f"{f:9.1f}" for f in figures))
    started = time.perf_counter()
    graphnn.compile(chain(CHAIN_LENGTHS[-1]), backend="numpy")(x)
    seconds = time.perf_counter() - started
    print(f"  compiling and running {CHAIN_LENGTHS[-1]} ops takes {seconds:.2f} s  {verdict(seconds, CHAIN_TARGET)}")
    return rows


def measure_import(rounds: int) -> dict[str, float]:
    """`import graphnn` beside `import numpy`, each in a new interpreter, in turns; the interpreter's own start taken off.

    Most of graphnn, NumPy included, is loaded on first use; so the first use is measured too.
    """
    times: dict[str, list[float]] = {s: [] for s in (START, NUMPY, GRAPHNN, USED)}
    for number in range(rounds + 1):
        for statement, found in times.items():
            seconds = seconds_of(statement)
            if number:  # the first round fills the disk's cache
                found.append(seconds)
    print("\nimporting, in new interpreters; ms, and times numpy without the interpreter's start:")
    for statement, found in times.items():
        print(f"  {statement:70}{median(found) * 1e3:8.1f}{beside_numpy(times, statement):8.2f}")
    print(f"  {'import graphnn, against its target':86}  {verdict(beside_numpy(times, GRAPHNN), IMPORT_TARGET)}")
    if beside_numpy(times, USED) > IMPORT_TARGET:
        print_slowest_imports()
    return {statement: median(found) for statement, found in times.items()}


def beside_numpy(times: dict[str, list[float]], statement: str) -> float:
    rounds = zip(times[START], times[NUMPY], times[statement], strict=True)
    return median((own - start) / (numpy - start) for start, numpy, own in rounds)


def seconds_of(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=CACHING)
    return time.perf_counter() - start


def print_slowest_imports() -> None:
    """The ten modules loaded after NumPy that take most time themselves."""
    command = [sys.executable, "-X", "importtime", "-c", f"import numpy; {USED}"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env=CACHING).stderr.splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in lines[1:]]
    after_numpy = rows[1 + next(i for i, row in enumerate(rows) if row[2].strip() == "numpy") :]
    for own, _, name in sorted(after_numpy, key=lambda row: -int(row[0]))[:10]:
        print(f"    {int(own) / 1000:6.1f} ms  {name.strip()}")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument(
        "--once", action="store_true", help="compile the digits step twice, and print the stages as JSON"
    )
    options = parser.parse_args()
    if options.once:
        print(json.dumps([compile_stages(*digits_step()) for _ in range(2)]))
        return
    step = measure_step(options.rounds)
    chains = measure_chains()
    write_json(options.json, {"step": step, "chains": chains, "import": measure_import(options.rounds)})


if __name__ == "__main__":
    main()
