"""The backward engine: walks grad_fn nodes from the newest to the oldest, so each is run once, all its gradients in."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.autodiff.tape import AccumulateGrad, Carrier, Edge, GradNode
from graphnn.ir.registry import lookup


def run_backward(
    roots: Sequence[tuple[Edge, Any]],
    carrier: Carrier,
    *,
    retain: bool = False,
    capture: Mapping[Edge, int] | None = None,
) -> dict[int, Any]:
    """Sends each root's gradient backward. Leaves accumulate into `.grad`; with `capture` (edge -> key) they do not,
    and the gradients that arrive at those edges are returned by key. Unless `retain`, nodes drop what they saved."""
    carrier.retain = retain
    run = _Run(carrier, capture)
    for edge, gradient in roots:
        run.send(edge, gradient)
    while run.heap:
        run.step(retain)
    return run.captured


class _Run:
    def __init__(self, carrier: Carrier, capture: Mapping[Edge, int] | None) -> None:
        self.carrier = carrier
        self.capture = capture
        self.captured: dict[int, Any] = {}
        self.heap: list[tuple[int, int, GradNode]] = []
        self.inbox: dict[GradNode, dict[int, Any]] = {}
        self.ticket = itertools.count()
        self.add = lookup("add")

    def send(self, edge: Edge, gradient: Any) -> None:
        node, output_nr = edge
        if node is None or gradient is None:
            return
        box = self.inbox.get(node)
        if box is None:
            box = self.inbox[node] = {}
            heapq.heappush(self.heap, (-node.seq, next(self.ticket), node))
        before = box.get(output_nr)
        box[output_nr] = gradient if before is None else self.add(before, gradient)

    def step(self, retain: bool) -> None:
        node = heapq.heappop(self.heap)[2]
        box = self.inbox.pop(node)
        if node.hooks:
            self.run_hooks(node, box)
        if self.capture is not None:
            for output_nr, gradient in box.items():
                key = self.capture.get((node, output_nr))
                if key is not None:
                    self.captured[key] = gradient
        if isinstance(node, AccumulateGrad):
            if self.capture is None:
                self.carrier.accumulate(node.variable, box[0])
            return
        grads = tuple(box.get(i) for i in range(max(box) + 1))
        for edge, gradient in zip(node.edges, self.carrier.step(node, grads), strict=True):
            self.send(edge, gradient)
        if not retain:
            node.release()

    def run_hooks(self, node: GradNode, box: dict[int, Any]) -> None:
        assert node.hooks is not None
        for output_nr, hooks in node.hooks.items():
            for hook in list(hooks.values()):
                if output_nr in box:
                    changed = hook(self.carrier.wrap(box[output_nr]))
                    if changed is not None:
                        box[output_nr] = self.carrier.unwrap(changed)
