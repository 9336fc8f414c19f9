"""C functions that Python calls as its own."""

import sys
import threading

import numpy as np

from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.toolchain.python import python_function
from graphnn.ir import parse
from graphnn.plan.plan import make_plan

PROGRAM = """
#include "array.h"
__attribute__((visibility("default"))) void *probe(gn_array *self, void *const *given, intptr_t count)
{
    const gn_context *c = (const gn_context *)self->data;
    const double number = c->as_double(given[0]);
    const long long integer = c->as_integer(given[1]);
    const int truth = c->is_true(given[2]);
    void *thread = c->release_lock();
    ((double *)c->table)[0] = number + 10.0 * integer + 1000.0 * truth;
    c->take_lock(thread);
    return c->from_long(count);
}
"""


def test_numbers_come_in_and_a_number_goes_out():
    seen = np.zeros(1)
    address = build({"test_python": PROGRAM}).address("probe").value
    probe = python_function("probe", address, [0, 0, seen.ctypes.data])
    assert [probe(0.5, 7, True), probe(2, 3, False, "more"), seen[0]] == [3, 4, 32.0]


def test_calls_keep_no_objects():
    graph = parse("""
    graph @g(%x: f32[3], %s: f64) -> (f32[3]) {
      %0: f32[3] = mul(%x, %s)
      return %0
    }""")
    backend = NativeBackend()
    bound = backend.bind(make_plan(graph, backend.target), ())
    x, scale = np.array([1, 2, 3], "f4"), 1234.5
    before = sys.getrefcount(x), sys.getrefcount(scale)
    for _ in range(100):
        (found,) = bound.forward([x, scale])
    assert found.tolist() == [1234.5, 2469.0, 3703.5]
    assert sys.getrefcount(found) == 2
    assert (sys.getrefcount(x), sys.getrefcount(scale)) == before


def test_other_threads_run_meanwhile():
    """Python's lock is let go: a run waits in C while another thread counts."""
    address = build({"test_wait": WAIT}).address("wait").value
    flag = np.zeros(1, np.int64)
    wait = python_function("wait", address, [0, 0, flag.ctypes.data])

    def release() -> None:
        flag[0] = 1

    timer = threading.Timer(0.05, release)
    timer.start()
    assert wait() == 1
    timer.join()


WAIT = """
#include "array.h"
#include <time.h>
__attribute__((visibility("default"))) void *wait(gn_array *self, void *const *given, intptr_t count)
{
    const gn_context *c = (const gn_context *)self->data;
    (void)given; (void)count;
    void *thread = c->release_lock();
    const struct timespec moment = {0, 1000000};
    volatile long *flag = (volatile long *)c->table;
    for (long tries = 0; !*flag && tries < 20000; tries++) nanosleep(&moment, 0);
    c->take_lock(thread);
    return c->from_long(*flag);
}
"""
