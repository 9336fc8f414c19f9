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


@pytest.fixture
def cgroups(tmp_path, monkeypatch):
    """Folders as Linux shows them; the process is in /outer/inner."""
    (tmp_path / "root" / "outer" / "inner").mkdir(parents=True)
    (tmp_path / "root" / "cpu").mkdir()
    (tmp_path / "own").write_text("0::/outer/inner\n")
    monkeypatch.setattr(threads, "CGROUPS", tmp_path / "root")
    monkeypatch.setattr(threads, "OWN_CGROUP", tmp_path / "own")
    return tmp_path / "root"


@pytest.mark.parametrize("folder", ["outer/inner", "outer", "."])
@pytest.mark.parametrize(
    ("quota", "limit"), [("max 100000\n", None), ("150000 100000\n", 2), ("200000 100000\n", 2), ("50000 100000\n", 1)]
)
def test_quotas_of_the_cgroup_and_of_those_around_it_are_limits(cgroups, folder, quota, limit):
    (cgroups / folder / "cpu.max").write_text(quota)
    assert threads.cgroup_limit() == limit


def test_the_narrowest_quota_counts(cgroups):
    (cgroups / "outer" / "cpu.max").write_text("300000 100000\n")
    (cgroups / "outer" / "inner" / "cpu.max").write_text("400000 100000\n")
    assert threads.cgroup_limit() == 3


def test_in_a_container_the_root_s_quota_counts(cgroups):
    threads.OWN_CGROUP.write_text("0::/\n")
    (cgroups / "cpu.max").write_text("200000 100000\n")
    assert threads.cgroup_limit() == 2


@pytest.mark.parametrize(("quota", "limit"), [("-1\n", None), ("300000\n", 3)])
def test_an_older_cgroup_s_quota_is_a_limit(cgroups, quota, limit):
    threads.OWN_CGROUP.write_text("4:cpu,cpuacct:/\n")
    (cgroups / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (cgroups / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert threads.cgroup_limit() == limit


def test_no_cgroup_is_no_limit(cgroups):
    threads.OWN_CGROUP.unlink()
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
