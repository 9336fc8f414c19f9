"""Resizing: PyTorch's interpolation on Tensors and arrays, Pillow's on its images."""

import numpy as np
import pytest
from PIL import Image

import graphnn
from graphnn import nn, transforms
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.transforms import InterpolationMode as Mode
from graphnn.transforms.functional import resize, resized_crop
from tests.transforms.oracle import apply, image, pixels

SIZES = [(5, 6), (13, 17), (13, 40), (30, 9), (1, 1), (64, 64)]
MODES = [Mode.NEAREST, Mode.NEAREST_EXACT, Mode.BILINEAR, Mode.BICUBIC]


def interpolated(array, size, mode, antialias):
    """torch's, with bytes computed as floats and rounded."""
    torch = pytest.importorskip("torch")
    floats = torch.from_numpy(array.astype(np.float32))[None]
    smooth = {} if "nearest" in mode.value else {"align_corners": False, "antialias": antialias}
    found = torch.nn.functional.interpolate(floats, size, mode=mode.value, **smooth)[0]
    return found.round().clamp(0, 255).byte().numpy() if array.dtype == np.uint8 else found.numpy()


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("mode", MODES, ids=lambda m: m.value)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_floats_are_resized_as_by_pytorch(size, mode, antialias):
    array = pixels().astype(np.float32) / 255
    for kind in ("tensor", "array"):
        found = apply(transforms.Resize(size, mode, antialias=antialias), array, kind)
        np.testing.assert_allclose(found, interpolated(array, size, mode, antialias), rtol=1e-5, atol=1e-5)
        assert found.dtype == np.float32


@pytest.mark.parametrize("mode", MODES, ids=lambda m: m.value)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_bytes_are_resized_as_by_pytorch_but_for_the_last_bit_of_halves(size, mode):
    for kind in ("tensor", "array"):
        found = apply(transforms.Resize(size, mode), pixels(), kind)
        wanted = interpolated(pixels(), size, mode, antialias=True)
        assert found.dtype == np.uint8
        assert np.abs(found.astype(int) - wanted).max() <= ("nearest" not in mode.value)


@pytest.mark.parametrize("mode", [Mode.NEAREST, Mode.BILINEAR, Mode.BICUBIC, Mode.BOX, Mode.HAMMING, Mode.LANCZOS])
def test_pil_images_are_resized_by_pillow(mode):
    given = image(pixels(), "pil")
    wanted = given.resize((9, 7), Image.Resampling[mode.name])
    np.testing.assert_array_equal(np.asarray(transforms.Resize((7, 9), mode)(given)), np.asarray(wanted))


@pytest.mark.parametrize("kind", ["pil", "array", "tensor"])
def test_kinds_agree_within_what_pillow_rounds(kind):
    found = apply(transforms.Resize((7, 9)), pixels(), kind)
    assert np.abs(found.astype(int) - interpolated(pixels(), (7, 9), Mode.BILINEAR, antialias=True)).max() <= 1


@pytest.mark.parametrize(
    ("given", "options", "wanted"),
    [
        ((20, 30), {"size": 10}, (10, 15)),
        ((30, 20), {"size": 10}, (15, 10)),
        ((30, 20), {"size": [10]}, (15, 10)),
        ((7, 10), {"size": 5}, (5, 7)),
        ((20, 30), {"size": 10, "max_size": 12}, (8, 12)),
        ((20, 30), {"size": 10, "max_size": 40}, (10, 15)),
        ((20, 30), {"size": None, "max_size": 12}, (8, 12)),
        ((20, 20), {"size": 20}, (20, 20)),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["tensor", "array", "pil"])
def test_one_number_is_the_shorter_side(given, options, wanted, kind):
    assert apply(transforms.Resize(**options), pixels(3, *given), kind).shape == (3, *wanted)


def test_an_image_that_has_the_size_is_given_back_itself():
    given = image(pixels(), "tensor")
    assert resize(given, (13, 17)) is given


def test_dimensions_in_front_are_kept():
    batch = graphnn.rand(2, 5, 3, 8, 8)
    found = resize(batch, 4)
    assert found.shape == (2, 5, 3, 4, 4)
    np.testing.assert_allclose(found[1, 2].numpy(), resize(batch[1, 2], 4).numpy(), rtol=1e-5, atol=1e-6)
    assert resize(graphnn.rand(8, 8), 4).shape == (4, 4)


@pytest.mark.parametrize("dtype", ["float16", "float64", "int16", "bool"])
def test_other_dtypes_come_back_as_they_were(dtype):
    given = graphnn.ones(1, 4, 4).to(getattr(graphnn, dtype))
    found = resize(given, 7)
    assert found.dtype is given.dtype
    assert found.to(graphnn.float32).min().item() == 1


def test_resizing_has_gradients_and_can_be_traced():
    given = graphnn.rand(1, 6, 6, requires_grad=True)
    resize(given, 3).sum().backward()
    np.testing.assert_allclose(given.grad.numpy().sum(), 9, rtol=1e-5)
    net = nn.Sequential(transforms.Resize(3), transforms.Normalize(0.5, 0.5))
    text = str(graphnn.trace(net, given.detach()))
    assert "f32[1, 3, 3]" in text
    np.testing.assert_allclose(
        graphnn.compile(net)(given).detach().numpy(), net(given).detach().numpy(), rtol=1e-5, atol=1e-5
    )


def test_pillows_numbers_are_modes_too():
    assert transforms.Resize(3, Image.BICUBIC).interpolation is Mode.BICUBIC
    assert transforms.Resize(3, 0).interpolation is Mode.NEAREST


def test_a_crop_is_resized():
    given = image(pixels(), "tensor")
    np.testing.assert_array_equal(
        resized_crop(given, 2, 3, 4, 5, (8, 9)).numpy(), resize(given[:, 2:6, 3:8], (8, 9)).numpy()
    )


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"size": (1, 2, 3)}, ArgumentError, "Size must be an int or a 1 or 2 element"),
        ({"size": "big"}, ArgumentTypeError, "Size should be int or sequence"),
        ({"size": 0}, ArgumentError, "has no pixels"),
        ({"size": (3, 4), "max_size": 5}, ArgumentError, "max_size should only be passed if"),
        ({"size": None}, ArgumentError, "max_size must be an integer when size is None"),
        ({"size": 3, "interpolation": "bilinear"}, ArgumentTypeError, "interpolation should be a InterpolationMode"),
    ],
)
def test_wrong_sizes_are_refused_when_the_transform_is_made(options, kind, words):
    with pytest.raises(kind, match=words):
        transforms.Resize(**options)


def test_what_cannot_be_resized_is_told():
    with pytest.raises(ArgumentError, match="strictly greater than the requested size"):
        resize(image(pixels(), "tensor"), 5, max_size=5)
    with pytest.raises(ArgumentError, match="interpolation 'lanczos' is for PIL images"):
        resize(image(pixels(), "tensor"), 5, Mode.LANCZOS)
    with pytest.raises(
        ArgumentTypeError, match=r"img should be a PIL Image, a Tensor or a NumPy array\. Got <class 'list'>"
    ):
        resize([[1]], 5)
    with pytest.raises(ArgumentTypeError, match="not a torch image"):
        resize(graphnn.ones(3), 5)
    with pytest.raises(ArgumentTypeError, match="2 or 3 dimensions"):
        resize(np.ones(3), 5)
