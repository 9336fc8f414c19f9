"""The grad_fn chain as text: `input -> conv2d -> relu -> ... -> MSELoss -> loss`, from the real nodes."""

from __future__ import annotations

from collections.abc import Iterator

from graphnn.autodiff.tape import AccumulateGrad, GradNode, OpNode
from graphnn.ir.registry import Trait
from graphnn.tensor.tensor import Tensor
from graphnn.tools.drawing.grad_fn import root_of

WIDTH = 72
LOSSES = {"mse_loss": "MSELoss", "cross_entropy": "CrossEntropyLoss", "nll_loss": "NLLLoss"}


def grad_fn_text(tensor: Tensor, *, input: str = "input", output: str | None = None) -> str:
    """The ops on the way from the input to the tensor, wrapped, a loss and the end each on a line of its own.

    Where the way forks it follows the activations, which have more operations behind them than parameters have; of two
    as long, the op's first input. `output` is what the end is called: "loss" for a single number, else "output".
    """
    root = root_of(tensor, "grad_fn_text")
    end = output or ("loss" if tensor.ndim == 0 else "output")
    names = [_spelled(node) for node in main_path(root)]
    losses = set(LOSSES.values())
    lines = [input]
    alone = False
    for name in [*reversed(names), end]:
        breaks = alone or name in losses or name == end or len(lines[-1]) + 4 + len(name) > WIDTH
        alone = name in losses
        if breaks:
            lines.append(f"{'':>{len(input)}} -> {name}")
        else:
            lines[-1] += f" -> {name}"
    return "\n".join(lines)


def main_path(root: GradNode) -> Iterator[GradNode]:
    """The nodes from the tensor back to the input."""
    depth = _depths(root)
    node: GradNode | None = root
    while node is not None and not isinstance(node, AccumulateGrad):
        yield node
        behind = [inner for inner, _ in node.edges]
        node = max(behind, key=lambda inner: 0 if inner is None else depth[inner], default=None)


def _depths(root: GradNode) -> dict[GradNode, int]:
    """For each node the most operations, views left out, on a way from it to a leaf."""
    depth: dict[GradNode, int] = {}
    for node in sorted(_reachable(root), key=lambda node: node.seq):  # inputs are older
        behind = max((depth[inner] for inner, _ in node.edges if inner is not None), default=0)
        depth[node] = behind + (not isinstance(node, AccumulateGrad) and not _is_view(node))
    return depth


def _reachable(root: GradNode) -> set[GradNode]:
    seen, stack = {root}, [root]
    while stack:
        new = {inner for inner, _ in stack.pop().edges if inner is not None} - seen
        seen |= new
        stack += new
    return seen


def _is_view(node: GradNode) -> bool:
    return isinstance(node, OpNode) and Trait.VIEW in node.op.traits


def _spelled(node: GradNode) -> str:
    """As PyTorch's tutorial spells it: a loss as its class, pools in one word, other ops as in graphs."""
    if not isinstance(node, OpNode):
        return node.name().removesuffix("Backward")
    name = node.op.name
    return LOSSES.get(name, name.replace("_pool", "pool"))
