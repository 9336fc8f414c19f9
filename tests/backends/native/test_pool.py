"""The pool of threads: every part runs once, whoever calls, however threads are late, and after a fork."""

import ctypes
import os
import threading

import numpy as np
import pytest

from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.toolchain.pool import pool_runner, the_pool
from graphnn.threads import get_num_threads, set_num_threads

PROGRAM = """
#define _GNU_SOURCE
#include <unistd.h>
#include "pool.h"
typedef void (*runner)(gn_team *, gn_function, char **, long, long);

/* p[0]: how often each part ran; p[1]: its worker; p[2]: microseconds that it sleeps */
static void count(char **p, long part, long worker)
{
    long naps = ((long *)p[2])[part];
    if (naps) usleep(naps);
    ((long *)p[0])[part]++;
    ((long *)p[1])[part] = worker;
}

__attribute__((visibility("default"))) void repeat(runner run, gn_team *team, char **p, long parts, long times)
{
    for (long i = 0; i < times; i++) run(team, count, p, parts, 1);
}

/* p[0]: numbers; each phase reads what all parts of the one before wrote. p[1] is the other half. */
static void neighbours(char **p, long part, long worker)
{
    const long *from = (const long *)p[0];
    long *to = (long *)p[1], n = ((long *)p[2])[0];
    to[part] = from[(part + 1) % n] + from[(part + n - 1) % n];
    (void)worker;
}

__attribute__((visibility("default"))) void chain(runner run, gn_team *team, char **p, long parts, long times)
{
    for (long i = 0; i < times; i++) {
        char *turned[] = {p[i % 2], p[1 - i % 2], p[2]};
        run(team, neighbours, turned, parts, 1);
    }
}

/* The same as one run of many times. */
static void again(char **p, long part, long worker)
{
    long n = ((long *)p[2])[0], time = part / n;
    char *turned[] = {p[time % 2], p[1 - time % 2], p[2]};
    long naps = ((long *)p[3])[part];
    if (naps) usleep(naps);
    neighbours(turned, part % n, worker);
}

__attribute__((visibility("default"))) void many(runner run, gn_team *team, char **p, long parts, long times)
{
    run(team, again, p, parts, times);
}

static runner nested_runner;
static gn_team *nested_team;
static void nested(char **p, long part, long worker)
{
    if (part == 0) nested_runner(nested_team, count, p, 8, 1);
    (void)worker;
}

__attribute__((visibility("default"))) void nest(runner run, gn_team *team, char **p, long parts, long times)
{
    nested_runner = run, nested_team = team;
    for (long i = 0; i < times; i++) run(team, nested, p, parts, 1);
}
"""


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    before = get_num_threads()
    yield
    set_num_threads(before)


def call(name, arrays, parts, times=1, limit=16):
    function = build({"test_pool": PROGRAM}).function(name)
    function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_long] * 2
    function.restype = None
    table = (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))
    function(*pool_runner(limit), table, parts, times)


class Counted:
    def __init__(self, parts, naps=None):
        self.counts = np.zeros(parts, np.int64)
        self.workers = np.full(parts, -1, np.int64)
        self.naps = np.zeros(parts, np.int64) if naps is None else np.asarray(naps, np.int64)
        self.parts = parts

    def run(self, times=1, limit=16, name="repeat"):
        call(name, (self.counts, self.workers, self.naps), self.parts, times, limit)
        return self


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("parts", [1, 2, 7, 16, 100])
def test_every_part_runs_once(threads, parts):
    set_num_threads(threads)
    assert Counted(parts).run(times=50).counts.tolist() == [50] * parts


def test_sleeping_parts_are_waited_for():
    set_num_threads(4)
    naps = np.random.default_rng(0).integers(0, 2000, 16)
    done = Counted(16, naps).run(times=10)
    assert done.counts.tolist() == [10] * 16


def test_more_than_one_thread_works():
    set_num_threads(4)
    assert len(set(Counted(8, [3000] * 8).run().workers)) > 1


def test_a_program_s_limit_bounds_its_workers():
    set_num_threads(8)
    assert Counted(16, [500] * 16).run(times=5, limit=2).workers.max() <= 1


def test_one_thread_does_everything_itself():
    set_num_threads(1)
    assert set(Counted(8).run().workers) == {0}


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_phase_sees_all_that_the_one_before_wrote(threads):
    set_num_threads(threads)
    n, times = 13, 2000
    halves = np.arange(n), np.zeros(n, np.int64)
    expected = np.arange(n)
    with np.errstate(over="ignore"):
        for _ in range(times):
            expected = np.roll(expected, -1) + np.roll(expected, 1)
    call("chain", (*halves, np.array([n])), n, times)
    np.testing.assert_array_equal(halves[times % 2], expected)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("n", [1, 2, 5, 300])
def test_each_time_sees_all_that_the_one_before_wrote(n, threads):
    set_num_threads(threads)
    times = 200
    halves = np.arange(n), np.zeros(n, np.int64)
    expected = np.arange(n)
    with np.errstate(over="ignore"):
        for _ in range(times):
            expected = np.roll(expected, -1) + np.roll(expected, 1)
    late = np.random.default_rng(n).random(n * times) < 20 / (n * times)
    call("many", (*halves, np.array([n]), late * 500), n, times)
    np.testing.assert_array_equal(halves[times % 2], expected)


def test_concurrent_callers_all_get_their_parts_done():
    set_num_threads(3)
    naps = np.random.default_rng(1).integers(0, 300, 12)
    jobs = [Counted(12, naps) for _ in range(6)]
    callers = [threading.Thread(target=job.run, kwargs={"times": 20}) for job in jobs]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [job.counts.tolist() for job in jobs] == [[20] * 12] * 6


def test_callers_with_little_work_and_much_contention():
    set_num_threads(3)
    jobs = [Counted(5) for _ in range(4)]
    callers = [threading.Thread(target=job.run, kwargs={"times": 3000}) for job in jobs]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [job.counts.tolist() for job in jobs] == [[3000] * 5] * 4


def test_a_run_from_inside_a_part_is_done_by_that_thread_alone():
    set_num_threads(2)
    done = Counted(8)
    done.run(times=5, name="nest")
    assert done.counts.tolist() == [5] * 8


def test_threads_wake_up_after_they_have_slept():
    set_num_threads(2)
    for _ in range(3):
        done = Counted(4, [2000] * 4).run()
        assert len(set(done.workers)) == 2
        threading.Event().wait(0.02)  # longer than the pool spins


def test_threads_that_do_not_spin_wake_up_each_time():
    set_num_threads(64)  # more than there are processors
    for _ in range(20):
        assert len(set(Counted(4, [2000] * 4).run().workers)) > 1


def test_a_forked_child_starts_its_own_threads():
    set_num_threads(3)
    Counted(6, [500] * 6).run()
    child = os.fork()
    if child == 0:
        done = Counted(6, [3000] * 6).run(times=2)
        right = done.counts.tolist() == [2] * 6 and len(set(done.workers)) > 1
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert Counted(6).run().counts.tolist() == [1] * 6


def test_a_child_forked_while_the_pool_works_can_work_too():
    set_num_threads(3)
    job = Counted(6, [20000] * 6)
    caller = threading.Thread(target=job.run)
    caller.start()
    child = os.fork()
    if child == 0:
        os._exit(0 if Counted(6).run().counts.tolist() == [1] * 6 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    caller.join()
    assert job.counts.tolist() == [1] * 6


def test_threads_are_started_when_they_are_first_needed():
    started = the_pool().function("gn_pool_started")
    set_num_threads(5)
    Counted(5).run()
    assert started() >= 4
