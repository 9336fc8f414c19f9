"""The text form: what is printed parses back to the same graph, letter for letter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graphnn.ir import Constant, Graph, Origin, TensorType, difference, dtypes, lookup, parse, verify
from graphnn.ir.dense import SPELLED_OUT
from graphnn.ir.parser import parse_origins
from graphnn.ir.printer import format_origins

EVERYTHING = """\
graph @s.1-a(%x: f32[8, 3], %lr: f64, %n: i64, %flag: bool, %"odd name\\n": f32[]) -> (f32[8, 3], f64, i64[2], bool) {
  %w: f32[3] = param() {name="fc1.weight"}
  %bn_mean: f32[3] = param() {name="bn.running_mean", role="buffer"}
  %0: f32[8, 3] = mul(%x, %w)  # fc1, model.py:31
  %1: f32[8, 3] = add(%0, 2.0)  # fc1, model.py:31 + relu, model.py:32
  %x.1-b_2: f32[8, 3] = mul(%1, %lr)  # model.py:7
  %2: f32[8, 3] = add(%x.1-b_2, nan)
  %3: f32[8, 3] = add(%2, inf)
  %4: f32[8, 3] = sub(%3, -inf)
  %5: f32[8, 3] = add(%4, -0.0)
  %6: f32[8, 3] = add(%5, -3)
  %7: f32[8, 3] = add(%6, true)
  %8: f32[8, 3] = add(%7, 1e-30)
  %9: f32[2], %10: i64[2] = toy_split(%8) {at=2}
  toy_check(%9)  # checks
  %11: f32[8, 3] = toy_tagged(%8, none) {text="a \\"b\\"\\n\\u0007", number=-0.0, flag=true}
  %12: f32[8, 3] = toy_tagged(%11, 1) {sizes=[[1, 2], [], [true]], kind=bool, limit=nan, extra=["é", none, f16, -inf]}
  %13: f32[2] = toy_held() {value=dense<[1.0, -0.0]>}
  %14: f32[3] = mul(%w, %"odd name\\n")
  update %w = %14
  update %bn_mean = %bn_mean
  return %12, 2.5, %10, true
}"""

NESTED = """\
graph @outer(%x: f32[2]) -> (f32[2]) {
  %0: f32[2] = toy_group(%x, %x) {body=graph @body(%a: f32[2], %x: f32[2]) -> (f32[2]) {
    %0: f32[2] = add(%a, %x)  # inner, model.py:1
    %1: f32[2] = toy_group(%0) {body=graph @deeper(%a: f32[2]) -> (f32[2]) {
      return %a
    }, passes=3}
    return %1
  }}  # outer, model.py:2
  return %0
}"""

DTYPES = [d.numpy for d in dtypes.ALL]


def of_type(dtype, *shape):
    return TensorType(dtype, shape)


def held(array):
    graph = Graph("held")
    graph.outputs = [graph.append(lookup("toy_held"), (), {"value": Constant(array)}).output]
    return graph


@pytest.mark.parametrize(
    "text", [EVERYTHING, NESTED, "graph @empty() -> () {\n  return\n}"], ids=["all", "bodies", "empty"]
)
def test_printing_what_was_parsed_gives_the_same_text(text):
    graph = parse(text)
    verify(graph)
    assert str(graph) == text
    assert difference(parse(str(graph)), graph) is None


def test_attrs_left_out_get_their_defaults_and_are_left_out_again():
    text = "graph @g(%x: f32[4]) -> (f32[2]) {\n  %0: f32[2], %1: i64[2] = toy_split(%x) {at=2ATTR}\n  return %0\n}"
    graph = parse(text.replace("ATTR", ', mode="even"'))
    assert dict(graph.nodes.first.attrs) == {"at": 2, "mode": "even"}
    assert str(graph) == text.replace("ATTR", "")


@pytest.mark.parametrize(
    "number", [0, 0.0, -0.0, 1, 1.0, True, False, math.nan, math.inf, -7, 10**30, 0.1, 1e300, 5e-324]
)
def test_numbers_keep_type_sign_and_every_digit(number):
    graph = Graph()
    graph.outputs = [graph.literal(number)]
    back = parse(str(graph)).outputs[0].literal
    assert (type(back), repr(back)) == (type(number), repr(number))


def test_numpy_numbers_among_operands_are_python_numbers():
    graph = Graph()
    assert graph.literal(np.float64(2.0)) is graph.literal(2.0)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (2, 3), (SPELLED_OUT + 1,), (3, 50)], ids=str)
def test_constants_of_every_dtype_and_shape_come_back(dtype, shape):
    graph = held(np.arange(math.prod(shape)).reshape(shape).astype(dtype))
    assert difference(parse(str(graph)), graph) is None


def any_array(dtype: np.dtype) -> st.SearchStrategy[np.ndarray]:
    drawn = np.dtype(np.uint16) if dtype.name == "bfloat16" else dtype  # of bfloat16 the bits
    return arrays.arrays(drawn, arrays.array_shapes(min_dims=0, min_side=0, max_side=4)).map(lambda a: a.view(dtype))


@given(st.sampled_from(DTYPES).flatmap(any_array))
@settings(max_examples=150, deadline=None)
def test_constants_come_back_bit_for_bit(array):
    graph = held(array)
    assert parse(str(graph)).nodes.first.attrs["value"] == Constant(array)


def test_a_nan_with_a_payload_keeps_it():
    graph = held(np.array([0x7FC00001, 0xFFC00000], np.uint32).view(np.float32))
    assert "blob" in str(graph)
    assert difference(parse(str(graph)), graph) is None


def test_short_constants_are_spelled_out_nested():
    text = str(held(np.array([[1, 2], [3, 4]], np.float16)))
    assert "%0: f16[2, 2] = toy_held() {value=dense<[[1.0, 2.0], [3.0, 4.0]]>}" in text


def test_a_constant_whose_type_is_not_the_output_s_carries_it():
    graph = Graph()
    x = graph.add_input(of_type(dtypes.float32, 2))
    extra = (Constant(np.array([1, 2], np.int8)), Constant(np.zeros(50)))
    graph.outputs = [graph.append(lookup("toy_tagged"), [x], {"extra": extra}).output]
    assert "extra=[dense<i8[2], [1, 2]>, blob<f64[50], " in str(graph)
    assert difference(parse(str(graph)), graph) is None


@given(st.text(), st.text(min_size=1), st.text())
@settings(max_examples=150, deadline=None)
def test_any_text_serves_as_name_and_attr(graph_name, value_name, attr):
    graph = Graph(graph_name)
    x = graph.add_input(of_type(dtypes.float32), value_name)
    w = graph.add_param(of_type(dtypes.float32), attr or "w", role=graph_name)
    node = graph.append(lookup("toy_tagged"), [x, w], {"text": attr}, names=[value_name + "'"])
    graph.outputs = node.outputs
    back = parse(str(graph))
    assert [back.name, *(v.name for v in back.values())] == [graph.name, *(v.name for v in graph.values())]
    assert difference(back, graph) is None


@given(st.lists(st.builds(Origin, st.text(), st.text(), st.integers(0, 10**12)), max_size=3))
@settings(max_examples=200, deadline=None)
def test_origins_of_any_text_print_the_same_after_parsing(origins):
    comment = format_origins(tuple(origins))
    assert "\n" not in comment
    assert not comment or format_origins(parse_origins(comment.removeprefix("  # "))) == comment


@pytest.mark.parametrize(
    ("comment", "origins"),
    [
        ("fc1, model.py:31", (Origin("fc1", "model.py", 31),)),
        ("model.py:31", (Origin("", "model.py", 31),)),
        ("stack.2", (Origin("stack.2"),)),
        ("fc1, a.py:1 + relu, a.py:2", (Origin("fc1", "a.py", 1), Origin("relu", "a.py", 2))),
        ("copied by hand from x/y.py:3", (Origin("copied by hand from x/y.py:3"),)),
    ],
)
def test_origins_are_read_from_the_comment(comment, origins):
    assert parse_origins(comment) == origins


def test_spacing_and_comments_on_their_own_are_free():
    text = """# a pass test

    graph @g ( %x : f32[ 2 ] )
      -> (f32[2]) { # opens
      # nothing yet
      %0:f32[2]=add(%x,%x) # fc
      return
      %0 }
    # the end"""
    tidy = "graph @g(%x: f32[2]) -> (f32[2]) {\n  %0: f32[2] = add(%x, %x)  # fc\n  return %0\n}"
    assert str(parse(text)) == tidy
    assert str(parse(text.replace("\n", "\r\n"))) == tidy


def test_nodes_appended_to_a_parsed_graph_get_free_names():
    graph = parse(EVERYTHING)
    node = graph.append(lookup("add"), [graph.inputs[0], graph.inputs[0]])
    assert node.output.name == "15"
    verify(graph)


def test_a_node_s_repr_is_its_line():
    graph = parse(EVERYTHING)
    assert repr(graph.nodes.first) == "%0: f32[8, 3] = mul(%x, %w)  # fc1, model.py:31"
    assert repr(graph.terminator) == "return %12, 2.5, %10, true, %14, %bn_mean"


def test_ten_thousand_nodes_parse_in_one_go():
    lines = [f"  %{i}: f32[8] = mul(%{i - 1}, %x)  # fc{i}, model.py:{i}" for i in range(1, 10_000)]
    text = "\n".join(
        ["graph @big(%x: f32[8]) -> (f32[8]) {", "  %0: f32[8] = add(%x, 1.0)", *lines, "  return %9999", "}"]
    )
    graph = parse(text)
    verify(graph)
    assert str(graph) == text
