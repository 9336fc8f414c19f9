"""The verifier: each rule is broken behind the mutators' backs, and the message names node, origin and fault."""

import pytest

from graphnn.errors import VerifyError
from graphnn.ir import Attrs, Graph, Node, TensorType, dtypes, lookup, parse, verify
from graphnn.ir.value import INPUT, LITERAL, Value
from tests.ir.test_text import NESTED

TEXT = """\
graph @g(%x: f32[3], %y: f32[3]) -> (f32[3]) {
  %w: f32[3] = param() {name="w"}
  %b: f32[3] = param() {name="b"}
  %0: f32[3] = mul(%x, 2.0)  # fc1, model.py:31
  %1: f32[3] = add(%0, %y)  # relu, model.py:32
  %2: f32[3] = mul(%1, %1)
  update %w = %2
  return %2
}"""

F32 = TensorType(dtypes.float32, (3,))


def swap_first_two(graph):
    first = graph.nodes.first
    graph.nodes.remove(first)
    graph.nodes.insert(first, graph.nodes.first.next)


def make_cycle(graph):
    first, second, _ = graph.nodes
    first.replace_input(first.inputs[0], second.output)


def read_itself(graph):
    graph.nodes.first.replace_input(graph.inputs[0], graph.nodes.first.output)


def take_a_foreign_value(graph):
    graph.nodes.first.replace_input(graph.inputs[0], Graph().add_input(F32))


def take_a_foreign_literal(graph):
    first = graph.nodes.first
    first.replace_input(first.inputs[1], Graph().literal(2.0))


def use_a_value_of_no_node(graph):
    graph.nodes.first.replace_input(graph.inputs[0], Value(graph, F32, "ghost", "result"))


def take_a_node_out_of_the_list(graph):
    graph.nodes.remove(graph.nodes.first)


def leave_a_taken_out_user(graph):
    node = graph.append(lookup("add"), [graph.inputs[0], graph.inputs[1]])
    graph.nodes.remove(node)


def forget_a_use(graph):
    graph.inputs[0].uses.clear()


def miscount_a_use(graph):
    graph.nodes[1].output.uses[graph.nodes[2]] = 1


def invent_a_use(graph):
    graph.inputs[0].uses[graph.nodes[2]] = 1


def invent_a_use_of_a_literal(graph):
    graph.literal(7).uses[graph.nodes[0]] = 1


def forget_the_return_s_use(graph):
    del graph.nodes[2].output.uses[graph.terminator]


def confuse_a_producer(graph):
    graph.nodes[0].output.producer = graph.nodes[1]


def confuse_an_index(graph):
    graph.nodes[0].output.index = 1


def share_an_output(graph):
    graph.nodes[1].outputs = graph.nodes[0].outputs


def share_a_name(graph):
    graph.nodes[1].output.name = "0"


def take_an_unreserved_name(graph):
    graph.nodes[1].output.name = "fresh"


def lie_about_a_type(graph):
    graph.nodes[0].output.type = TensorType(dtypes.float32, (4,))


def break_a_rule_of_the_op(graph):
    graph.inputs[1].type = TensorType(dtypes.float32, (4,))


def drop_an_output(graph):
    graph.nodes[0].outputs = ()


def give_unknown_attrs(graph):
    graph.nodes[0].attrs = Attrs(dim=1)


def give_thawed_attrs(graph):
    graph.nodes[0].attrs = {}


def belong_elsewhere(graph):
    graph.nodes[1].graph = Graph()


def break_a_link(graph):
    graph.nodes[2].prev = graph.nodes[0]


def miscount_nodes(graph):
    graph.nodes._length = 7


def update_an_input(graph):
    graph._updated = (graph.inputs[0],)


def update_by_another_type(graph):
    graph.params[0].type = TensorType(dtypes.float64, (3,))


def update_twice(graph):
    graph.outputs = ()
    graph.updates = dict.fromkeys(graph.params, graph.inputs[0])
    graph._updated = (graph.params[0],) * 2


def update_more_than_returned(graph):
    graph._updated = (graph.params[0],) * 3


def return_nothing_for_an_output(graph):
    graph._return.inputs = (None, *graph._return.inputs[1:])


def replace_the_return(graph):
    graph._return = Node(graph, lookup("add"), (), Attrs(), ())


def list_an_input_twice(graph):
    graph.inputs.append(graph.inputs[0])


def list_a_literal_as_input(graph):
    graph.inputs.append(graph.literal(1))


def list_a_foreign_input(graph):
    graph.inputs.append(Value(Graph(), F32, "z", INPUT))


def leave_a_param_nameless(graph):
    graph.params[0].attrs = Attrs()


def bind_too_few(graph):
    graph.bindings = (object(),)


FAULTS = [
    (swap_first_two, "%0 is used before its definition: %0: f32[3] = mul(%x, 2.0)  # fc1, model.py:31"),
    (make_cycle, "%1 depends on this node: the graph has a cycle"),
    (read_itself, "%0 depends on this node: the graph has a cycle"),
    (take_a_foreign_value, "%x belongs to another graph"),
    (take_a_foreign_literal, "the literal 2.0 is not the graph's own"),
    (use_a_value_of_no_node, "%ghost is made by no node of this graph"),
    (take_a_node_out_of_the_list, "%0 is made by no node of this graph"),
    (leave_a_taken_out_user, "the use list of %x holds this node, which is no user of it"),
    (forget_a_use, "%x is used 1 times, its use list says 0"),
    (miscount_a_use, "%1 is used 2 times, its use list says 1"),
    (invent_a_use, "the use list of %x holds this node, which is no user of it"),
    (invent_a_use_of_a_literal, "the use list of 7 holds this node, which is no user of it"),
    (forget_the_return_s_use, "%2 is used 2 times, its use list says 0"),
    (confuse_a_producer, "%0 does not know this node as its producer, at index 0"),
    (confuse_an_index, "%0 does not know this node as its producer, at index 0"),
    (share_an_output, "%0 is made twice"),
    (share_a_name, "a second value is named %0"),
    (take_an_unreserved_name, "the name %fresh is not reserved, so a new value could take it"),
    (lie_about_a_type, "%0 is f32[4], the op gives f32[3]"),
    (break_a_rule_of_the_op, "the op refuses its inputs: add: The size of tensor a (3) must match"),
    (drop_an_output, "the node has 0 outputs, the op makes 1"),
    (give_unknown_attrs, "the attrs are not those of the op: missing none; unknown dim"),
    (give_thawed_attrs, "the attrs are a dict, not frozen Attrs"),
    (belong_elsewhere, "the node was erased, or belongs to another graph, and stands in this one's list"),
    (break_a_link, "the node does not lead back to the one before it"),
    (miscount_nodes, "the list of nodes has 3 of them and claims 7 or another end"),
    (update_an_input, "the update of %x, which is no param of this graph or updated twice"),
    (update_by_another_type, "the update of %w: f64[3] is %2: f32[3]: the types differ"),
    (update_twice, "the update of %w, which is no param of this graph or updated twice"),
    (update_more_than_returned, "with a value for each output and update"),
    (return_nothing_for_an_output, "with a value for each output and update"),
    (replace_the_return, "with a value for each output and update"),
    (list_an_input_twice, "the input %x: f32[3] is listed twice"),
    (list_a_literal_as_input, f"1: i64 stands among the inputs, and is a {LITERAL}"),
    (list_a_foreign_input, "the input %z: f32[3] belongs to another graph"),
    (leave_a_param_nameless, "the param %w: f32[3] has no name that users know"),
    (bind_too_few, "2 params and 1 bindings"),
]


@pytest.mark.parametrize("fast", [False, True], ids=["afresh", "fast"])
@pytest.mark.parametrize(("tamper", "fault"), FAULTS, ids=[tamper.__name__ for tamper, _ in FAULTS])
def test_a_broken_rule_is_named(tamper, fault, fast):
    graph = parse(TEXT)
    verify(graph, fast=fast)
    tamper(graph)
    with pytest.raises(VerifyError) as caught:
        verify(graph, fast=fast)
    assert fault in str(caught.value).splitlines()[-1]


def test_the_message_shows_the_node_with_its_origin_and_ends_in_the_fault():
    graph = parse(TEXT)
    lie_about_a_type(graph)
    with pytest.raises(VerifyError) as caught:
        verify(graph)
    assert str(caught.value).splitlines() == [
        "graph @g is invalid:",
        "  %0: f32[4] = mul(%x, 2.0)  # fc1, model.py:31",
        "%0 is f32[4], the op gives f32[3]",
    ]


def test_bodies_are_verified_too():
    graph = parse(NESTED)
    body = graph.nodes.first.attrs["body"]
    body.nodes.first.output.type = TensorType(dtypes.float32, (5,))
    with pytest.raises(
        VerifyError, match=r"its body: graph @body is invalid:(.|\n)*%0 is f32\[5\], the op gives f32\[2\]"
    ):
        verify(graph)


def test_types_are_inferred_past_the_memo():
    graph = parse(TEXT)
    op = graph.nodes.first.op
    wrong = (TensorType(dtypes.float32, (4,)),)
    key = (tuple(v.type for v in graph.nodes.first.inputs), graph.nodes.first.attrs)
    right, op._memo[key] = op._memo[key], wrong
    try:
        verify(graph)
        with pytest.raises(VerifyError):
            verify(graph, fast=True)
    finally:
        op._memo[key] = right


def test_what_the_mutators_leave_is_valid():
    graph = parse(TEXT)
    first, second, third = graph.nodes
    made = graph.insert_before(third, lookup("sub"), [first.output, graph.params[1]])
    graph.replace_all_uses(second.output, made.output)
    graph.erase(second)
    verify(graph)
    verify(graph.copy())
    assert [n.op.name for n in graph.nodes] == ["mul", "sub", "mul"]
