"""The graph: inputs, state, nodes in order, outputs and state updates, and the mutators that keep use lists right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from graphnn.errors import GraphnnError
from graphnn.ir import origin as origins_of
from graphnn.ir.attrs import Attrs, Constant
from graphnn.ir.dtypes import of_numpy
from graphnn.ir.origin import Origins
from graphnn.ir.registry import OpLike, Trait, lookup
from graphnn.ir.types import Shape, TensorType, scalar_type
from graphnn.ir.value import INPUT, LITERAL, PARAM, RESULT, Node, NodeList, Value


class _Return:
    """The op of the graph's terminator: its inputs are the outputs, then the new values of updated state."""

    name = "return"
    traits: frozenset[Trait] = frozenset({Trait.EFFECT})
    outputs: tuple[str, ...] = ()

    def attrs(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return given

    def infer_types(self, inputs: Sequence[TensorType | None], attrs: Mapping[str, Any]) -> tuple[TensorType, ...]:
        return ()

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        raise GraphnnError("return is the graph's terminator; set graph.outputs instead")


RETURN = _Return()


class Graph:
    """A function from `inputs` and `params` (state) to `outputs` and `updates` (new values of state).

    `nodes` are in an order in which every value is made before it is used. `bindings`, when the graph was traced,
    holds for each param the object that owns its array (`.array`), in the order of `params`.
    """

    def __init__(self, name: str = "graph") -> None:
        self.name = name
        self.inputs: list[Value] = []
        self.params: list[Value] = []
        self.nodes = NodeList()
        self.bindings: tuple[Any, ...] = ()
        self.locate: Callable[[], Origins] | None = None
        self._return = Node(self, RETURN, (), Attrs(), ())
        self._updated: tuple[Value, ...] = ()
        self._literals: dict[tuple[type, str], Value] = {}
        self._names: set[str] = set()
        self._counter = 0
        self._before: Node | None = None
        self._origins: Origins = ()

    # ---- what goes in

    def add_input(self, type: TensorType, name: str = "x") -> Value:
        value = Value(self, type, self.fresh_name(name), INPUT)
        self.inputs.append(value)
        return value

    def add_param(self, type: TensorType, name: str, role: str = "parameter", value_name: str | None = None) -> Value:
        """State: `name` is the dotted name that users know, `value_name` its name in the text."""
        value = Value(self, type, self.fresh_name(value_name or name.replace(".", "_")), PARAM)
        value.attrs = Attrs(name=name, role=role)
        self.params.append(value)
        return value

    def literal(self, number: bool | int | float) -> Value:
        """The weak scalar for a Python number; the same one for the same number (-0.0 and 0.0 differ)."""
        if isinstance(number, np.generic):
            number = number.item()
        key = (type(number), repr(number))
        found = self._literals.get(key)
        if found is None:
            found = self._literals[key] = Value(self, scalar_type(number), repr(number), LITERAL)
            found.literal = number
        return found

    def constant(self, array: np.ndarray | Constant) -> Value:
        """A node holding the array."""
        constant = array if isinstance(array, Constant) else Constant(array)
        return self.append(lookup("constant"), (), {"value": constant}).output

    # ---- the four mutators

    def append(
        self,
        op: OpLike,
        inputs: Iterable[Value | None],
        attrs: Mapping[str, Any] | None = None,
        names: Sequence[str] = (),
        origins: Origins | None = None,
    ) -> Node:
        """A new node at the insertion point (the end, unless inside `before`), its output types inferred."""
        inputs = tuple(inputs)
        full = Attrs(op.attrs(attrs or {}))
        types = op.infer_types([None if v is None else v.type for v in inputs], full)
        return self._insert(Node(self, op, inputs, full, self._origin() if origins is None else origins), types, names)

    def insert_before(
        self, place: Node, op: OpLike, inputs: Iterable[Value | None], attrs: Mapping[str, Any] | None = None
    ) -> Node:
        """A new node just before `place`, with that node's origins."""
        with self.before(place):
            return self.append(op, inputs, attrs)

    def replace_all_uses(self, old: Value, new: Value) -> None:
        """Every user of `old`, the return included, uses `new` from now on."""
        if old is new:
            return
        if old.type is not new.type:
            raise GraphnnError(f"cannot replace %{old.name}: {old.type} by %{new.name}: {new.type}: the types differ")
        for user in list(old.uses):
            user.replace_input(old, new)

    def erase(self, node: Node) -> None:
        """Removes a node that nothing uses."""
        for value in node.outputs:
            if value.uses:
                raise GraphnnError(f"cannot erase a node whose value %{value.name} is still used: {node!r}")
        if node.graph is not self:
            raise GraphnnError("cannot erase a node of another graph, or one erased before")
        node.drop_inputs()
        self.nodes.remove(node)
        for value in node.outputs:
            self._names.discard(value.name)
        node.graph = None

    def reorder(self, order: Iterable[Node]) -> None:
        """Puts the nodes in another order, each after what it reads; it must be the same nodes."""
        order = list(order)
        places = {node: i for i, node in enumerate(order)}
        if places.keys() != set(self.nodes) or len(order) != len(places):
            raise GraphnnError("reorder wants each node of the graph once")
        for node in order:
            if any(v.producer is not None and places[v.producer] >= places[node] for v in node.operands):
                raise GraphnnError(f"cannot put a node before what it reads: {node!r}")
        for node in order:
            self.nodes.remove(node)
            self.nodes.insert(node, None)

    # ---- building on top of them

    def apply(self, op: OpLike, args: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """Appends `op` on values, numbers (literals) and arrays (constants); its Value, or a tuple of Values."""
        node = self.append(op, [self.as_value(a) for a in args], attrs)
        return node.outputs if len(node.outputs) > 1 else node.output

    def as_value(self, item: Any) -> Value | None:
        if item is None or isinstance(item, Value):
            return item
        if isinstance(item, bool | int | float):
            return self.literal(item)
        return self.constant(np.asarray(item))

    @contextmanager
    def before(self, place: Node, *also: Node) -> Iterator[None]:
        """Nodes appended inside go before `place` and carry its origins, and those of the nodes in `also`."""
        saved = self._before, self._origins
        self._before = None if place is self._return else place
        self._origins = origins_of.merge(place.origins, *(n.origins for n in also))
        try:
            yield
        finally:
            self._before, self._origins = saved

    @contextmanager
    def originating(self, origins: Origins) -> Iterator[None]:
        """Nodes appended inside carry these origins."""
        saved, self._origins = self._origins, origins
        try:
            yield
        finally:
            self._origins = saved

    # ---- what comes out

    @property
    def outputs(self) -> tuple[Value, ...]:
        values = self._return.inputs
        return values[: len(values) - len(self._updated)]  # type: ignore[return-value]

    @outputs.setter
    def outputs(self, values: Iterable[Value]) -> None:
        self._set_return(tuple(values), self.updates)

    @property
    def updates(self) -> dict[Value, Value]:
        """Param -> its value after the run."""
        values = self._return.inputs
        return dict(zip(self._updated, values[len(values) - len(self._updated) :], strict=True))  # type: ignore[arg-type]

    @updates.setter
    def updates(self, updates: Mapping[Value, Value]) -> None:
        self._set_return(self.outputs, updates)

    @property
    def terminator(self) -> Node:
        """The node whose inputs are `outputs` and then the values of `updates`; not one of `nodes`."""
        return self._return

    def values(self) -> Iterator[Value]:
        """Inputs, params and all results, in order (literals left out)."""
        yield from self.inputs
        yield from self.params
        for node in self.nodes:
            yield from node.outputs

    # ---- whole-graph services

    def copy(self) -> Graph:
        """The same graph again, sharing nothing that can change."""
        from graphnn.ir.copying import copy_graph

        return copy_graph(self)

    def structural_key(self) -> Any:
        """Hashable; equal for graphs of the same structure, by which Attrs compare body graphs (see equality.py)."""
        from graphnn.ir.equality import structural_key

        return structural_key(self)

    def __reduce__(self) -> tuple[Any, ...]:
        from graphnn.ir.pickling import flatten, rebuild

        return rebuild, (flatten(self),)

    def to_networkx(self) -> Any:
        """A networkx.MultiDiGraph of the nodes (see graphnn.ir.networkx_view)."""
        from graphnn.ir.networkx_view import to_networkx

        return to_networkx(self)

    def __str__(self) -> str:
        from graphnn.ir.printer import format_graph

        return format_graph(self)

    def _repr_svg_(self) -> str:
        """What notebooks show. The drawing lies above this, and is found when one asks."""
        return str(import_module("graphnn.tools.drawing.notebook").graph_svg(self))

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self.inputs)} inputs, {len(self.params)} params, {len(self.nodes)} nodes>"

    def fresh_name(self, wanted: str) -> str:
        """`wanted`, or `wanted_1`, `wanted_2` … where it is taken."""
        name, tail = wanted, 0
        while name in self._names:
            tail += 1
            name = f"{wanted}_{tail}"
        self._names.add(name)
        return name

    def _number(self) -> str:
        name = str(self._counter)
        while name in self._names:
            self._counter += 1
            name = str(self._counter)
        self._counter += 1
        self._names.add(name)
        return name

    def _origin(self) -> Origins:
        return self.locate() if self.locate is not None and not self._origins else self._origins

    def _insert(self, node: Node, types: Sequence[TensorType], names: Sequence[str]) -> Node:
        given = [self.fresh_name(n) for n in names] or [self._number() for _ in types]
        pairs = enumerate(zip(types, given, strict=True))
        node.outputs = tuple(Value(self, t, n, RESULT, node, i) for i, (t, n) in pairs)
        self.nodes.insert(node, self._before)
        return node

    def _set_return(self, outputs: tuple[Value, ...], updates: Mapping[Value, Value]) -> None:
        for value in (*outputs, *updates.values()):
            if value.graph is not self:
                raise GraphnnError(f"%{value.name} belongs to another graph")
        self._return.drop_inputs()
        self._updated = tuple(updates)
        self._return.inputs = (*outputs, *updates.values())
        for value in self._return.operands:
            value.uses[self._return] = value.uses.get(self._return, 0) + 1


_array_types: dict[tuple[np.dtype, Shape], TensorType] = {}


def numpy_type(array: np.ndarray | np.generic) -> TensorType:
    """The type of an array."""
    found = _array_types.get((array.dtype, array.shape))
    if found is None:
        found = _array_types[array.dtype, array.shape] = TensorType(of_numpy(array.dtype), array.shape)
    return found
