"""The rules of the IR, checked from the ground up: nothing that the mutators keep is believed.

One walk, linear in the graph. Each message prints the node as text, with its origin, and ends naming the fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from graphnn.errors import VerifyError
from graphnn.ir.attrs import Attrs
from graphnn.ir.graph import RETURN, Graph
from graphnn.ir.printer import format_node, format_use, format_value
from graphnn.ir.types import TensorType
from graphnn.ir.value import INPUT, LITERAL, PARAM, RESULT, Node, Value


def verify(graph: Graph, fast: bool = False) -> None:
    """VerifyError unless the graph keeps all rules; `fast` takes the types that an op's memo holds.

    Checked: the list of nodes and its links; each value defined before use, owned by this graph, uniquely named, told
    its producer and index; use lists, both ways; attrs complete; types, from the ops' rules; outputs and updates; body
    graphs. Origins may be missing (text written by hand has none).
    """
    _Verifier(graph, fast).run()


class _Verifier:
    def __init__(self, graph: Graph, fast: bool) -> None:
        self.graph = graph
        self.fast = fast
        self.defined: set[Value] = set()
        self.names: set[str] = set()
        self.use_count = 0  # pairs of a value and a node using it

    def run(self) -> None:
        graph = self.graph
        for kind, values in ((INPUT, graph.inputs), (PARAM, graph.params)):
            for value in values:
                self._source(value, kind)
        length, previous, node = 0, None, graph.nodes.first
        while node is not None:
            if node.prev is not previous or node.graph is not graph:
                self._unlinked(node)
            self._node(node)
            length, previous, node = length + 1, node, node.next
        if previous is not graph.nodes.last or length != len(graph.nodes):
            self._fail(previous, f"the list of nodes has {length} of them and claims {len(graph.nodes)} or another end")
        self._return()
        self._stale_uses()

    # ---- inputs and params

    def _source(self, value: Value, kind: str) -> None:
        if value.graph is not self.graph:
            self._fail(None, f"the {kind} {format_value(value)} belongs to another graph")
        if value.kind != kind or value.producer is not None:
            self._fail(None, f"{format_value(value)} stands among the {kind}s, and is a {value.kind}")
        if value in self.defined:
            self._fail(None, f"the {kind} {format_value(value)} is listed twice")
        if kind == PARAM and not isinstance(value.attrs.get("name"), str):
            self._fail(None, f"the param {format_value(value)} has no name that users know")
        self._name(value, None)
        self.defined.add(value)

    def _name(self, value: Value, node: Node | None) -> None:
        if value.name in self.names:
            self._fail(node, f"a second value is named %{value.name}")
        if value.name not in self.graph._names:
            self._fail(node, f"the name %{value.name} is not reserved, so a new value could take it")
        self.names.add(value.name)

    # ---- nodes

    def _node(self, node: Node) -> None:
        self._operands(node)
        self._attrs(node)
        outputs = node.outputs
        for i, value in enumerate(outputs):
            if value in self.defined:
                self._fail(node, f"{format_use(value)} is made twice")
            if value.producer is not node or value.index != i or value.kind != RESULT or value.graph is not self.graph:
                self._fail(node, f"{format_use(value)} does not know this node as its producer, at index {i}")
            self._name(value, node)
            self.defined.add(value)
        types = self._infer(node)
        if len(types) != len(outputs):
            self._fail(node, f"the node has {len(outputs)} outputs, the op makes {len(types)}")
        for value, type in zip(outputs, types, strict=True):
            if value.type is not type:
                self._fail(node, f"{format_use(value)} is {value.type}, the op gives {type}")

    def _operands(self, node: Node) -> None:
        inputs = node.inputs
        for value in dict.fromkeys(inputs):
            if value is None:
                continue
            self.use_count += 1
            if value not in self.defined:
                self._literal(value, node)
            if value.uses.get(node) != inputs.count(value):
                times = value.uses.get(node, 0)
                self._fail(node, f"{format_use(value)} is used {inputs.count(value)} times, its use list says {times}")

    def _literal(self, value: Value, node: Node) -> None:
        """Faults an operand that is neither defined above nor one of the graph's literals."""
        if value.kind != LITERAL:
            self._undefined(value, node)
        key = (type(value.literal), repr(value.literal))
        if self.graph._literals.get(key) is not value:
            self._fail(node, f"the literal {format_use(value)} is not the graph's own")

    def _undefined(self, value: Value, node: Node) -> NoReturn:
        use, maker = format_use(value), value.producer
        if value.graph is not self.graph:
            self._fail(node, f"{use} belongs to another graph")
        if maker is None or all(other is not maker for other in self.graph.nodes):
            self._fail(node, f"{use} is made by no node of this graph")
        if maker is node or _reaches(maker, node):
            self._fail(node, f"{use} depends on this node: the graph has a cycle")
        self._fail(node, f"{use} is used before its definition: {format_node(maker)}")

    def _attrs(self, node: Node) -> None:
        attrs = node.attrs
        if type(attrs) is not Attrs:
            self._fail(node, f"the attrs are a {type(attrs).__name__}, not frozen Attrs")
        wanted = getattr(node.op, "attr_defaults", attrs)
        if attrs.keys() != wanted.keys():
            lacking = ", ".join(sorted(wanted.keys() - attrs.keys())) or "none"
            unknown = ", ".join(sorted(attrs.keys() - wanted.keys())) or "none"
            self._fail(node, f"the attrs are not those of the op: missing {lacking}; unknown {unknown}")
        for name, value in attrs.items():
            if isinstance(value, Graph):
                self._body(node, name, value)

    def _body(self, node: Node, name: str, body: Graph) -> None:
        try:
            verify(body, self.fast)
        except VerifyError as error:
            self._fail(node, f"its {name}: {error}")

    def _infer(self, node: Node) -> tuple[TensorType, ...]:
        op = node.op
        rule = op.infer_types if self.fast else getattr(op, "infer_afresh", op.infer_types)
        types = [None if v is None else v.type for v in node.inputs]
        try:
            return rule(types, node.attrs)
        except Exception as error:
            self._fail(node, f"the op refuses its inputs: {error}", error)

    # ---- the end

    def _return(self) -> None:
        graph = self.graph
        node, updated = graph.terminator, graph._updated
        if node.op is not RETURN or node.graph is not graph or None in node.inputs or len(updated) > len(node.inputs):
            self._fail(node, "the graph's return is not one of its own, with a value for each output and update")
        self._operands(node)
        for param, value in zip(updated, node.inputs[len(node.inputs) - len(updated) :], strict=True):
            if param.kind != PARAM or param not in self.defined or updated.count(param) != 1:
                self._fail(node, f"the update of {format_use(param)}, which is no param of this graph or updated twice")
            if value is None or value.type is not param.type:
                self._fail(node, f"the update of {format_value(param)} is {value!r}: the types differ")
        if graph.bindings and len(graph.bindings) != len(graph.params):
            self._fail(node, f"{len(graph.params)} params and {len(graph.bindings)} bindings")

    def _stale_uses(self) -> None:
        """Each use was found in its value's list; the lists hold nothing else if they are no longer than that."""
        values = (*self.graph.values(), *self.graph._literals.values())
        if sum(len(v.uses) for v in values) == self.use_count:
            return
        nodes = {*self.graph.nodes, self.graph.terminator}
        for value in values:
            for user in value.uses:
                if value not in user.inputs or user not in nodes:
                    self._fail(user, f"the use list of {format_use(value)} holds this node, which is no user of it")

    # ---- faults

    def _unlinked(self, node: Node) -> NoReturn:
        if node.graph is not self.graph:
            self._fail(node, "the node was erased, or belongs to another graph, and stands in this one's list")
        self._fail(node, "the node does not lead back to the one before it")

    def _fail(self, node: Node | None, fault: str, cause: BaseException | None = None) -> NoReturn:
        where = f"\n  {format_node(node, '  ')}\n" if node is not None else " "
        raise VerifyError(f"graph @{self.graph.name} is invalid:{where}{fault}") from cause


def _reaches(start: Node, goal: Node) -> bool:
    """Whether `start` reads, through any number of nodes, what `goal` makes."""
    seen: set[Node] = {start}
    waiting = [start]
    while waiting:
        for maker in _makers(waiting.pop()):
            if maker is goal:
                return True
            if maker not in seen:
                seen.add(maker)
                waiting.append(maker)
    return False


def _makers(node: Node) -> Iterable[Node]:
    return (v.producer for v in node.inputs if v is not None and v.producer is not None)
