"""From images to Tensors and back, and between the dtypes of images."""

import numpy as np
import pytest
from PIL import Image

import graphnn
from graphnn import transforms
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.transforms import functional as F
from tests.transforms.oracle import image, pixels


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["pil", "array"])
def test_bytes_become_floats_from_0_to_1_with_channels_first(kind, channels):
    array = pixels(channels)
    found = transforms.ToTensor()(image(array, kind))
    assert found.dtype is graphnn.float32
    np.testing.assert_array_equal(found.numpy(), array.astype(np.float32) / np.float32(255))


def test_the_default_dtype_is_that_of_the_floats():
    graphnn.set_default_dtype(graphnn.float64)
    try:
        assert transforms.ToTensor()(pixels()).dtype is graphnn.float64
    finally:
        graphnn.set_default_dtype(graphnn.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int64, np.bool_])
def test_arrays_of_other_dtypes_keep_their_numbers(dtype):
    found = transforms.ToTensor()(np.ones((4, 5, 3), dtype))
    assert (found.shape, found.numpy().dtype) == ((3, 4, 5), dtype)


@pytest.mark.parametrize(
    ("mode", "dtype", "largest"), [("1", "float32", 1), ("I", "int32", 255), ("F", "float32", 255)]
)
def test_pil_images_of_other_modes(mode, dtype, largest):
    white = Image.fromarray(np.full((2, 3), 255, np.uint8)).convert(mode)
    found = transforms.ToTensor()(white)
    assert (found.shape, found.dtype, found.max().item()) == ((1, 2, 3), getattr(graphnn, dtype), largest)


def test_a_tensor_of_an_image_is_memory_of_its_own():
    array = pixels()
    found = transforms.ToTensor()(array.astype(np.float32).transpose(1, 2, 0))
    pil = transforms.PILToTensor()(image(array, "pil"))
    found.zero_()
    pil.zero_()
    assert array.any()


def test_pil_images_can_be_taken_as_they_are():
    np.testing.assert_array_equal(transforms.PILToTensor()(image(pixels(), "pil")).numpy(), pixels())


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_bytes_go_to_pil_and_back(channels):
    made = transforms.ToPILImage()(image(pixels(channels), "tensor"))
    assert made.mode == {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    np.testing.assert_array_equal(transforms.PILToTensor()(made).numpy(), pixels(channels))
    from_array = transforms.ToPILImage()(image(pixels(channels), "array"))
    assert from_array.tobytes() == made.tobytes()


@pytest.mark.parametrize(
    ("given", "mode", "wanted"),
    [
        (graphnn.ones(3, 4, 5) * 0.5, None, ("RGB", 127)),
        (graphnn.ones(4, 5) * 0.5, None, ("L", 127)),
        (graphnn.ones(1, 4, 5) * 0.5, "F", ("F", 0.5)),
        (np.full((4, 5), 7, np.int32), None, ("I", 7)),
        (np.full((4, 5), 7, np.int16), None, ("I;16", 7)),
        (np.full((4, 5, 3), 7, np.uint8), "HSV", ("HSV", 7)),
        (np.full((4, 5, 4), 7, np.uint8), "CMYK", ("CMYK", 7)),
    ],
)
def test_numbers_become_pil_images_by_dtype_and_mode(given, mode, wanted):
    found = transforms.ToPILImage(mode)(given)
    assert (found.mode, found.size, np.asarray(found).flat[0]) == (wanted[0], (5, 4), wanted[1])


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: F.to_tensor(graphnn.ones(3)), ArgumentTypeError, "pic should be PIL Image or ndarray"),
        (lambda: F.to_tensor(np.ones(3)), ArgumentError, r"pic should be 2/3 dimensional\. Got 1"),
        (lambda: F.pil_to_tensor(pixels()), ArgumentTypeError, "pic should be PIL Image"),
        (lambda: F.to_pil_image([1]), ArgumentTypeError, "pic should be Tensor or ndarray"),
        (lambda: F.to_pil_image(np.ones((1, 2, 3, 4))), ArgumentError, "2/3 dimensional"),
        (lambda: F.to_pil_image(np.ones((2, 3, 5), np.uint8)), ArgumentError, "1 to 4 channels"),
        (lambda: F.to_pil_image(np.ones((2, 3), np.int64)), ArgumentTypeError, "int64 is not supported"),
        (lambda: F.to_pil_image(np.ones((2, 3, 3), np.uint8), "L"), ArgumentError, "mode 'L' does not fit"),
        (lambda: F.convert_image_dtype(pixels()), ArgumentTypeError, "should be Tensor Image"),
        (lambda: F.convert_image_dtype(graphnn.ones(1), graphnn.int64), ArgumentError, "cannot be performed safely"),
        (lambda: F.convert_image_dtype(graphnn.ones(1), graphnn.int32), ArgumentError, "cannot be performed safely"),
    ],
)
def test_what_is_no_image_is_refused_in_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize(
    ("given", "to", "wanted"),
    [
        (graphnn.tensor([0, 51, 255], dtype=graphnn.uint8), "float32", [0, 0.2, 1]),
        (graphnn.tensor([0.0, 0.5, 1.0]), "uint8", [0, 127, 255]),
        (graphnn.tensor([0.0, 0.5, 1.0]), "float64", [0, 0.5, 1]),
        (graphnn.tensor([0, 100, 255], dtype=graphnn.uint8), "int16", [0, 100 * 128, 255 * 128]),
        (graphnn.tensor([0, 128, 32767], dtype=graphnn.int16), "uint8", [0, 1, 255]),
        (graphnn.tensor([0, 127], dtype=graphnn.int8), "uint8", [0, 254]),
        (graphnn.tensor([0, 1.0], dtype=graphnn.float64), "int32", [0, 2**31 - 1]),
    ],
)
def test_dtypes_are_changed_with_their_range(given, to, wanted):
    found = transforms.ConvertImageDtype(getattr(graphnn, to))(given)
    assert found.dtype is getattr(graphnn, to)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6)


def test_a_dtype_that_is_there_already_costs_nothing():
    given = graphnn.ones(1)
    assert F.convert_image_dtype(given) is given
