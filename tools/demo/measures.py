"""What the demo finds out: both trainings, the memory of the compiled step, and what each pass did to its graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import graphnn
from graphnn.ir.graph import Graph
from graphnn.passes import PassManager, inference_pipeline, training_pipeline
from graphnn.rewrite.report import PipelineReport
from graphnn.tools.demo.digits import Digits
from graphnn.tools.demo.network import Net
from graphnn.tools.demo.training import History, Step, accuracy, make_optimizer, make_step, train


@dataclass(frozen=True)
class Graphs:
    """The graphs of the forward and of the training step, before and after all passes."""

    forward: Graph
    forward_after: Graph
    step: Graph
    step_after: Graph
    report: PipelineReport


@dataclass(frozen=True)
class Measures:
    """`accuracies` are on the held-out digits, eager and compiled; `plans` those of the compiled step; `loss` is
    an eager one with its grad_fn, of the trained `net`."""

    digits: Digits
    net: Net
    eager: History
    compiled: History
    accuracies: tuple[float, float]
    plans: Sequence[Any]
    graphs: Graphs
    loss: Any

    @property
    def largest_difference(self) -> float:
        """Between the losses of the two trainings, step by step."""
        return max(abs(a - b) for a, b in zip(self.eager.losses, self.compiled.losses, strict=True))


def measure(digits: Digits, epochs: int, batch_size: int, seed: int) -> Measures:
    """Trains twice from the same weights on the same batches, first eagerly, then compiled."""
    graphnn.manual_seed(seed)
    net, twin = Net(), Net()
    twin.load_state_dict(net.state_dict())
    optimizer, twins = make_optimizer(net), make_optimizer(twin)
    step, fast = make_step(net, optimizer), graphnn.compile(make_step(twin, twins))
    eager = train(step, optimizer, digits, epochs, batch_size, seed, "eager   ")
    compiled = train(fast, twins, digits, epochs, batch_size, seed, "compiled")
    accuracies = accuracy(net, digits), accuracy(twin, digits)
    images = graphnn.tensor(digits.train_images[:batch_size])
    labels = graphnn.tensor(digits.train_labels[:batch_size])
    loss = graphnn.nn.CrossEntropyLoss()(net(images), labels)
    return Measures(digits, net, eager, compiled, accuracies, fast.plans, find_graphs(net, step, images, labels), loss)


def find_graphs(net: Net, step: Step, images: Any, labels: Any) -> Graphs:
    forward = graphnn.trace(net, images)
    traced = graphnn.trace(step, images, labels)
    after = PassManager(training_pipeline()).run(traced)
    return Graphs(forward, PassManager(inference_pipeline()).run(forward).graph, traced, after.graph, after.report)
