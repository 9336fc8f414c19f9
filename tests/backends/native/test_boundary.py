import numpy as np

from graphnn.backends.native.backend import NativeBackend
from graphnn.ir import parse
from graphnn.plan.plan import make_plan


def test_a_view_of_state_leaves_before_the_state_is_written_over():
    graph = parse("""
    graph @g() -> (f32[2, 3]) {
      %p: f32[3] = param() {name="p"}
      %q: f32[3] = param() {name="q"}
      %0: f32[2, 3] = expand(%p) {shape=[2, 3]}
      update %p = %q
      return %0
    }""")
    backend = NativeBackend()
    state = (np.array([1, 2, 3], "f4"), np.array([4, 5, 6], "f4"))
    (seen,) = backend.bind(make_plan(graph, backend.target), state).forward([])
    assert seen.tolist() == [[1, 2, 3], [1, 2, 3]]
    assert state[0].tolist() == [4, 5, 6]


def test_steps_that_differ_in_the_sign_of_a_zero_are_told_apart():
    graph = parse("""
    graph @g(%x: f32[3]) -> (f32[3], f32[3]) {
      %0: f32[3] = mul(%x, 0.0)
      %1: f32[3] = mul(%x, -0.0)
      return %0, %1
    }""")
    backend = NativeBackend()
    found = backend.bind(make_plan(graph, backend.target), ()).forward([np.ones(3, "f4")])
    assert [np.signbit(f).all() for f in found] == [False, True]
