"""Datasets read from files that the tests write; missing and malformed ones are told in words."""

import gzip

import numpy as np
import pytest
from PIL import Image

import graphnn
from graphnn import datasets
from graphnn.datasets.idx import read_idx
from graphnn.errors import FileError, FileFormatError, MissingFileError
from graphnn.utils.data import DataLoader, Dataset
from tests.datasets.idx_files import idx_bytes, images, labels, write_mnist

KINDS = (datasets.MNIST, datasets.FashionMNIST, datasets.KMNIST)


@pytest.fixture
def root(tmp_path):
    write_mnist(tmp_path / "MNIST" / "raw")
    write_mnist(tmp_path / "MNIST" / "raw", count=5, part="t10k")
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["{}/raw", "{}", "."])
def test_the_published_files_are_found_and_read(tmp_path, kind, packed, place):
    write_mnist(tmp_path / place.format(kind.__name__), packed=packed)
    found = kind(tmp_path)
    np.testing.assert_array_equal(found.data.numpy(), images(12))
    assert (found.data.dtype, found.targets.dtype) == (graphnn.uint8, graphnn.int64)
    assert found.targets.tolist() == labels(12).tolist()


def test_train_tells_which_part(root):
    assert len(datasets.MNIST(str(root), train=True)) == 12
    assert len(datasets.MNIST(str(root), train=False)) == 5


def test_an_item_is_an_image_and_a_number(root):
    image, target = datasets.MNIST(root)[3]
    assert isinstance(image, Image.Image)
    assert (image.mode, image.size, target, type(target)) == ("L", (28, 28), 3, int)
    np.testing.assert_array_equal(np.asarray(image), images(12)[3])
    assert datasets.MNIST(root)[-1][1] == 1


def test_transforms_change_image_and_target(root):
    dataset = datasets.MNIST(root, transform=np.asarray, target_transform=lambda t: t + 100)
    assert (dataset[2][0].shape, dataset[2][1]) == ((28, 28), 102)
    dataset.transform = None
    assert isinstance(dataset[2][0], Image.Image)


def test_what_a_user_puts_in_place_of_the_data_is_what_comes(root):
    dataset = datasets.MNIST(root)
    chosen = dataset.targets == 7
    dataset.data, dataset.targets = dataset.data[chosen], dataset.targets[chosen]
    assert (len(dataset), dataset[0][1]) == (1, 7)
    dataset.targets = [9]
    assert dataset[0][1] == 9


def test_a_loop_over_an_index_ends_at_the_end(root):
    assert [target for _, target in datasets.MNIST(root, train=False)] == [0, 1, 2, 3, 4]


def test_a_loader_makes_batches_of_it(root):
    dataset = datasets.MNIST(root, transform=lambda image: np.asarray(image, np.float32) / 255)
    (x, y), *rest = DataLoader(dataset, batch_size=8, num_workers=2)
    assert (list(x.shape), y.tolist(), len(rest)) == ([8, 28, 28], list(range(8)), 1)
    assert isinstance(dataset, Dataset)


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        (datasets.MNIST, "0 - zero", "9 - nine"),
        (datasets.FashionMNIST, "T-shirt/top", "Ankle boot"),
        (datasets.KMNIST, "o", "wo"),
    ],
)
def test_classes_have_their_names(kind, first, last):
    assert (kind.classes[0], kind.classes[9], len(kind.classes)) == (first, last, 10)


def test_classes_are_numbered(root):
    assert datasets.MNIST(root).class_to_idx["3 - three"] == 3


def test_it_prints_as_torchvisions(root):
    class Twice:
        def __repr__(self):
            return "Twice(\n    a\n)"

    assert repr(datasets.MNIST(root, train=False)) == (
        f"Dataset MNIST\n    Number of datapoints: 5\n    Root location: {root}\n    Split: Test"
    )
    assert repr(datasets.MNIST(root, transform=Twice(), target_transform=int)) == (
        f"Dataset MNIST\n    Number of datapoints: 12\n    Root location: {root}\n    Split: Train\n"
        "    StandardTransform\nTransform: Twice(\n               a\n           )\nTarget transform: <class 'int'>"
    )


# ---- what is missing


@pytest.mark.parametrize("kind", KINDS)
def test_missing_files_are_named_with_their_folder_and_where_they_can_be_had(tmp_path, kind):
    with pytest.raises(MissingFileError) as caught:
        kind(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{kind.__name__}: Dataset not found: put train-images-idx3-ubyte and train-labels")
    assert str(tmp_path / kind.__name__ / "raw") in message
    assert kind.home in message
    with pytest.raises(RuntimeError):
        kind(tmp_path)


def test_asked_to_download_it_says_that_it_does_not(tmp_path, root):
    with pytest.raises(MissingFileError, match=r"download=True: graphnn downloads nothing.*put t10k-images"):
        datasets.FashionMNIST(tmp_path / "none", train=False, download=True)
    assert len(datasets.MNIST(root, download=True)) == 12


def test_one_file_of_the_two_is_not_enough(root):
    (root / "MNIST/raw/train-labels-idx1-ubyte").unlink()
    with pytest.raises(MissingFileError, match="train-labels-idx1-ubyte"):
        datasets.MNIST(root)


# ---- malformed files


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no IDX file: it begins with nothing"),
        (b"<html>", "no IDX file: it begins with 3c 68 74 6d"),
        (b"\0\0\x07\x01" + bytes(8), "no IDX file"),
        (b"\0\0\x08\x03\0\0\0\x0c", "ends within its header, after 8 bytes of 16"),
        (idx_bytes(images(12))[:-1], r"says that it holds 9408 bytes, \[12, 28, 28\] of uint8, and has 9407"),
        (idx_bytes(images(12)) + b"x", "and has 9409"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "says that it holds"),
        (gzip.compress(idx_bytes(images(12)))[:-100], "the gzip file is damaged or was cut short"),
        (gzip.compress(idx_bytes(images(12)))[:5], "the gzip file is damaged or was cut short"),
        (b"\x1f\x8b" + bytes(30), "the gzip file is damaged"),
        (idx_bytes(labels(12)), r"images are wanted, u8 of 3 dimensions; the file has uint8 \[12\]"),
        (idx_bytes(images(12).astype(np.int16)), "the file has int16"),
        (idx_bytes(images(11)), "has 11 images and .* 12 labels"),
    ],
)
def test_a_malformed_file_is_refused_in_words(root, data, words):
    path = root / "MNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=words) as caught:
        datasets.MNIST(root)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4, 5)])
def test_every_type_of_idx_is_read(tmp_path, dtype, shape):
    array = (np.arange(np.prod(shape, dtype=int)) - 3).reshape(shape).astype(dtype)
    (tmp_path / "x").write_bytes(idx_bytes(array))
    found = read_idx(tmp_path / "x")
    assert (found.dtype, found.shape, found.flags.writeable) == (array.dtype, shape, True)
    np.testing.assert_array_equal(found, array)


def test_a_file_that_cannot_be_read_is_an_error_of_ours(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        read_idx(tmp_path)


def test_both_ways_of_transforming_at_once_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        datasets.VisionDataset(tmp_path, transforms=max, transform=abs)
