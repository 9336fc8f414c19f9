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
