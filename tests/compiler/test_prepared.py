"""Plans outlive their process: the next one that traces the same graph finds plan and code in the cache."""

import errno
import subprocess
import sys

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.backends.native.toolchain import cache
from graphnn.compiler import prepared
from graphnn.ir.registry import OPS
from graphnn.ops.op import Op, register
from graphnn.plan.check import check_plan


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path))
    return tmp_path


def files(folder):
    return sorted(p.name for p in folder.glob("plan-*"))


def make_net():
    graphnn.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 5))


def image(seed=0):
    return graphnn.tensor(np.random.default_rng(seed).standard_normal((2, 3, 8, 8), np.float32))


def forward(**options):
    net = make_net().eval()
    fast = graphnn.compile(net, backend="native", **options)
    with graphnn.no_grad():
        return fast, [fast(image(0)).numpy(), fast(image(1)).numpy()], [net(image(0)).numpy(), net(image(1)).numpy()]


def with_gradients(**options):
    net = make_net()
    fast = graphnn.compile(net, backend="native", **options)
    fast(image()).square().mean().backward()
    plain = make_net()
    plain(image()).square().mean().backward()
    return fast, [p.grad.numpy() for p in net.parameters()], [p.grad.numpy() for p in plain.parameters()]


def training(**options):
    def trained(wrap):
        net = make_net()
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

        def step(x):
            optimizer.zero_grad()
            loss = net(x).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        step = wrap(step)
        losses = [step(image(i)).item() for i in range(4)]
        return step, [np.array(losses), *(v.numpy() for v in net.state_dict().values())]

    fast, found = trained(lambda f: graphnn.compile(f, backend="native", **options))
    return fast, found, trained(lambda f: f)[1]


@pytest.mark.parametrize("case", [forward, with_gradients, training])
def test_a_kept_plan_gives_the_same_bits_as_the_one_it_was_made_of(case, own_cache):
    fast, first, wanted = case()
    assert not fast.plans[0].kept
    assert files(own_cache)
    again, second, _ = case()
    assert again.plans[0].kept
    assert "found in the cache" in str(again.plans[0])
    check_plan(again.plans[0].plan)
    assert str(again.plans[0].graph) == str(fast.plans[0].graph)
    assert again.source == fast.source
    for a, b, c in zip(first, second, wanted, strict=True):
        assert a.tobytes() == b.tobytes()
        np.testing.assert_allclose(a, c, rtol=2e-4, atol=2e-5)


def test_another_process_finds_it(own_cache, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import graphnn\n"
        "f = graphnn.compile(lambda x: (x @ x).relu() + 1, backend='native')\n"
        "f(graphnn.ones(3, 3))\n"
        "print(f.plans[0].kept)\n"
    )
    said = [subprocess.run([sys.executable, script], capture_output=True, text=True, check=True) for _ in range(2)]
    assert [s.stdout.strip() for s in said] == ["False", "True"]


def test_what_the_result_depends_on_has_another_name(own_cache, monkeypatch):
    forward()
    assert len(files(own_cache)) == 1
    forward(exact=True)
    forward(threads=3)
    assert len(files(own_cache)) == 3
    monkeypatch.setattr(prepared, "own_code", lambda: "of another day")
    assert not forward()[0].plans[0].kept
    assert len(files(own_cache)) == 4


def test_constants_are_part_of_the_name(own_cache):
    def times(numbers):
        constant = graphnn.tensor(numbers)
        f = graphnn.compile(lambda x: x * graphnn.tensor(numbers) + constant, backend="native")
        return f(graphnn.ones(2)).tolist()

    assert times([1.0, 2.0]) == [2.0, 4.0]
    assert times([3.0, 4.0]) == [6.0, 8.0]
    assert times([-0.0, 0.0]) == [0.0, 0.0]


def test_the_environment_can_switch_it_off(own_cache, monkeypatch):
    monkeypatch.setenv("GRAPHNN_KEEP_PLANS", "0")
    forward()
    assert files(own_cache) == []
    assert not forward()[0].plans[0].kept


def test_ops_of_others_are_not_kept(own_cache):
    double = register(Op("test_prepared_double", infer=lambda x: x, numpy=lambda out, x: [(np.multiply, x, 2, out)]))
    try:
        for _ in range(2):
            fast = graphnn.compile(lambda x: double(x), backend="native")
            assert fast(graphnn.ones(2)).tolist() == [2.0, 2.0]
            assert not fast.plans[0].kept
    finally:
        del OPS["test_prepared_double"]
    assert files(own_cache) == []


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x05K\x01."])
def test_a_file_that_cannot_be_read_is_made_anew(own_cache, content):
    forward()
    (name,) = files(own_cache)
    cache.store(name, content)
    fast, found, wanted = forward()
    assert not fast.plans[0].kept
    np.testing.assert_allclose(found[0], wanted[0], rtol=2e-4, atol=2e-5)
    assert forward()[0].plans[0].kept


def test_a_truncated_file_is_made_anew(own_cache):
    forward()
    path = own_cache / files(own_cache)[0]
    path.write_bytes(path.read_bytes()[:-100])
    assert not forward()[0].plans[0].kept


def test_a_folder_that_takes_no_plan_costs_nothing_but_time(own_cache, monkeypatch):
    real = cache.store

    def full(name, content):
        if name.startswith("plan-"):
            raise graphnn.errors.BackendError(f"native: cannot write: {errno.ENOSPC}")
        return real(name, content)

    monkeypatch.setattr(cache, "store", full)
    fast, found, wanted = forward()
    np.testing.assert_allclose(found[0], wanted[0], rtol=2e-4, atol=2e-5)
    assert files(own_cache) == []
    assert fast.plans[0].backend == "native"


def test_code_that_was_pruned_is_compiled_again(own_cache):
    forward()
    for library in own_cache.glob("*.so"):
        library.unlink()
    fast, found, wanted = forward()
    assert fast.plans[0].kept
    np.testing.assert_allclose(found[0], wanted[0], rtol=2e-4, atol=2e-5)
