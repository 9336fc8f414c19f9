"""Each rule as it reads, on ordinary numbers and on NaN, infinities and both zeros; and what must stay as it is."""

import pytest

from graphnn.ir import parse
from graphnn.passes import Canonicalize
from tests.chains import chain
from tests.passes.check import check_rewrite, check_unchanged

HEAD = "%x: f32[2, 3], %y: f32[2, 3], %n: i64[2, 3], %u: u8[2, 3], %b: bool[2, 3], %lr: f64"


def graph(types: str, body: str) -> str:
    """A graph of these outputs; the body's last line names them."""
    *nodes, outputs = body.splitlines()
    return "\n".join([f"graph @g({HEAD}) -> ({types}) {{", *nodes, f"return {outputs}", "}"])


F, N = "f32[2, 3]", "i64[2, 3]"

RULES = [
    ("x * 1", F, f"%0: {F} = mul(%x, 1)\n%1: {F} = mul(1.0, %0)\n%1", "%x"),
    ("x / 1", F, f"%0: {F} = div(%x, 1.0)\n%0", "%x"),
    ("x ** 1", F, f"%0: {F} = pow(%x, 1)\n%0", "%x"),
    ("x + -0.0", F, f"%0: {F} = add(%x, -0.0)\n%0", "%x"),
    ("x - 0", F, f"%0: {F} = sub(%x, 0)\n%1: {F} = sub(%0, 0.0)\n%1", "%x"),
    ("n + 0", N, f"%0: {N} = add(%n, 0)\n%1: {N} = add(0, %0)\n%1", "%n"),
    ("x * ones", F, f"%0: {F} = full() {{shape=[2, 3], value=1.0}}\n%1: {F} = mul(%x, %0)\n%1", "%x"),
    ("-(-x)", F, f"%0: {F} = neg(%x)\n%1: {F} = neg(%0)\n%1", "%x"),
    ("x * -1", F, f"%0: {F} = mul(%x, -1)\n%0", f"%0: {F} = neg(%x)\n%0"),
    ("x + -y", F, f"%0: {F} = neg(%y)\n%1: {F} = add(%x, %0)\n%1", f"%0: {F} = sub(%x, %y)\n%0"),
    ("-x + y", F, f"%0: {F} = neg(%x)\n%1: {F} = add(%0, %y)\n%1", f"%0: {F} = sub(%y, %x)\n%0"),
    ("x - -y", F, f"%0: {F} = neg(%y)\n%1: {F} = sub(%x, %0)\n%1", f"%0: {F} = add(%x, %y)\n%0"),
    ("x / 8", F, f"%0: {F} = div(%x, 8)\n%0", f"%0: {F} = mul(%x, 0.125)\n%0"),
    ("x ** 2", F, f"%0: {F} = pow(%x, 2.0)\n%0", f"%0: {F} = square(%x)\n%0"),
    ("abs(-x)", F, f"%0: {F} = neg(%x)\n%1: {F} = abs(%0)\n%1", f"%0: {F} = abs(%x)\n%0"),
    ("square(|x|)", F, f"%0: {F} = abs(%x)\n%1: {F} = square(%0)\n%1", f"%0: {F} = square(%x)\n%0"),
    ("relu(relu)", F, f"%0: {F} = relu(%x)\n%1: {F} = relu(%0)\n%1", f"%0: {F} = relu(%x)\n%0"),
    ("where a else a", F, f"%0: {F} = where(%b, %x, %x)\n%0", "%x"),
    ("2 * x", F, f"%0: {F} = mul(2.0, %x)\n%0", f"%0: {F} = mul(%x, 2.0)\n%0"),
    (
        "not x == y",
        "bool[2, 3]",
        "%0: bool[2, 3] = eq(%x, %y)\n%1: bool[2, 3] = logical_not(%0)\n%1",
        "%0: bool[2, 3] = ne(%x, %y)\n%0",
    ),
    ("not not b", "bool[2, 3]", "%0: bool[2, 3] = logical_not(%b)\n%1: bool[2, 3] = logical_not(%0)\n%1", "%b"),
    ("copy", F, f"%0: {F} = copy(%x)\n%0", "%x"),
    ("zeros_like", F, f"%0: {F} = zeros_like(%x)\n%0", f"%0: {F} = full() {{shape=[2, 3], value=0.0}}\n%0"),
    ("cast to its own", F, f"%0: {F} = cast(%x) {{dtype=f32}}\n%0", "%x"),
    ("there and back", F, f"%0: f64[2, 3] = cast(%x) {{dtype=f64}}\n%1: {F} = cast(%0) {{dtype=f32}}\n%1", "%x"),
    (
        "through a wider one",
        "i32[2, 3]",
        f"%0: {N} = cast(%u) {{dtype=i64}}\n%1: i32[2, 3] = cast(%0) {{dtype=i32}}\n%1",
        "%0: i32[2, 3] = cast(%u) {dtype=i32}\n%0",
    ),
    (
        "reshapes",
        "f32[3, 2]",
        "%0: f32[6] = flatten(%x) {end_dim=1}\n%1: f32[1, 6] = unsqueeze(%0) {dim=0}\n"
        "%2: f32[3, 2] = reshape(%1) {shape=[3, 2]}\n%2",
        "%0: f32[3, 2] = reshape(%x) {shape=[3, 2]}\n%0",
    ),
    ("squeezed", F, f"%0: f32[2, 1, 3] = unsqueeze(%x) {{dim=1}}\n%1: {F} = squeeze(%0) {{dim=[1]}}\n%1", "%x"),
    (
        "transposes",
        F,
        f"%0: f32[3, 2] = transpose(%x) {{dim0=0, dim1=1}}\n%1: {F} = permute(%0) {{dims=[1, 0]}}\n%1",
        "%x",
    ),
    (
        "permutes",
        "f32[3, 1, 2]",
        "%0: f32[1, 2, 3] = unsqueeze(%x) {dim=0}\n%1: f32[2, 3, 1] = permute(%0) {dims=[1, 2, 0]}\n"
        "%2: f32[3, 1, 2] = permute(%1) {dims=[1, 2, 0]}\n%2",
        "%0: f32[1, 2, 3] = unsqueeze(%x) {dim=0}\n%1: f32[3, 1, 2] = permute(%0) {dims=[2, 0, 1]}\n%1",
    ),
    (
        "expands",
        "f32[4, 2, 2, 3]",
        "%0: f32[2, 2, 3] = expand(%x) {shape=[2, 2, 3]}\n%1: f32[4, 2, 2, 3] = expand(%0) {shape=[4, 2, 2, 3]}\n%1",
        "%0: f32[4, 2, 2, 3] = expand(%x) {shape=[4, 2, 2, 3]}\n%0",
    ),
    ("sum_to there", F, f"%0: {F} = sum_to(%x) {{shape=[2, 3]}}\n%1: {F} = expand(%0) {{shape=[2, 3]}}\n%1", "%x"),
    ("slice of all", F, f"%0: {F} = slice(%x) {{dim=1, stop=3}}\n%0", "%x"),
    (
        "slices",
        "f32[2, 1]",
        "%0: f32[2, 2] = slice(%x) {dim=1, start=1, stop=3}\n%1: f32[2, 1] = slice(%0) {dim=1, start=1, stop=2}\n%1",
        "%0: f32[2, 1] = slice(%x) {dim=1, start=2, stop=3}\n%0",
    ),
    ("scatter of all", F, f"%0: {F} = slice_scatter(%x, %y) {{dim=1, stop=3}}\n%0", "%y"),
    ("cat of one", F, f"%0: {F} = cat(%x) {{dim=0}}\n%0", "%x"),
    (
        "parts of a filled one",
        F,
        f"%0: f32[] = full() {{shape=[], value=0.5}}\n%1: {F} = expand(%0) {{shape=[2, 3]}}\n%1",
        f"%0: {F} = full() {{shape=[2, 3], value=0.5}}\n%0",
    ),
]


@pytest.mark.parametrize(("types", "before", "after"), [r[1:] for r in RULES], ids=[r[0] for r in RULES])
def test_rewrites_to_what_gives_the_same_bits(types, before, after):
    check_rewrite(Canonicalize(), before=graph(types, before), after=graph(types, after))


KEPT = [
    ("x + 0.0 loses the sign of zero", F, f"%0: {F} = add(%x, 0.0)\n%1: {F} = add(%0, 0)\n%1"),
    ("x - -0.0 loses the sign of zero", F, f"%0: {F} = sub(%x, -0.0)\n%0"),
    ("x + integer zeros", F, f"%0: {N} = full() {{shape=[2, 3], value=0, dtype=i64}}\n%1: {F} = add(%x, %0)\n%1"),
    ("x * 0 keeps NaN", F, f"%0: {F} = mul(%x, 0.0)\n%0"),
    ("x / 10 is rounded", F, f"%0: {F} = div(%x, 10.0)\n%0"),
    ("1 / 2 ** -149 is too large", F, f"%0: {F} = div(%x, 1e-45)\n%0"),
    ("n * 1.0 is a float", F, f"%0: {F} = mul(%n, 1.0)\n%0"),
    (
        "adding one element broadcasts",
        "f32[2, 3]",
        "%0: f32[3] = select(%x) {dim=0, index=0}\n%1: f32[2, 3] = full() "
        "{shape=[2, 3], value=1.0}\n%2: f32[2, 3] = mul(%1, %0)\n%2",
    ),
    ("u8 wraps before it is added", N, f"%0: u8[2, 3] = neg(%u)\n%1: {N} = add(%n, %0)\n%1"),
    ("-(x - y) has another zero", F, f"%0: {F} = sub(%x, %y)\n%1: {F} = neg(%0)\n%1"),
    ("a narrower dtype rounds", F, f"%0: f16[2, 3] = cast(%x) {{dtype=f16}}\n%1: {F} = cast(%0) {{dtype=f32}}\n%1"),
    (
        "a float between integers",
        "u8[2, 3]",
        "%0: i8[2, 3] = cast(%n) {dtype=i8}\n"
        "%1: f32[2, 3] = cast(%0) {dtype=f32}\n%2: u8[2, 3] = cast(%1) {dtype=u8}\n%2",
    ),
    ("not n is no n", "bool[2, 3]", "%0: bool[2, 3] = lt(%x, %y)\n%1: bool[2, 3] = logical_not(%0)\n%1"),
]


@pytest.mark.parametrize(("types", "body"), [k[1:] for k in KEPT], ids=[k[0] for k in KEPT])
def test_leaves_alone_what_would_change_bits(types, body):
    check_unchanged(Canonicalize(), graph(types, body))


def test_one_walk_settles_what_comes_of_other_rules():
    check_rewrite(
        Canonicalize(),
        before=graph(
            F,
            f"%0: {F} = neg(%x)\n%1: {F} = neg(%0)\n%2: {F} = mul(%1, -1.0)\n"
            f"%3: {F} = add(%2, %y)\n%4: {F} = copy(%3)\n%4",
        ),
        after=graph(F, f"%0: {F} = sub(%y, %x)\n%0"),
    )


def test_tells_the_origins_of_all_that_one_node_replaces():
    made = check_rewrite(
        Canonicalize(),
        before=graph(F, f"%0: {F} = neg(%y)\n%1: {F} = add(%x, %0)\n%1"),
        after=graph(F, f"%0: {F} = sub(%x, %y)\n%0"),
    )
    assert sorted(origin.line for origin in made.nodes.first.origins) == [1, 2]


def test_settles_a_chain_of_ten_thousand_nodes_in_one_walk():
    result = Canonicalize().run(chain(10_000, ("neg", "neg", "copy", "abs")))
    assert {node.op.name for node in result.graph.nodes} == {"abs"}
    assert len(result.graph.nodes) == 1


def test_drops_padding_by_nothing():
    text = graph("f32[2, 3]", "%0: f32[2, 3] = pad(%x) {padding=[[0, 0], [0, 0]]}\n%0")
    assert parse(text)
    check_rewrite(Canonicalize(), before=text, after=graph("f32[2, 3]", "%x"))
