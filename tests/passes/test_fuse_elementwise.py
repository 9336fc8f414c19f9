from graphnn.ir import Graph, TensorType, lookup
from graphnn.ir.dtypes import float32
from graphnn.passes import FuseElementwise
from tests.chains import chain
from tests.passes.check import check_rewrite, check_settled, check_unchanged, check_values

ALL = FuseElementwise(min_elements=1)


def test_takes_a_row_of_ops_into_one_node_with_broadcast_operands():
    check_rewrite(
        ALL,
        before="""
        graph @g(%x: f32[3, 4], %b: f32[4], %lr: f64) -> (f32[3, 4]) {
          %0: f32[3, 4] = add(%x, %b)
          %1: f32[3, 4] = tanh(%0)
          %2: f32[3, 4] = mul(%1, %lr)
          %3: f32[3, 4] = mul(%2, 2.0)
          return %3
        }""",
        after="""
        graph @g(%x: f32[3, 4], %b: f32[4], %lr: f64) -> (f32[3, 4]) {
          %0: f32[3, 4] = fused(%x, %b, %lr) {body=graph @body(%x: f32[3, 4], %b: f32[4], %lr: f64) -> (f32[3, 4]) {
            %0: f32[3, 4] = add(%x, %b)
            %1: f32[3, 4] = tanh(%0)
            %2: f32[3, 4] = mul(%1, %lr)
            %3: f32[3, 4] = mul(%2, 2.0)
            return %3
          }}
          return %0
        }""",
    )


def test_a_value_used_twice_within_the_group_is_computed_once():
    check_rewrite(
        ALL,
        before="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = neg(%0)
          %2: bool[4] = gt(%0, 1.0)
          %3: f32[4] = where(%2, %0, %1)
          return %3
        }""",
        after="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = fused(%x) {body=graph @body(%x: f32[4]) -> (f32[4]) {
            %0: f32[4] = exp(%x)
            %1: f32[4] = neg(%0)
            %2: bool[4] = gt(%0, 1.0)
            %3: f32[4] = where(%2, %0, %1)
            return %3
          }}
          return %0
        }""",
    )


def test_a_value_with_a_user_outside_ends_a_group_of_its_own():
    check_rewrite(
        ALL,
        before="""
        graph @g(%x: f32[4]) -> (f32[4], f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = neg(%0)
          %2: f32[4] = tanh(%1)
          %3: f32[4] = abs(%2)
          return %1, %3
        }""",
        after="""
        graph @g(%x: f32[4]) -> (f32[4], f32[4]) {
          %0: f32[4] = fused(%x) {body=graph @body(%x: f32[4]) -> (f32[4]) {
            %0: f32[4] = exp(%x)
            %1: f32[4] = neg(%0)
            return %1
          }}
          %1: f32[4] = fused(%0) {body=graph @body(%x: f32[4]) -> (f32[4]) {
            %0: f32[4] = tanh(%x)
            %1: f32[4] = abs(%0)
            return %1
          }}
          return %0, %1
        }""",
    )


def test_no_path_leaves_a_group_and_comes_back():
    """exp and add may not become one node: the sum between them needs the first and is needed by the second."""
    check_unchanged(
        ALL,
        """
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[] = sum(%0)
          %2: f32[4] = add(%0, %1)
          return %2
        }""",
    )


def test_leaves_small_tensors_other_shapes_and_weak_scalars_apart():
    text = """
        graph @g(%x: f32[3, 4], %b: f32[4], %lr: f64) -> (f32[3, 4]) {
          %0: f32[4] = exp(%b)
          %1: f64 = sub(1.0, %lr)
          %2: f64 = mul(%1, %lr)
          %3: f32[3, 4] = add(%x, %0)
          %4: f32[3, 1] = sum(%3) {dim=[1], keepdim=true}
          %5: f32[3, 4] = mul(%4, %3)
          %6: f32[3, 4] = slice_scatter(%5, %x) {dim=1, stop=4}
          %7: f32[3, 4] = mul(%6, %2)
          return %7
        }"""
    check_unchanged(ALL, text)
    check_unchanged(FuseElementwise(min_elements=13), text.replace("mul(%4, %3)", "neg(%3)"))


def test_a_group_met_again_is_taken_in_whole():
    inner = ALL.run(chain(3)).graph
    inner.outputs = [inner.apply(lookup("neg"), (inner.outputs[0],), {})]
    result = ALL.run(inner).graph
    assert [node.op.name for node in result.nodes] == ["fused"]
    assert [node.op.name for node in result.nodes.first.attrs["body"].nodes] == ["relu", "neg", "abs", "neg"]
    check_values(inner, result)


def test_takes_a_chain_of_ten_thousand_nodes_into_one():
    graph = chain(10_000)
    result = ALL.run(graph).graph
    assert len(result.nodes) == 1
    check_values(graph, result)
    check_settled(ALL, result)


def test_cuts_large_arrays_into_blocks_without_changing_a_bit():
    graph = Graph("large")
    x, row = (graph.add_input(TensorType(float32, shape), "x") for shape in ((300, 301), (301,)))
    value = lookup("tanh")(x * row + 0.5)
    graph.outputs = [lookup("sigmoid")(value) * value]
    result = ALL.run(graph).graph
    assert [node.op.name for node in result.nodes] == ["fused"]
    check_values(graph, result)


MANY = FuseElementwise(min_elements=1, max_results=8)


def test_with_several_results_all_that_hangs_together_is_one_node():
    check_rewrite(
        MANY,
        before="""
        graph @g(%p: f32[4], %m: f32[4], %g: f32[4], %lr: f64) -> (f32[4], f32[4]) {
          %0: f32[4] = mul(%m, 0.9)
          %1: f32[4] = add(%0, %g)
          %2: f32[4] = mul(%1, %lr)
          %3: f32[4] = sub(%p, %2)
          return %1, %3
        }""",
        after="""
        graph @g(%p: f32[4], %m: f32[4], %g: f32[4], %lr: f64) -> (f32[4], f32[4]) {
          %0: f32[4], %1: f32[4] = fused(%m, %g, %lr, %p) {
            body=graph @body(%m: f32[4], %g: f32[4], %lr: f64, %p: f32[4]) -> (f32[4], f32[4]) {
            %0: f32[4] = mul(%m, 0.9)
            %1: f32[4] = add(%0, %g)
            %2: f32[4] = mul(%1, %lr)
            %3: f32[4] = sub(%p, %2)
            return %1, %3
          }}
          return %0, %1
        }""",
    )


def test_a_group_never_waits_for_itself():
    """%2 reads the group's first node through a sum, so it is not taken in; what stands between moves behind the group."""
    check_rewrite(
        MANY,
        before="""
        graph @g(%x: f32[4]) -> (f32[4], f32[]) {
          %0: f32[4] = exp(%x)
          %1: f32[] = sum(%0)
          %2: f32[4] = neg(%0)
          %3: f32[4] = mul(%2, %1)
          %4: f32[4] = add(%3, %0)
          return %4, %1
        }""",
        after="""
        graph @g(%x: f32[4]) -> (f32[4], f32[]) {
          %0: f32[4], %1: f32[4] = fused(%x) {body=graph @body(%x: f32[4]) -> (f32[4], f32[4]) {
            %0: f32[4] = exp(%x)
            %1: f32[4] = neg(%0)
            return %0, %1
          }}
          %2: f32[] = sum(%0)
          %3: f32[4] = fused(%1, %2, %0) {body=graph @body(%a: f32[4], %b: f32[], %c: f32[4]) -> (f32[4]) {
            %0: f32[4] = mul(%a, %b)
            %1: f32[4] = add(%0, %c)
            return %1
          }}
          return %3, %2
        }""",
    )


def test_no_more_results_than_asked_for():
    check_rewrite(
        FuseElementwise(min_elements=1, max_results=2),
        before="""
        graph @g(%x: f32[4]) -> (f32[4], f32[4], f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = neg(%0)
          %2: f32[4] = abs(%0)
          return %0, %1, %2
        }""",
        after="""
        graph @g(%x: f32[4]) -> (f32[4], f32[4], f32[4]) {
          %0: f32[4], %1: f32[4] = fused(%x) {body=graph @body(%x: f32[4]) -> (f32[4], f32[4]) {
            %0: f32[4] = exp(%x)
            %1: f32[4] = neg(%0)
            return %0, %1
          }}
          %2: f32[4] = abs(%0)
          return %0, %1, %2
        }""",
    )
