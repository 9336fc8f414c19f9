"""Everything that can be saved comes back the same, from both formats, and other readers find what they expect."""

import io
import os
import stat
import threading
from collections import OrderedDict

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.errors import ArgumentError, ArgumentTypeError, TraceError, UnsupportedError
from graphnn.io import npz_file
from graphnn.ir import dtypes

SUFFIXES = (".safetensors", ".npz")


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"state{request.param}"


def round_trip(obj, path):
    graphnn.save(obj, path)
    return graphnn.load(path)


def assert_same(found, wanted):
    if isinstance(wanted, graphnn.Tensor):
        assert isinstance(found, graphnn.Tensor)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_array_equal(found.tolist(), wanted.detach().tolist())
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            assert_same(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert (type(found), len(found)) == (type(wanted), len(wanted))
        for one, other in zip(found, wanted, strict=True):
            assert_same(one, other)
    else:
        assert type(found) is type(wanted)
        assert found == wanted or (found != found and wanted != wanted)


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda d: d.name)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, 3)])
def test_a_tensor_of_every_dtype_and_shape_comes_back_the_same(path, dtype, shape):
    saved = (graphnn.randn(shape, dtype=graphnn.float64) * 3).to(graphnn.int64).to(dtype)
    if dtype is graphnn.bfloat16 and path.suffix == ".npz":
        with pytest.raises(UnsupportedError, match=r"use \.safetensors"):
            graphnn.save({"x": saved}, path)
        return
    assert_same(round_trip({"x": saved}, path), {"x": saved})


def test_extreme_numbers_come_back_bit_for_bit(path):
    saved = graphnn.tensor([float("inf"), float("-inf"), float("nan"), -0.0, 5e-324], dtype=graphnn.float64)
    found = round_trip({"x": saved}, path)["x"]
    assert found.numpy().tobytes() == saved.numpy().tobytes()


def test_a_dict_of_tensors_keeps_its_order(path):
    saved = {name: graphnn.ones(2) for name in ("z", "a", "m.weight", "file", "x.npy", "x")}
    assert list(round_trip(saved, path)) == list(saved)


@pytest.mark.parametrize("view", [lambda x: x.t(), lambda x: x[:, ::2], lambda x: x[0].expand(3, 4), lambda x: x[1]])
def test_views_are_saved_as_the_values_that_they_show(path, view):
    saved = view(graphnn.arange(12.0).reshape(3, 4))
    assert_same(round_trip({"x": saved}, path), {"x": saved})


def test_tensors_that_share_memory_are_all_there(path):
    shared = graphnn.ones(2, 2)
    saved = {"encoder": shared, "decoder": shared, "row": shared[0]}
    assert_same(round_trip(saved, path), saved)


NESTED = {
    "epoch": 3,
    "best": 0.25,
    "inf": float("inf"),
    "nan": float("nan"),
    "on": True,
    "none": None,
    "text": 'é "\n',
    "list": [1, [graphnn.ones(2)], ()],
    "betas": (0.9, 0.999),
    0: {1: graphnn.zeros(1), None: graphnn.zeros(())},
    "": graphnn.ones(1),
    "a": {"b": graphnn.ones(3)},
    "a.b": graphnn.zeros(3),
    "__metadata__": graphnn.ones(1),
    "__graphnn__": graphnn.ones(1),
    "nul\0 and \\ and \ud800": graphnn.ones(1),
    "tensor": {},
    "dtype": graphnn.float16,
}


def test_what_stands_around_the_tensors_comes_back_too(path):
    found = round_trip(NESTED, path)
    assert found.pop("dtype") is graphnn.float16
    assert_same(found, {key: value for key, value in NESTED.items() if key != "dtype"})


@pytest.mark.parametrize(
    "saved", [graphnn.ones(2), [], {}, 3, None, "text", (graphnn.ones(1), 2), {"": graphnn.ones(1)}]
)
def test_anything_can_stand_at_the_top(path, saved):
    assert_same(round_trip(saved, path), saved)


def test_numpy_numbers_come_back_as_python_numbers(path):
    assert round_trip([np.float64(0.5), np.int64(3), np.bool_(True), np.float32(0.5)], path) == [0.5, 3, True, 0.5]


def test_a_module_and_its_optimizer_go_on_where_they_were(path):
    def make():
        graphnn.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
        return net, optim.Adam([{"params": net[0].parameters(), "lr": 0.1}, {"params": net[3].parameters()}])

    def step(net, optimizer, x):
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    x = graphnn.randn(8, 3)
    net, optimizer = make()
    step(net, optimizer, x)
    checkpoint = round_trip({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, path)
    again, other = make()
    again.load_state_dict(checkpoint["net"])
    other.load_state_dict(checkpoint["optimizer"])
    assert_same(checkpoint["optimizer"], optimizer.state_dict())
    assert [step(again, other, x) for _ in range(3)] == [step(net, optimizer, x) for _ in range(3)]


def test_loaded_tensors_can_be_written_and_are_nobody_elses(path):
    graphnn.save({"x": graphnn.zeros(2)}, path)
    first, second = graphnn.load(path)["x"], graphnn.load(path)["x"]
    first += 1
    assert second.tolist() == [0, 0]


def test_pytorchs_arguments_are_taken(path):
    graphnn.save({"x": graphnn.zeros(2)}, path)
    assert graphnn.load(path, map_location="cpu", weights_only=True)["x"].tolist() == [0, 0]
    with pytest.raises(UnsupportedError, match="cuda"):
        graphnn.load(path, map_location="cuda")
    with pytest.raises(UnsupportedError, match="weights_only"):
        graphnn.load(path, weights_only=False)


# ---- files of others


def test_a_network_of_pytorchs_saved_as_safetensors_loads_into_the_same_network(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    def layers(nn):
        return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))

    theirs, ours = layers(torch.nn), layers(nn)
    save_file(theirs.state_dict(), tmp_path / "net.safetensors")
    assert str(ours.load_state_dict(graphnn.load(tmp_path / "net.safetensors"))) == "<All keys matched successfully>"
    x = np.linspace(-1, 1, 72, dtype=np.float32).reshape(2, 1, 6, 6)
    expected = theirs.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours.eval()(graphnn.from_numpy(x)).detach().numpy(), expected, rtol=2e-4, atol=2e-5)


def test_pytorch_reads_what_was_saved_as_safetensors(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    net, theirs = nn.Linear(3, 2), torch.nn.Linear(3, 2)
    graphnn.save(net.state_dict(), tmp_path / "net.safetensors")
    theirs.load_state_dict(load_file(tmp_path / "net.safetensors"))
    np.testing.assert_array_equal(theirs.weight.detach().numpy(), net.weight.detach().numpy())


def test_numpy_reads_what_was_saved_as_npz_and_the_other_way_round(tmp_path):
    graphnn.save({"w": graphnn.arange(3), "file": graphnn.ones(())}, tmp_path / "ours.npz")
    with np.load(tmp_path / "ours.npz") as found:
        assert found["w"].tolist() == [0, 1, 2]
        assert found["file"] == 1
    np.savez_compressed(tmp_path / "theirs.npz", big=np.arange(3, dtype=">i4"), columns=np.asfortranarray(np.eye(2, 3)))
    found = graphnn.load(tmp_path / "theirs.npz")
    assert (found["big"].dtype, found["big"].tolist()) == (graphnn.int32, [0, 1, 2])
    np.testing.assert_array_equal(found["columns"].numpy(), np.eye(2, 3))


def test_names_in_the_file_are_the_dotted_places(tmp_path):
    from safetensors.numpy import load_file

    graphnn.save({"state": {0: {"exp_avg": graphnn.ones(1)}}, "groups": [graphnn.ones(1)]}, tmp_path / "o.safetensors")
    assert sorted(load_file(tmp_path / "o.safetensors")) == ["groups.0", "state.0.exp_avg"]


# ---- how files are written


def test_the_old_file_stays_when_saving_fails(path):
    graphnn.save({"x": graphnn.ones(1)}, path)
    with pytest.raises(UnsupportedError):
        graphnn.save({"x": graphnn.zeros(1), "bad": object()}, path)
    assert graphnn.load(path)["x"].item() == 1


def test_nothing_else_is_left_in_the_folder(path):
    graphnn.save({"x": graphnn.ones(1)}, path)
    graphnn.save({"x": graphnn.ones(1)}, path)
    assert os.listdir(path.parent) == [path.name]


def test_a_failing_writer_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    graphnn.save({"x": graphnn.ones(1)}, path)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match=r"state\.\w+: cannot be written: No space left on device"):
        graphnn.save({"x": graphnn.zeros(1)}, path)
    assert os.listdir(path.parent) == [path.name]
    assert graphnn.load(path)["x"].item() == 1


def test_permissions_are_those_of_any_new_file_or_of_the_one_that_was_there(path):
    graphnn.save(graphnn.ones(1), path)
    plain = path.with_name("plain")
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o440)
    graphnn.save(graphnn.ones(1), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_a_link_stays_a_link(path):
    real = path.with_name(f"real{path.suffix}")
    path.symlink_to(real)
    graphnn.save(graphnn.ones(1), path)
    assert path.is_symlink()
    assert graphnn.load(real).item() == 1


def test_a_reader_beside_a_writer_sees_whole_files_only(path):
    states = [{"x": graphnn.full((2000,), float(i))} for i in range(2)]
    graphnn.save(states[0], path)
    writer = threading.Thread(target=lambda: [graphnn.save(states[i % 2], path) for i in range(40)])
    writer.start()
    while writer.is_alive():
        found = graphnn.load(path)["x"]
        assert found.min().item() == found.max().item()
    writer.join()


# ---- what cannot be saved


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        ({"a": [1, {2}]}, r"obj\['a'\]\[1\] is of type set"),
        (nn.Linear(1, 1), r"obj is of type Linear: .*; save its state_dict\(\)"),
        ({(1, 2): 3}, r"obj has the key \(1, 2\)"),
        ({"x": lambda: 0}, r"obj\['x'\] is of type function"),
        ({"x": 1j}, "complex"),
    ],
)
def test_what_is_no_data_is_refused_with_its_place(path, saved, words):
    with pytest.raises(UnsupportedError, match=words):
        graphnn.save(saved, path)
    assert not path.exists()


def test_a_dtype_that_is_not_numpys_own_is_not_written_as_bare_bytes(tmp_path):
    with pytest.raises(UnsupportedError, match=r"'x' is .*, which \.npz files cannot hold"):
        npz_file.write(tmp_path / "x.npz", {"x": np.zeros(2, "V2")}, "")


def test_a_structure_that_contains_itself_is_refused(path):
    saved = OrderedDict()
    saved["self"] = saved
    with pytest.raises(ArgumentError, match="contains itself"):
        graphnn.save(saved, path)


def test_saving_inside_a_trace_is_refused(path):
    with pytest.raises(TraceError, match="saved to a file"):
        graphnn.trace(lambda x: graphnn.save({"x": x}, path), graphnn.ones(2))


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.pkl"])
def test_pickles_are_refused_both_ways_with_the_way_out(tmp_path, name):
    for act in (lambda p: graphnn.save({}, p), graphnn.load):
        with pytest.raises(ArgumentError, match=r"pickles.*\.safetensors or \.npz.*save_file"):
            act(tmp_path / name)


@pytest.mark.parametrize("name", ["net", "net.json", ".npz"])
def test_an_unknown_suffix_is_named(tmp_path, name):
    with pytest.raises(ArgumentError, match=r"names no format.*\.safetensors or \.npz"):
        graphnn.save({}, tmp_path / name)


def test_a_path_is_a_string_or_a_path():
    with pytest.raises(ArgumentTypeError, match=r"path is wanted.*not BytesIO"):
        graphnn.load(io.BytesIO())
