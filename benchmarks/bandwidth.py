"""How near steps that wait for memory come to the speed at which it is copied: optimizer updates, normalisations, softmax.

What a step must move is what it reads and writes, each array once; its time is the least of some runs of the step alone. A
copy reads and writes, too; caches are too small for any of these arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness import arguments, serve, write_json
from limits import COPY, COPY_BYTES, best_seconds

import graphnn
from graphnn import nn

TARGET = 0.7
NUMBERS = 1 << 24
RUNS = 10


def update(optimizer: Callable[[Any], Any]) -> tuple[Any, tuple[Any, ...]]:
    """An update of so many numbers, given their gradient."""
    weight = nn.Parameter(graphnn.ones(NUMBERS))
    chosen = optimizer([weight])

    def step(gradient: Any) -> None:
        weight.grad = gradient
        chosen.step()

    return step, (graphnn.ones(NUMBERS),)


def layer(module: Any, *shape: int) -> tuple[Any, tuple[Any, ...]]:
    return module, (graphnn.randn(*shape),)


CASES: dict[str, Callable[[], tuple[Any, tuple[Any, ...]]]] = {
    "SGD with momentum": lambda: update(lambda p: graphnn.optim.SGD(p, lr=0.1, momentum=0.9)),
    "Adam": lambda: update(graphnn.optim.Adam),
    "layer norm, rows of 1024": lambda: layer(nn.LayerNorm(1024), NUMBERS // 1024, 1024),
    "RMS norm, rows of 1024": lambda: layer(nn.RMSNorm(1024), NUMBERS // 1024, 1024),
    "softmax, rows of 1024": lambda: layer(nn.Softmax(-1), NUMBERS // 1024, 1024),
    "batch norm, evaluation": lambda: layer(nn.BatchNorm2d(64).eval(), NUMBERS // (64 * 1024), 64, 32, 32),
    "x * 2 + y": lambda: (lambda x, y: x * 2 + y, (graphnn.ones(NUMBERS), graphnn.ones(NUMBERS))),
}


def speed(function: Any, given: tuple[Any, ...], threads: int) -> float:
    """Bytes a nanosecond of the step that takes longest."""
    fast = graphnn.compile(function, backend="native", threads=threads)
    with graphnn.no_grad():
        fast(*given)
        record = fast.plans[-1]
        times = record.step_nanoseconds(*given, runs=RUNS)
    time, node = max(zip(times, record.plan.order, strict=True), key=lambda pair: pair[0])
    return float(sum(v.type.nbytes for v in (*dict.fromkeys(node.operands), *node.outputs)) / time)


def main() -> None:
    serve([COPY])
    options = arguments(__doc__).parse_args()
    copied = COPY_BYTES / best_seconds(COPY, options.threads, options.rounds) / 1e9
    print(f"copies: {copied:.1f} GB/s")
    rows = []
    for name, make in CASES.items():
        found = max(speed(*make(), options.threads) for _ in range(2))
        rows.append({"name": name, "speed": found, "share": found / copied})
        verdict = "ok" if found >= TARGET * copied else "MISSED"
        print(f"{name:28}{found:8.1f} GB/s {found / copied:8.0%}  {verdict} (>= {TARGET:.0%})")
    write_json(options.json, {"copies": copied, "steps": rows})


if __name__ == "__main__":
    main()
