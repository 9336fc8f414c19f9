from graphnn.ir import parse
from graphnn.passes import ConstantFolding
from tests.passes.check import check_rewrite, check_unchanged


def test_computes_what_depends_on_constants_and_creation_ops_alone():
    check_rewrite(
        ConstantFolding(),
        before="""
        graph @g(%x: f32[2]) -> (f32[2]) {
          %0: f32[2] = constant() {value=dense<[1.0, 2.5]>}
          %1: f32[2] = full() {shape=[2], value=3.0}
          %2: f32[2] = mul(%0, %1)
          %3: f32[2] = add(%2, 1.0)
          %4: f32[2] = add(%x, %3)
          return %4
        }""",
        after="""
        graph @g(%x: f32[2]) -> (f32[2]) {
          %0: f32[2] = constant() {value=dense<[4.0, 8.5]>}
          %1: f32[2] = add(%x, %0)
          return %1
        }""",
    )


def test_a_weak_scalar_becomes_a_literal_and_stays_weak():
    check_rewrite(
        ConstantFolding(),
        before="""
        graph @g(%x: f32[2]) -> (f32[2]) {
          %0: f64 = sub(1.0, 0.9)
          %1: f32[2] = mul(%x, %0)
          return %1
        }""",
        after="""
        graph @g(%x: f32[2]) -> (f32[2]) {
          %0: f32[2] = mul(%x, 0.09999999999999998)
          return %0
        }""",
    )


def test_makes_a_constant_for_each_user_that_stays_and_none_between():
    check_rewrite(
        ConstantFolding(),
        before="""
        graph @g(%x: f32[2]) -> (f32[2], f32[2], i64[3]) {
          %0: f32[2] = full() {shape=[2], value=2.0}
          %1: f32[2] = neg(%0)
          %2: f32[2] = exp(%1)
          %3: f32[2] = mul(%1, %x)
          %4: i64[3] = arange() {start=0, stop=3, dtype=i64}
          %5: i64[3] = mul(%4, 2)
          return %1, %3, %5
        }""",
        after="""
        graph @g(%x: f32[2]) -> (f32[2], f32[2], i64[3]) {
          %0: f32[2] = constant() {value=dense<[-2.0, -2.0]>}
          %1: f32[2] = mul(%0, %x)
          %2: i64[3] = constant() {value=dense<[0, 2, 4]>}
          return %0, %1, %2
        }""",
    )


def test_leaves_large_arrays_to_be_computed_at_each_run():
    text = """
        graph @g() -> (f32[3]) {
          %0: f32[3] = full() {shape=[3], value=2.0}
          %1: f32[3] = neg(%0)
          return %1
        }"""
    check_unchanged(ConstantFolding(max_bytes=8), text)
    assert ConstantFolding(max_bytes=12).run(parse(text)).modified


def test_leaves_alone_creation_ops_inputs_and_state():
    check_unchanged(
        ConstantFolding(),
        """
        graph @g(%x: f32[2]) -> (f32[2], f32[2], f32[2]) {
          %w: f32[2] = param() {name="w"}
          %0: f32[2] = neg(%x)
          %1: f32[2] = neg(%w)
          %2: f32[2] = full() {shape=[2], value=2.0}
          return %0, %1, %2
        }""",
    )


def test_a_node_that_refuses_its_inputs_is_left_to_raise_when_it_runs():
    text = """
        graph @g() -> (i64[2]) {
          %0: i64[2] = full() {shape=[2], value=2, dtype=i64}
          %1: i64[2] = pow(%0, -1)
          return %1
        }"""
    assert not ConstantFolding().run(parse(text)).modified


def test_keeps_ops_with_an_effect(check_seen):
    check_unchanged(
        ConstantFolding(),
        """
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[2] = full() {shape=[2], value=2.0}
          check_seen(%0)
          return %x
        }""",
    )


def test_the_constant_tells_the_origins_of_all_that_made_it():
    made = check_rewrite(
        ConstantFolding(),
        before="graph @g() -> (f32[]) {\n%0: f32[] = full() {shape=[], value=1.0}\n%1: f32[] = neg(%0)\nreturn %1\n}",
        after="graph @g() -> (f32[]) {\n %0: f32[] = constant() {value=dense<-1.0>}\n return %0\n}",
    )
    assert [origin.line for origin in made.nodes.first.origins] == [2, 1]


def test_one_number_that_is_created_becomes_a_constant_and_more_stay():
    check_rewrite(
        ConstantFolding(),
        before="""
        graph @g(%x: f32[2]) -> (f32[2], f32[2]) {
          %0: f32[] = full() {shape=[], value=1.0}
          %1: f32[2] = full() {shape=[2], value=1.0}
          %2: f32[2] = mul(%x, %0)
          %3: f32[2] = mul(%x, %1)
          return %2, %3
        }""",
        after="""
        graph @g(%x: f32[2]) -> (f32[2], f32[2]) {
          %0: f32[] = constant() {value=dense<1.0>}
          %1: f32[2] = full() {shape=[2], value=1.0}
          %2: f32[2] = mul(%x, %0)
          %3: f32[2] = mul(%x, %1)
          return %2, %3
        }""",
    )
