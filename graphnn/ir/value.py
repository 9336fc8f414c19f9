"""Values and nodes: the two kinds of thing a graph is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from graphnn.ir.attrs import Attrs
from graphnn.ir.origin import Origins
from graphnn.ir.registry import OpLike, lookup
from graphnn.ir.types import Shape, TensorType

if TYPE_CHECKING:
    from graphnn.ir.graph import Graph

INPUT, PARAM, LITERAL, RESULT = "input", "param", "literal", "result"


def _operator(op_name: str, swap: bool = False) -> Callable[..., Any]:
    def apply(self: Any, other: Any) -> Any:
        return lookup(op_name)(other, self) if swap else lookup(op_name)(self, other)

    return apply


class Value:
    """One SSA value. `kind` says whether it is a graph input, state (param), a literal number or a node's result.

    `uses` maps each using node to how often it uses the value; the graph's return counts as a user.
    `attrs` of a param carry its `name` and `role` ("parameter", "buffer", "state", "rng").
    """

    __slots__ = ("__weakref__", "attrs", "graph", "index", "kind", "literal", "name", "producer", "type", "uses")
    op_rank = 1

    def __init__(
        self, graph: Graph, type: TensorType, name: str, kind: str, producer: Node | None = None, index: int = 0
    ) -> None:
        self.graph = graph
        self.type = type
        self.name = name
        self.kind = kind
        self.producer = producer
        self.index = index
        self.uses: dict[Node, int] = {}
        self.literal: bool | int | float | None = None
        self.attrs: Attrs = Attrs()

    @property
    def tensor_type(self) -> TensorType:
        """The type, by the name that it has in tensors, too."""
        return self.type

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def op(self) -> str:
        """The producing op's name; "" for what no node produced. Lets a pattern ask `value.op == "relu"`."""
        return self.producer.op.name if self.producer else ""

    @property
    def users(self) -> list[Node]:
        return list(self.uses)

    def has_one_use(self) -> bool:
        return len(self.uses) == 1 and next(iter(self.uses.values())) == 1

    @staticmethod
    def apply_op(op: OpLike, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Appends a node for `op` to the graph of the first Value among `args`; its Value, or a tuple of them."""
        graph = next(a.graph for a in args if isinstance(a, Value))
        return graph.apply(op, args, attrs)

    def __repr__(self) -> str:
        return f"%{self.name}: {self.type}"

    __add__, __radd__ = _operator("add"), _operator("add", swap=True)
    __sub__, __rsub__ = _operator("sub"), _operator("sub", swap=True)
    __mul__, __rmul__ = _operator("mul"), _operator("mul", swap=True)
    __truediv__, __rtruediv__ = _operator("div"), _operator("div", swap=True)
    __pow__, __matmul__ = _operator("pow"), _operator("matmul")

    def __neg__(self) -> Any:
        return lookup("neg")(self)


class Node:
    """One application of an op. Inputs are a tuple (None for an optional input left out); change them by
    `replace_input`, which keeps the use lists right."""

    __slots__ = ("__weakref__", "attrs", "graph", "inputs", "next", "op", "origins", "outputs", "prev")

    def __init__(
        self, graph: Graph, op: OpLike, inputs: tuple[Value | None, ...], attrs: Attrs, origins: Origins
    ) -> None:
        self.graph: Graph | None = graph
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.origins = origins
        self.outputs: tuple[Value, ...] = ()
        self.prev: Node | None = None
        self.next: Node | None = None
        for value in inputs:
            if value is not None:
                value.uses[self] = value.uses.get(self, 0) + 1

    @property
    def operands(self) -> list[Value]:
        """The inputs that are there."""
        return [v for v in self.inputs if v is not None]

    @property
    def output(self) -> Value:
        return self.outputs[0]

    @property
    def fingerprint(self) -> tuple[Any, ...]:
        """Equal for two nodes that compute the same, inputs being the same values."""
        return self.op, self.inputs, self.attrs

    def replace_input(self, old: Value, new: Value) -> None:
        """Puts `new` where `old` was, in every position."""
        count = old.uses.pop(self, 0)
        if not count:
            return
        self.inputs = tuple(new if v is old else v for v in self.inputs)
        new.uses[self] = new.uses.get(self, 0) + count

    def drop_inputs(self) -> None:
        for value in self.inputs:
            if value is not None:
                value.uses.pop(self, None)
        self.inputs = ()

    def __repr__(self) -> str:
        from graphnn.ir.printer import format_node

        return format_node(self)


class NodeList:
    """A graph's nodes in order: an intrusive doubly linked list, so that inserting and erasing cost the same anywhere.

    Iterating tolerates erasing the node just yielded and inserting before it.
    """

    __slots__ = ("_length", "first", "last")

    def __init__(self) -> None:
        self.first: Node | None = None
        self.last: Node | None = None
        self._length = 0

    def insert(self, node: Node, before: Node | None) -> None:
        after = before.prev if before is not None else self.last
        node.prev, node.next = after, before
        if after is None:
            self.first = node
        else:
            after.next = node
        if before is None:
            self.last = node
        else:
            before.prev = node
        self._length += 1

    def remove(self, node: Node) -> None:
        """Unlinks; the node keeps its own `next`, so that a walk standing on it goes on."""
        if node.prev is None:
            self.first = node.next
        else:
            node.prev.next = node.next
        if node.next is None:
            self.last = node.prev
        else:
            node.next.prev = node.prev
        self._length -= 1

    def __iter__(self) -> Iterator[Node]:
        node = self.first
        while node is not None:
            following = node.next
            yield node
            node = node.next if node.graph is not None else following

    def __reversed__(self) -> Iterator[Node]:
        node = self.last
        while node is not None:
            preceding = node.prev
            yield node
            node = node.prev if node.graph is not None else preceding

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Node:
        return list(self)[index]
