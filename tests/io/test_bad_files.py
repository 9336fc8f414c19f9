"""Truncated, hostile, misnamed and missing files: a clear error that names the path, and never code that runs."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphnn
from graphnn.errors import FileError, FileFormatError, MissingFileError

SUFFIXES = (".safetensors", ".npz")
STATE = {"weight": graphnn.arange(6.0).reshape(2, 3), "step": graphnn.tensor(3)}


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"state{request.param}"


def refusal(path, data, kind=FileFormatError):
    """The message with which a file of these bytes is refused."""
    path.write_bytes(data)
    with pytest.raises(kind) as caught:
        graphnn.load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def saved_bytes(path, state=STATE):
    graphnn.save(state, path)
    return path.read_bytes()


def test_a_file_cut_short_anywhere_is_refused(path):
    whole = saved_bytes(path)
    for length in range(0, len(whole), 7):
        refusal(path, whole[:length])


def test_a_file_with_more_behind_it_is_refused_as_safetensors(tmp_path):
    path = tmp_path / "x.safetensors"
    refusal(path, saved_bytes(path) + b"x")


def said_of(path):
    """What is said when the file is loaded; its path alone where nothing is wrong."""
    try:
        graphnn.load(path)
    except FileFormatError as error:
        return str(error)
    return str(path)


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_flipped_byte_gives_an_error_of_ours_or_other_numbers(tmp_path_factory, at, flip):
    folder = tmp_path_factory.mktemp("flipped")
    for suffix in SUFFIXES:
        path = folder / f"x{suffix}"
        data = bytearray(saved_bytes(path))
        data[at % len(data)] ^= flip
        path.write_bytes(data)
        assert str(path) in said_of(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04" + bytes(60), "a zip archive, as .npz files and PyTorch's .pt files are"),
        (pickle.dumps([1] * 100), "a pickle, which graphnn never reads"),
        (b"\x1f\x8b" + bytes(60), "a gzip file"),
        (b"<html>not found</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"),
    ],
)
def test_a_safetensors_file_that_is_something_else_is_recognized(tmp_path, data, words):
    assert words in refusal(tmp_path / "x.safetensors", data)


def test_a_safetensors_file_named_npz_is_recognized(tmp_path):
    data = saved_bytes(tmp_path / "x.safetensors")
    assert "looks like a safetensors file" in refusal(tmp_path / "x.npz", data)


def test_a_dtype_that_graphnn_lacks_is_named(tmp_path):
    header = json.dumps({"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}).encode()
    message = refusal(tmp_path / "x.safetensors", struct.pack("<Q", len(header)) + header + b"\0\0")
    assert "the tensor 'w' is of dtype F8_E4M3" in message


@pytest.mark.parametrize(
    "spec",
    [
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "object", "shape": [2], "data_offsets": [0, 8]},
    ],
)
def test_a_safetensors_header_that_lies_is_refused(tmp_path, spec):
    header = json.dumps({"w": spec}).encode()
    refusal(tmp_path / "x.safetensors", struct.pack("<Q", len(header)) + header + bytes(8))


class Bomb:
    """An object whose pickle would raise when read."""

    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was read')",)


def npz(**entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_a_pickle_inside_of_an_npz_is_named_and_not_read(tmp_path):
    message = refusal(tmp_path / "x.npz", npz(w=npy(np.array([Bomb()], dtype=object))))
    assert "'w.npy' holds Python objects, a pickle, which is never read" in message


def test_an_npz_with_texts_is_refused(tmp_path):
    assert "'w.npy': NumPy dtype <U3 has no graphnn dtype" in refusal(tmp_path / "x.npz", npz(w=npy(np.array(["abc"]))))


def test_an_npz_whose_header_lies_about_its_size_is_refused_before_memory_is_taken(tmp_path):
    data = npy(np.zeros(3)).replace(b"(3,), }             ", b"(3000000000000,), } ")
    assert b"3000000000000" in data
    message = refusal(tmp_path / "x.npz", npz(w=data))
    assert "says that it holds 24000000000000 bytes of float64 (3000000000000,), and has 24" in message


@pytest.mark.parametrize("data", [b"", b"no array", npy(np.zeros(3))[:40], b"\x93NUMPY\x03\x00" + bytes(40)])
def test_an_npz_entry_that_is_no_array_is_refused(tmp_path, data):
    refusal(tmp_path / "x.npz", npz(w=data))


# ---- a description that lies


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("nonsense", "damaged"),
        ("[]", "damaged"),
        ("{}", "version None"),
        ('{"graphnn":2,"tree":null}', "version 2, this graphnn reads version 1"),
        ('{"graphnn":1}', "damaged"),
        ('{"graphnn":1,"tree":null}', "leaves out the tensor 'w'"),
        ('{"graphnn":1,"tree":["tensors","w","v"]}', "'v'"),
        ('{"graphnn":1,"tree":["list",["tensor","w"],["tensor","w"]]}', "'w'"),
        ('{"graphnn":1,"tree":["exec","print()"]}', "unknown kind 'exec'"),
        ('{"graphnn":1,"tree":["dict",[["list"],["tensor","w"]]]}', "unhashable"),
        ('{"graphnn":1,"tree":[]}', "damaged"),
        ('{"graphnn":1,"tree":["dtype","object"]}', "'object'"),
        ('{"graphnn":1,"tree":' + '["list",' * 50_000 + "1" + "]" * 50_000 + "}", "recursion"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path, description, words):
    from safetensors.numpy import save

    metadata = {"graphnn": description}
    message = refusal(tmp_path / "x.safetensors", save({"w": np.zeros(1)}, metadata))
    assert "the description of what the file holds is damaged" in message
    assert words in message


# ---- paths


def test_a_missing_file_is_named(path):
    with pytest.raises(MissingFileError, match=r"state\.\w+: there is no such file"):
        graphnn.load(path)
    with pytest.raises(FileNotFoundError):
        graphnn.load(path)


def test_a_folder_is_no_file(path):
    path.mkdir()
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        graphnn.load(path)
    with pytest.raises(FileError, match="cannot be written: Is a directory"):
        graphnn.save(STATE, path)
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_folder_is_named(path):
    with pytest.raises(MissingFileError, match=r"the folder .*nowhere does not exist; make it first"):
        graphnn.save(STATE, path.parent / "nowhere" / path.name)


def test_a_file_in_place_of_the_folder_is_an_error_of_ours(path):
    path.touch()
    with pytest.raises(FileError, match="Not a directory"):
        graphnn.save(STATE, path / path.name)
