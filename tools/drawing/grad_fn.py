"""The grad_fn nodes behind a tensor as a picture: each once, leaves by name, shapes of the gradients on the arrows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import graphviz

from graphnn.autodiff.tape import AccumulateGrad, GradNode, OpNode
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.tensor.tensor import Tensor
from graphnn.tools.drawing import labels, style
from graphnn.tools.drawing.canvas import Canvas
from graphnn.tools.drawing.render import save

LARGE = 1000  # nodes
Names = Any  # a module, a mapping from names to tensors, or pairs such as named_parameters()


def draw_grad_fn(
    tensor: Tensor, path: str | Path | None = None, *, params: Names = (), title: str | None = None, legend: bool = True
) -> graphviz.Digraph:
    """A drawing of the chain that `tensor.backward()` walks, following `next_functions`, as a graphviz.Digraph.

    `params` names the leaves: a module, its `named_parameters()`, or a dict of names and tensors. `path` also writes
    the drawing: as .svg, .png or .pdf by the program `dot`, or as .dot text.
    """
    root = root_of(tensor, "draw_grad_fn")
    canvas = Canvas("grad_fn", labels.box_label(title or f"grad_fn of {tensor.tensor_type}"), legend)
    dot = _Drawing(canvas, names_of(params)).draw(tensor, root)
    if path is not None:
        save(dot, path)
    return dot


def root_of(tensor: Tensor, who: str) -> GradNode:
    """The tensor's grad_fn, or an error that says why there is nothing to see."""
    if not isinstance(tensor, Tensor):
        raise ArgumentTypeError(f"{who} wants a Tensor, got {type(tensor).__name__}")
    if tensor.grad_fn is None:
        why = "it is a leaf" if tensor.requires_grad else "nothing it was made of requires grad, or grad mode was off"
        raise ArgumentError(f"{who}: this {tensor.tensor_type} tensor has no grad_fn: {why}")
    return tensor.grad_fn


def names_of(params: Names) -> dict[int, str]:
    """The id of each named tensor -> its name."""
    if hasattr(params, "named_parameters"):
        params = params.named_parameters()
    pairs: Iterable[Any] = params.items() if isinstance(params, Mapping) else params
    return {id(tensor): name for name, tensor in pairs}


class _Drawing:
    def __init__(self, canvas: Canvas, names: Mapping[int, str]) -> None:
        self.canvas = canvas
        self.names = names
        self.boxes: dict[GradNode, str] = {}

    def draw(self, tensor: Tensor, root: GradNode) -> graphviz.Digraph:
        """Walks with a stack of its own: chains are longer than Python's."""
        label = labels.box_label("loss" if tensor.ndim == 0 else "tensor", [str(tensor.tensor_type)])
        start = self.canvas.box(self.canvas.dot, "root", label)
        self.canvas.arrow(start, self.box(root), str(tensor.tensor_type))
        stack = [root]
        while stack:
            node = stack.pop()
            following = [(inner, nr) for inner, nr in node.next_functions if inner is not None]
            new = dict.fromkeys(inner for inner, _ in following if inner not in self.boxes)
            for inner, output_nr in following:
                look = style.NEAR_EDGE if isinstance(inner, OpNode) else style.FAR_EDGE
                self.canvas.arrow(self.boxes[node], self.box(inner), carried(inner, output_nr), **look)
            stack += reversed(new)
        return self.canvas.finish(len(self.boxes) > LARGE)

    def box(self, node: GradNode) -> str:
        if node not in self.boxes:
            kind = "leaf" if isinstance(node, AccumulateGrad) else "backward"
            self.boxes[node] = self.canvas.box(self.canvas.dot, kind, self.label(node), node.name())
        return self.boxes[node]

    def label(self, node: GradNode) -> str:
        if isinstance(node, AccumulateGrad):
            variable = node.variable
            return labels.box_label(self.names.get(id(variable), "leaf"), ["AccumulateGrad", str(variable.tensor_type)])
        return labels.box_label(node.name(), [f"of {node.op.name}"] if isinstance(node, OpNode) else [])


def carried(node: GradNode, output_nr: int) -> str:
    """The type of the gradient that goes to an output of a node, where the node knows it."""
    if isinstance(node, OpNode) and output_nr < len(node.out_types):
        return str(node.out_types[output_nr])
    return ""
