"""What eager autograd records: one GradNode an operation, with edges to those that made its inputs."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from graphnn.autodiff.rules import gradients
from graphnn.errors import AutogradError
from graphnn.ir.attrs import Attrs
from graphnn.ir.origin import Origins, describe
from graphnn.ir.types import TensorType
from graphnn.ops.op import GradContext, Op

Edge = tuple["GradNode | None", int]  # (node, which of its outputs)
_sequence = itertools.count(1)
_classes: dict[str, type] = {}


def next_sequence() -> int:
    """A number smaller than that of every node made later."""
    return next(_sequence)


class Carrier(Protocol):
    """What gradients are carried by during one backward: arrays, graph values, or Tensors (to differentiate again).
    `retain` says whether the graph may be walked again."""

    retain: bool

    def saved(self, item: Any, node: GradNode) -> Any:
        """A saved value (a Saved, a number or None) as the rules want it."""

    def wrap(self, payload: Any) -> Any:
        """A Tensor of what is carried, for hooks and users' own backward functions."""

    def unwrap(self, tensor: Any) -> Any: ...

    def accumulate(self, variable: Any, payload: Any) -> None:
        """Adds to the leaf's `.grad`."""

    def step(self, node: GradNode, grads: tuple[Any, ...]) -> Sequence[Any]:
        """Runs the node's backward in the right surroundings (grad mode, origins)."""


class GradNode:
    """A grad_fn. `edges` follow the op's inputs (what the engine walks), `next_functions` PyTorch's (what users see).

    `seq` grows with time: a node's inputs always have smaller numbers, so the engine needs no other order.
    """

    __slots__ = ("__weakref__", "edges", "hooks", "origins", "seq")

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.edges = tuple(edges)
        self.seq = next(_sequence)
        self.hooks: dict[int, dict[int, Callable[[Any], Any]]] | None = None
        self.origins: Origins = ()

    def name(self) -> str:
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[Edge, ...]:
        return self.edges

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        """The gradients for `edges`, from those of the outputs."""
        raise AutogradError(f"{self.name()} has no backward")

    def release(self) -> None:
        """Drops what was saved; a second backward then raises."""

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class BetweenNode(GradNode):
    """A node that PyTorch shows and graphnn does not need, such as the transpose of a linear's weight."""

    __slots__ = ()


def node_class(name: str, base: type) -> Any:
    """The subclass of `base` that bears PyTorch's name of the node."""
    found = _classes.get(name)
    if found is None or not issubclass(found, base):
        found = _classes[name] = type(name, (base,), {"__slots__": (), "__module__": __name__})
    return found


class Saved:
    """A tensor kept for backward, with the version it had. `output_nr` is -1 for an input of the operation; an output
    is kept as an alias without history (a node that held its own output would never be freed)."""

    __slots__ = ("output_nr", "tensor", "version")

    def __init__(self, tensor: Any, output_nr: int = -1) -> None:
        self.tensor = tensor
        self.version = tensor._storage.version
        self.output_nr = output_nr

    def check(self, node: GradNode) -> Any:
        """The tensor; AutogradError when it was changed in place since."""
        found = self.tensor._storage.version
        if found == self.version:
            return self.tensor
        made_by = self.tensor._node
        whose = (
            f", which is output 0 of {made_by.name()},"
            if made_by is not None and made_by.name() != "AccumulateGrad"
            else ""
        )
        raise AutogradError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"[{self.tensor.tensor_type}]{whose} is at version {found}; expected version {self.version} instead "
            f"({node.name()} needs it{_place(node)}). Work on a copy: x = x.clone() before the in-place operation"
        )


def _place(node: GradNode) -> str:
    text = describe(node.origins)
    return f"; {text}" if text else ""


class OpNode(GradNode):
    """The grad_fn of an op: keeps the values that the op's gradient rule names, and no others."""

    __slots__ = ("attrs", "freed", "op", "out_types", "saved", "types", "want")

    op: Op
    attrs: Attrs
    types: tuple[TensorType | None, ...]
    out_types: tuple[TensorType, ...]
    want: tuple[bool, ...]
    saved: dict[str, Any] | list[Any]

    @property
    def next_functions(self) -> tuple[Edge, ...]:
        entries = self.op.grad_edges
        if entries is None:
            return tuple(e for e, t in zip(self.edges, self.types, strict=True) if _is_shown(t))
        if callable(entries):
            entries = entries(self.types)  # type: ignore[arg-type]
        return tuple(self._shown(e) for e in entries if isinstance(e, tuple) or e < len(self.edges))

    def _shown(self, entry: Any) -> Edge:
        if not isinstance(entry, tuple):
            return self.edges[entry]
        name, *inner = entry
        edges = tuple(self._shown(i) for i in inner if isinstance(i, tuple) or i < len(self.edges))
        if all(edge[0] is None for edge in edges):
            return None, 0
        return node_class(name, BetweenNode)(edges), 0

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        if self.freed:
            raise AutogradError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                f"already been freed): {self.name()} has dropped what it saved. Specify retain_graph=True if you need "
                "to backward through the graph a second time"
            )
        grads += (None,) * (len(self.out_types) - len(grads))
        context = GradContext(self.types, self.out_types, self.attrs, self.want, grads)
        saved = self.saved
        if isinstance(saved, list):
            return gradients(self.op, context, [carrier.saved(v, self) for v in saved])
        return gradients(self.op, context, {name: carrier.saved(v, self) for name, v in saved.items()})

    def release(self) -> None:
        if self.saved:
            self.saved = {}
            self.freed = True


def _is_shown(kind: TensorType | None) -> bool:
    """Numbers and floating-point tensors; index tensors and masks are no differentiable arguments."""
    return kind is not None and (kind.weak or kind.dtype.is_floating_point)


class AccumulateGrad(GradNode):
    """The end of a chain: adds the gradient into its tensor's `.grad`."""

    __slots__ = ("_variable",)

    def __init__(self, variable: Any) -> None:
        super().__init__(())
        self.seq = 0
        self._variable = variable

    @property
    def variable(self) -> Any:
        return self._variable


def accumulator_of(tensor: Any) -> AccumulateGrad:
    """The leaf's AccumulateGrad node; one as long as anything holds it."""
    found = tensor._accumulator() if tensor._accumulator is not None else None
    if found is None:
        found = AccumulateGrad(tensor)
        tensor._accumulator = weakref.ref(found)
    return found
