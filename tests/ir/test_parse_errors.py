"""What text that is no graph gets: a ParseError with line, column, the line itself and words that lead out."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.errors import ParseError
from graphnn.ir import parse
from tests.ir.test_text import EVERYTHING, NESTED

FAULTS = {
    "%0: f32[3] = toy_chek(%x, %x)": "no op is called 'toy_chek'; did you mean 'toy_check'?",
    "%0: f32[4] = add(%x, %x)": "%0 is declared f32[4], the op gives f32[3]",
    "%0: f32[3] = add(%y, %x)": "%y is not defined",
    "%0: f32[3] = add(%longer_nam, %x)": "%longer_nam is not defined; did you mean %longer_name?",
    "%0: f32[3] = add(%0, %x)": "%0 is not defined",
    "%0: f32[3] = add(%late, %x)": "%late is used before its definition on line 5",
    "%x: f32[3] = add(%x, %x)": "%x is defined already",
    "%0: f32[3], %0: i64[3] = toy_split(%x) {at=3}": "%0 is defined already",
    "%0: f32[3] = add(%x)": "add takes the inputs (a, b), got 1 of them",
    "%0: f32[3] = add(%x, f32)": "expected a %value, a number or none, got 'f32'",
    "%0: f32[3] = add(%x %x)": "expected ',' or ')' after an input, got '%x'",
    "%0: f32[3] = add(%x, %x) {dim=1}": "add has no attribute 'dim' (it takes none)",
    "%0: f32[3] = toy_tagged(%x) {numbr=1.0}": "toy_tagged has no attribute 'numbr'; did you mean number?",
    "%0: f32[3] = toy_tagged(%x) {number=1.0, number=2.0}": "the attribute 'number' is given twice",
    "%0: f32[3] = toy_tagged(%x) {number=}": "expected a value, got '}'",
    "%0: f32[3] = toy_tagged(%x) {number=1.0 flag=true}": "expected ',' or '}' after an attribute, got 'flag'",
    "%0: f32[3] = toy_tagged(%x) {text='a'}": 'expected a value, got "\'"',
    '%0: f32[3] = toy_tagged(%x) {text="a}': "a string that is not closed",
    '%0: f32[3] = toy_tagged(%x) {text="\\q"}': "not a string as JSON writes them",
    "%0: f32[3] = toy_tagged(%x) {sizes=[1, 2}": "expected ',' or ']' in a list, got '}'",
    "%0: f32[3] = toy_split(%x) {at=3}": "1 values declared, toy_split makes 2",
    "%0: f32[3], %1: i64[3] = toy_split(%x)": "toy_split needs the attribute at",
    '%0: f32[3], %1: i64[3] = toy_split(%x) {at="b"}': "toy_split cannot be applied to these inputs and attrs: ",
    "%0: f33[3] = add(%x, %x)": "expected a type such as f32[2, 3], got 'f33'; did you mean f32?",
    "%0: f32[-1] = add(%x, %x)": "a size is a whole number from 0 on, got -1",
    "%0: f32[1.5] = add(%x, %x)": "a size is a whole number from 0 on, got 1.5",
    "%0: f32[x] = add(%x, %x)": "expected a size, got 'x'",
    f"%0: f32[{'9' * 5000}] = add(%x, %x)": "limit (4300 digits)",
    "%0 = add(%x, %x)": "expected ':' after %0, got '='",
    "f32[3] = add(%x, %x)": "no op is called 'f32'",
    "= add(%x, %x)": "expected a node, update or return, got '='",
    "%0: f32[2] = toy_held() {value=dense<[1.0]>}": "dense has 1 elements where a list of 2 was declared",
    "%0: f32[2] = toy_held() {value=dense<[1.0, [2.0]]>}": "(2.0,) is no element of f32[2]",
    "%0: i8[1] = toy_held() {value=dense<[300]>}": "an element is out of the range of int8",
    "%0: i8[1] = toy_held() {value=dense<[1.5]>}": "1.5 is no element of i8[1]",
    '%0: f32[2] = toy_held() {value=blob<"AAAA">}': "the blob holds 3 bytes, f32[2] has 8",
    '%0: f32[2] = toy_held() {value=blob<"A-A">}': "the blob is not base64",
    "%0: f32[2] = toy_held() {value=dense<1.0}": "expected '>' after the elements of dense, got '}'",
    "%0: f32[2] = toy_held() {value=blob<[1.0]>}": 'a constant is dense<type, [numbers]> or blob<type, "base64">',
    "%w: f32[3] = param()": 'param makes one value and takes {name="..."}',
    '%w: f32[3] = param(%x) {name="w"}': "expected ')' after param(",
    '%w: f32[3] = param() {nme="w"}': "param has no attribute 'nme'; did you mean name?",
    "update %x = %x": "%x is not a param",
    "update %longer_name = 2.0": "the update of %longer_name: f32[3] is f64",
    "update %longer_name = %x\n  update %longer_name = %x": "%longer_name is updated twice",
    "return %x }": "trailing text after the graph: '%late'",
    "return none": "none is no output",
    "return }": "the graph declares 1 outputs and returns 0",
    "return %x, %x": "the graph declares 1 outputs and returns 2",
    "return 2.0": "the output is declared f32[3], %2.0 is f64",
}


def around(line):
    return (
        f'graph @g(%x: f32[3]) -> (f32[3]) {{\n  %longer_name: f32[3] = param() {{name="w"}}\n\n  {line}\n'
        "  %late: f32[3] = add(%x, %x)\n  return %x\n}"
    )


@pytest.mark.parametrize(("line", "message"), FAULTS.items(), ids=[message[:40] for message in FAULTS.values()])
def test_a_fault_is_named(line, message):
    with pytest.raises(ParseError) as caught:
        parse(around(line))
    assert message in caught.value.message


def test_the_place_is_shown_with_a_caret():
    with pytest.raises(ParseError) as caught:
        parse(around("%0: f32[3] = toy_tagged(%x) {numbr=1.0}"))
    error = caught.value
    assert (error.line, error.column, error.source_line) == (4, 32, "  %0: f32[3] = toy_tagged(%x) {numbr=1.0}")
    assert str(error).endswith(f"\n    {error.source_line[2:]}\n  {' ' * 31}^")


def test_a_body_s_names_are_not_those_of_the_graph_around_it():
    with pytest.raises(ParseError, match="%1 is not defined"):
        parse(NESTED.replace("return %0\n}", "return %1\n}"))


def test_a_fault_in_a_body_is_placed_there():
    with pytest.raises(ParseError) as caught:
        parse(NESTED.replace("%1: f32[2] = toy_group", "%1: f32[5] = toy_group"))
    assert caught.value.line == 4


@pytest.mark.parametrize("text", [EVERYTHING, NESTED], ids=["all", "bodies"])
def test_truncated_text_is_refused_wherever_it_ends(text):
    for end in range(len(text)):
        with pytest.raises(ParseError):
            parse(text[:end])


def test_the_end_of_truncated_text_is_shown():
    lines = EVERYTHING.splitlines()[:3]
    with pytest.raises(ParseError, match="expected a node, update or return, got the end of the text") as caught:
        parse("\n".join(lines) + "\n\n\n")
    assert (caught.value.line, caught.value.column) == (3, len(lines[-1]) + 1)


@pytest.mark.parametrize("text", ["", " \n", "# nothing", "grap", "42", '"'])
def test_what_is_no_graph_at_all_is_refused(text):
    with pytest.raises(ParseError, match="expected 'graph' at the start of a graph"):
        parse(text)


@pytest.mark.parametrize(
    "line",
    [
        "%0: f32[3] = toy_tagged(%x) {sizes=" + "[" * 100_000,
        "%0: f32[3] = toy_held() {value=" + "dense<f32, " * 100_000,
        "%0: f32[3] = toy_group() {body=graph @b() -> () { " * 10_000,
    ],
    ids=["lists", "constants", "bodies"],
)
def test_text_nested_without_end_is_refused(line):
    with pytest.raises(ParseError, match="nested deeper than 32 levels"):
        parse(around(line))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_text_gives_a_graph_or_a_parse_error(data):
    text = data.draw(st.sampled_from([EVERYTHING, NESTED]))
    at = data.draw(st.integers(0, len(text)))
    damage = data.draw(st.text('%@{}[]()<>,:="#-> \n\\ae01.f', max_size=4))
    with contextlib.suppress(ParseError):
        parse(text[:at] + damage + text[at + data.draw(st.integers(0, 6)) :])
