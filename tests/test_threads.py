"""How many threads there are to be."""

import subprocess
import sys

import pytest

import graphnn
from graphnn import threads
from graphnn.errors import ArgumentError


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    before = graphnn.get_num_threads()
    yield
    graphnn.set_num_threads(before)


def test_the_number_that_is_set_is_told_again():
    graphnn.set_num_threads(3)
    assert graphnn.get_num_threads() == 3


@pytest.mark.parametrize(
    ("count", "message"),
    [(0, "positive integer, got 0"), (-1, "got -1"), (2.0, "an int, but got float"), (True, "bool")],
)
def test_refuses_what_is_no_number_of_threads(count, message):
    with pytest.raises(ArgumentError, match=message):
        graphnn.set_num_threads(count)


@pytest.mark.parametrize(
    ("quota", "limit"), [("max 100000\n", None), ("150000 100000\n", 2), ("200000 100000\n", 2), ("50000 100000\n", 1)]
)
def test_a_cgroup_s_quota_is_a_limit(tmp_path, monkeypatch, quota, limit):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(threads, "CGROUP_V2", tmp_path / "cpu.max")
    assert threads.cgroup_limit() == limit


@pytest.mark.parametrize(("quota", "limit"), [("-1\n", None), ("300000\n", 3)])
def test_an_older_cgroup_s_quota_is_a_limit(tmp_path, monkeypatch, quota, limit):
    (tmp_path / "quota").write_text(quota)
    (tmp_path / "period").write_text("100000\n")
    monkeypatch.setattr(threads, "CGROUP_V2", tmp_path / "missing")
    monkeypatch.setattr(threads, "CGROUP_V1", (tmp_path / "quota", tmp_path / "period"))
    assert threads.cgroup_limit() == limit


def test_no_cgroup_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(threads, "CGROUP_V2", tmp_path / "missing")
    monkeypatch.setattr(threads, "CGROUP_V1", (tmp_path / "quota", tmp_path / "period"))
    assert threads.cgroup_limit() is None


def test_listeners_hear_of_the_number_now_and_of_each_one_set():
    heard = []
    graphnn.set_num_threads(2)
    threads.on_change(heard.append)
    graphnn.set_num_threads(4)
    assert heard == [2, 4]


@pytest.mark.parametrize(("asked", "count"), [("1", 1), ("1,2", 1), ("nonsense", None), ("0", None), ("", None)])
def test_the_environment_s_wish_is_a_limit(asked, count):
    program = (
        "import graphnn; from graphnn import threads; print(graphnn.get_num_threads(), threads.usable_processors())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"OMP_NUM_THREADS": asked}, capture_output=True, text=True, check=True
    )
    got, processors = map(int, done.stdout.split())
    assert got == count if count is not None else 1 <= got <= processors
