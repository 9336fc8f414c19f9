"""How large the arenas are, beside the lower bound (the most bytes alive at one step) and the sum of all buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness import arguments, verdict, write_json
from networks import RESNET, TUTORIALS, Network, training_step

import graphnn

BOUND_TARGET, RESNET_TARGET = 1.02, 25e6
RESNET_BATCH = 8


@dataclass(frozen=True)
class Memory:
    """Bytes of one plan; `inputs` are those of the graph's inputs, which lie in the arena too."""

    name: str
    arena: int
    bound: int
    total: int
    inputs: int
    steps: int

    def __str__(self) -> str:
        ratio = self.arena / self.bound if self.bound else 1.0
        sizes = f"{self.arena / 1e6:10.3f}{self.bound / 1e6:10.3f}{self.total / 1e6:10.3f}"
        saved = self.total / max(self.arena, 1)
        return f"{self.name:28}{self.steps:6}{sizes}{saved:8.1f}{ratio:9.4f}  {verdict(ratio, BOUND_TARGET)}"


def of_plan(name: str, record: Any) -> Memory:
    plan = record.plan
    inputs = sum(v.type.nbytes for v in plan.graph.inputs if v in plan.slots)
    steps = len(plan.order) - len(plan.views)
    return Memory(name, plan.arena_bytes, plan.lower_bound_bytes, plan.sum_bytes, inputs, steps)


def forward_memory(network: Network, batch: int) -> Memory:
    """Of the compiled network in evaluation, without gradients."""
    net = graphnn.compile(network.build(graphnn).eval())
    with graphnn.no_grad():
        net(network.batch(graphnn, batch)[0])
    return of_plan(f"{network.name} forward b{batch}", net.plans[0])


def training_memory(network: Network, batch: int, optimizer: str) -> Memory:
    """Of the whole compiled training step."""
    step = graphnn.compile(training_step(network, graphnn, optimizer)[1])
    step(*network.batch(graphnn, batch))
    return of_plan(f"{network.name} {optimizer} b{batch}", step.plans[0])


def main() -> None:
    options = arguments(__doc__).parse_args()
    print(f"{'(in MB)':28}{'steps':>6}{'arena':>10}{'bound':>10}{'sum':>10}{'saved':>8}{'to bound':>9}")
    rows = []
    for network, batch in [(n, b) for n in TUTORIALS for b in (1, 64)] + [(RESNET, RESNET_BATCH)]:
        rows.append(forward_memory(network, batch))
        print(rows[-1])
        for optimizer in ("SGD", "Adam"):
            rows.append(training_memory(network, batch, optimizer))
            print(rows[-1])
    for row in (r for r in rows if r.name.startswith(RESNET.name)):
        print(f"{row.name}: activations and gradients {(row.arena - row.inputs) / 1e6:.2f} MB ", end="")
        print(verdict((row.arena - row.inputs) / 1e6, RESNET_TARGET / 1e6))
    write_json(options.json, [vars(r) for r in rows])


if __name__ == "__main__":
    main()
