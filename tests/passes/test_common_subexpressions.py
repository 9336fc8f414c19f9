from graphnn.passes import CommonSubexpressions
from tests.chains import chain
from tests.passes.check import check_rewrite, check_unchanged


def test_merges_equal_nodes_and_then_what_became_equal_by_that():
    check_rewrite(
        CommonSubexpressions(),
        before="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = exp(%x)
          %2: f32[4] = add(%0, 1.0)
          %3: f32[4] = add(%1, 1.0)
          %4: f32[4] = mul(%2, %3)
          return %4
        }""",
        after="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = add(%0, 1.0)
          %2: f32[4] = mul(%1, %1)
          return %2
        }""",
    )


def test_sees_through_the_order_of_operands_where_an_op_commutes():
    check_rewrite(
        CommonSubexpressions(),
        before="""
        graph @g(%x: f32[4], %y: f32[4]) -> (f32[4], f32[4], f32[4], f32[4]) {
          %0: f32[4] = mul(%x, %y)
          %1: f32[4] = mul(%y, %x)
          %2: f32[4] = sub(%x, %y)
          %3: f32[4] = sub(%y, %x)
          return %0, %1, %2, %3
        }""",
        after="""
        graph @g(%x: f32[4], %y: f32[4]) -> (f32[4], f32[4], f32[4], f32[4]) {
          %0: f32[4] = mul(%x, %y)
          %1: f32[4] = sub(%x, %y)
          %2: f32[4] = sub(%y, %x)
          return %0, %0, %1, %2
        }""",
    )


def test_tells_attrs_and_literals_apart_to_the_sign_of_zero():
    check_unchanged(
        CommonSubexpressions(),
        """
        graph @g(%x: f32[4, 4]) -> (f32[4], f32[4], f32[4, 4], f32[4, 4], f32[4, 4]) {
          %0: f32[4] = sum(%x) {dim=[0]}
          %1: f32[4] = sum(%x) {dim=[1]}
          %2: f32[4, 4] = add(%x, 0.0)
          %3: f32[4, 4] = add(%x, -0.0)
          %4: f32[4, 4] = add(%x, 0)
          return %0, %1, %2, %3, %4
        }""",
    )


def test_merges_equal_draws_of_random_numbers_and_keeps_different_ones():
    check_rewrite(
        CommonSubexpressions(),
        before="""
        graph @g() -> (f32[4], f32[4], f32[4]) {
          %rng: u64[2] = param() {name="rng", role="rng"}
          %0: f32[4] = rand(%rng) {shape=[4], dtype=f32, offset=0}
          %1: f32[4] = rand(%rng) {shape=[4], dtype=f32, offset=0}
          %2: f32[4] = rand(%rng) {shape=[4], dtype=f32, offset=1}
          return %0, %1, %2
        }""",
        after="""
        graph @g() -> (f32[4], f32[4], f32[4]) {
          %rng: u64[2] = param() {name="rng", role="rng"}
          %0: f32[4] = rand(%rng) {shape=[4], dtype=f32, offset=0}
          %1: f32[4] = rand(%rng) {shape=[4], dtype=f32, offset=1}
          return %0, %0, %1
        }""",
    )


def test_never_merges_ops_with_an_effect(check_seen):
    check_unchanged(
        CommonSubexpressions(),
        """
        graph @g(%x: f32[4]) -> (f32[4]) {
          check_seen(%x)
          check_seen(%x)
          return %x
        }""",
    )


def test_the_node_that_stays_tells_the_origins_of_all():
    text = "graph @g(%x: f32[4]) -> (f32[4], f32[4]) {\n %0: f32[4] = exp(%x)\n %1: f32[4] = exp(%x)\n return %0, %1\n}"
    after = "graph @g(%x: f32[4]) -> (f32[4], f32[4]) {\n %0: f32[4] = exp(%x)\n return %0, %0\n}"
    made = check_rewrite(CommonSubexpressions(), before=text, after=after)
    assert [origin.line for origin in made.nodes.first.origins] == [1, 2]


def test_merges_two_chains_of_five_thousand_nodes():
    graph = chain(5_000)
    value = graph.inputs[0]
    for node in list(graph.nodes):
        value = graph.append(node.op, [value]).output
    graph.outputs = (*graph.outputs, value)
    result = CommonSubexpressions().run(graph)
    assert len(result.graph.nodes) == 5_000
