"""Changing pixels: formulas written out with NumPy, Pillow for its own images."""

import colorsys
from collections import Counter

import numpy as np
import pytest
from PIL import ImageEnhance, ImageOps

import graphnn
from graphnn import transforms
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.transforms import functional as F
from tests.transforms.oracle import KINDS, apply, image, layers, pixels


def floats(channels=3):
    return pixels(channels).astype(np.float32) / 255


@pytest.mark.parametrize(
    ("mean", "std"),
    [(0.5, 0.25), ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)), ([0.5], [2]), (graphnn.tensor([0.1, 0.2, 0.3]), np.ones(3))],
)
@pytest.mark.parametrize("front", [(), (2,), (2, 4)])
def test_normalizing_takes_the_mean_off_and_divides_by_the_deviation(mean, std, front):
    array = np.broadcast_to(floats(), (*front, 3, 13, 17)).copy()
    columns = [
        np.reshape(np.asarray(n.tolist() if hasattr(n, "tolist") else n, np.float32), (-1, 1, 1)) for n in (mean, std)
    ]
    found = transforms.Normalize(mean, std)(graphnn.from_numpy(array))
    np.testing.assert_allclose(found.numpy(), (array - columns[0]) / columns[1], rtol=1e-6, atol=1e-6)


def test_normalizing_in_place_changes_the_tensor_itself():
    given = graphnn.ones(1, 2, 2)
    assert transforms.Normalize(0.5, 0.5)(given) is not given
    assert given.tolist() == [[[1, 1], [1, 1]]]
    assert transforms.Normalize(0.5, 0.25, inplace=True)(given) is given
    assert given.tolist() == [[[2, 2], [2, 2]]]


@pytest.mark.parametrize(
    ("given", "std", "kind", "words"),
    [
        (pixels(), 1, ArgumentTypeError, r"img should be Tensor Image.*ToTensor\(\) makes one"),
        (graphnn.ones(3, 2, 2, dtype=graphnn.uint8), 1, ArgumentTypeError, "float tensor. Got torch.uint8"),
        (graphnn.ones(2, 2), 1, ArgumentError, r"tensor image of size \(..., C, H, W\)"),
        (graphnn.ones(3, 2, 2), (1, 0, 1), ArgumentError, "std evaluated to zero"),
    ],
)
def test_what_cannot_be_normalized_is_told(given, std, kind, words):
    with pytest.raises(kind, match=words):
        transforms.Normalize(0.5, std)(given)


def gray(array):
    weighed = array[0] * np.float32(0.2989) + array[1] * np.float32(0.587) + array[2] * np.float32(0.114)
    return weighed.astype(array.dtype)[None]


@pytest.mark.parametrize("kind", ["tensor", "array"])
@pytest.mark.parametrize("make", [pixels, floats])
def test_gray_is_a_weighed_sum_of_the_colors(kind, make):
    np.testing.assert_allclose(apply(transforms.Grayscale(), make(), kind), gray(make()), rtol=1e-6)
    np.testing.assert_allclose(apply(transforms.Grayscale(3), make(), kind), gray(make()).repeat(3, 0), rtol=1e-6)


def test_pillow_makes_its_images_gray():
    given = image(pixels(), "pil")
    assert transforms.Grayscale()(given).tobytes() == given.convert("L").tobytes()
    assert transforms.Grayscale(3)(given).mode == "RGB"


@pytest.mark.parametrize("kind", KINDS)
def test_one_channel_is_gray_already(kind):
    np.testing.assert_array_equal(apply(transforms.Grayscale(), pixels(1), kind), pixels(1))
    np.testing.assert_array_equal(apply(transforms.Grayscale(3), pixels(1), kind), pixels(1).repeat(3, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_inverting_takes_bytes_from_255_and_floats_from_1(kind):
    np.testing.assert_array_equal(apply(F.invert, pixels(), kind), 255 - pixels())
    np.testing.assert_array_equal(F.invert(image(floats(), "tensor")).numpy(), 1 - floats())


def blend(array, other, factor):
    limit = 255 if array.dtype == np.uint8 else 1
    return np.clip(array * np.float32(factor) + other * np.float32(1 - factor), 0, limit).astype(array.dtype)


ADJUSTED = [
    (F.adjust_brightness, "Brightness", lambda a: np.float32(0)),
    (F.adjust_contrast, "Contrast", lambda a: gray(a).mean(dtype=np.float32)),
    (F.adjust_saturation, "Color", gray),
]


@pytest.mark.parametrize("factor", [0, 0.3, 1, 1.7])
@pytest.mark.parametrize(("adjust", "name", "other"), ADJUSTED, ids=[row[1] for row in ADJUSTED])
def test_adjusting_blends_with_what_factor_0_gives(adjust, name, other, factor):
    for make in (pixels, floats):
        wanted = blend(make(), other(make()), factor)
        found = apply(lambda img: adjust(img, factor), make(), "tensor")
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1 if make is pixels else 1e-5)
    given = image(pixels(), "pil")
    assert adjust(given, factor).tobytes() == getattr(ImageEnhance, name)(given).enhance(factor).tobytes()


@pytest.mark.parametrize("turn", [-0.5, -0.2, 0.0, 0.1, 0.5])
def test_hue_is_turned_around_the_color_circle(turn):
    array = floats()
    array[:, 0, 0] = 0.5  # gray has no hue
    found = F.adjust_hue(image(array, "tensor"), turn).numpy()
    for row, column in ((0, 0), (0, 1), (5, 7), (12, 16)):
        hue, saturation, value = colorsys.rgb_to_hsv(*array[:, row, column])
        wanted = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
        np.testing.assert_allclose(found[:, row, column], wanted, rtol=1e-4, atol=1e-5)


def test_hue_of_bytes_and_pil_images_agree():
    near = [layers(F.adjust_hue(image(pixels(), kind), 0.25), kind).astype(int) for kind in ("tensor", "pil")]
    assert np.median(np.abs(near[0] - near[1])) <= 4  # Pillow keeps the hue in a byte


def test_adjusting_one_channel_leaves_its_colors_alone():
    for kind in KINDS:
        given = image(pixels(1), kind)
        np.testing.assert_array_equal(layers(F.adjust_hue(given, 0.3), kind), pixels(1))
        np.testing.assert_array_equal(layers(F.adjust_saturation(given, 0.3), kind), pixels(1))


# ---- at random


def test_color_jitter_is_the_adjustments_with_drawn_factors():
    jitter = transforms.ColorJitter(0.5, 0.5, 0.5, 0.2)
    given = image(floats(), "tensor")
    graphnn.manual_seed(0)
    found = [jitter(given).numpy().tobytes() for _ in range(5)]
    graphnn.manual_seed(0)
    assert [jitter(given).numpy().tobytes() for _ in range(5)] == found
    assert len(set(found)) == 5
    for kind in KINDS:
        assert apply(jitter, pixels(), kind).shape == (3, 13, 17)


def test_color_jitter_stays_within_its_range():
    jitter = transforms.ColorJitter(brightness=(0.5, 0.75))
    graphnn.manual_seed(0)
    factors = [jitter(graphnn.ones(3, 1, 1)).max().item() for _ in range(200)]
    assert 0.5 <= min(factors) < 0.52
    assert 0.73 < max(factors) < 0.75


def test_color_jitter_of_nothing_gives_the_image_itself():
    given = image(floats(), "tensor")
    assert transforms.ColorJitter()(given) is given


@pytest.mark.parametrize(("p", "expected"), [(0.0, 0), (0.3, 60), (1.0, 200)])
@pytest.mark.parametrize("kind", [transforms.RandomGrayscale, transforms.RandomInvert])
def test_pixels_are_changed_as_often_as_they_should(kind, p, expected):
    graphnn.manual_seed(0)
    given = image(pixels(), "tensor")
    counts = Counter(kind(p)(given).numpy().tobytes() for _ in range(200))
    assert abs(200 - counts[pixels().tobytes()] - expected) <= 5 * (200 * p * (1 - p)) ** 0.5


def test_random_gray_has_as_many_channels_as_before():
    for kind in KINDS:
        for channels in (1, 3):
            assert apply(transforms.RandomGrayscale(1.0), pixels(channels), kind).shape == (channels, 13, 17)


def test_erasing_sets_a_rectangle_of_the_area_that_it_should():
    graphnn.manual_seed(0)
    erase = transforms.RandomErasing(1.0, scale=(0.1, 0.2), ratio=(0.5, 2.0), value=7)
    for _ in range(50):
        found = erase(graphnn.zeros(2, 40, 60)).numpy() == 7
        rows, columns = found[0].any(1), found[0].any(0)
        assert (found == (rows[:, None] & columns)).all()
        assert 0.09 < found[0].mean() < 0.21
        assert 0.45 < rows.sum() / columns.sum() < 2.2


def test_erasing_can_use_a_color_or_noise_and_work_in_place():
    graphnn.manual_seed(0)
    given = graphnn.zeros(3, 20, 20)
    colored = transforms.RandomErasing(1.0, value=(1, 2, 3))(given)
    assert colored.amax((1, 2)).tolist() == [1, 2, 3]
    assert len(set(transforms.RandomErasing(1.0, value="random")(given).flatten().tolist())) > 20
    assert not given.any()
    assert transforms.RandomErasing(1.0, value=1, inplace=True)(given) is given
    assert given.any()
    assert transforms.RandomErasing(0.0)(given) is given


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: F.rgb_to_grayscale(graphnn.ones(3, 2, 2), 2), ArgumentError, "either 1 or 3"),
        (lambda: F.rgb_to_grayscale(graphnn.ones(4, 2, 2)), ArgumentTypeError, "1 or 3 channels"),
        (lambda: F.adjust_contrast(graphnn.ones(4, 2, 2), 1), ArgumentTypeError, "1 or 3 channels"),
        (
            lambda: F.adjust_brightness(graphnn.ones(3, 2, 2), -1),
            ArgumentError,
            "brightness_factor .* is not non-negative",
        ),
        (lambda: F.adjust_hue(graphnn.ones(3, 2, 2), 0.7), ArgumentError, r"is not in \[-0\.5, 0\.5\]"),
        (lambda: transforms.ColorJitter(-1), ArgumentError, "brightness is a single number, it must be non negative"),
        (lambda: transforms.ColorJitter(contrast="a"), ArgumentTypeError, "contrast should be a single number"),
        (lambda: transforms.ColorJitter(hue=0.7), ArgumentError, "hue values should be between"),
        (lambda: transforms.RandomErasing(2), ArgumentError, "probability should be between 0 and 1"),
        (lambda: transforms.RandomErasing(value="x"), ArgumentError, "should be 'random'"),
        (lambda: transforms.RandomErasing(value=None), ArgumentTypeError, "number or str or a sequence"),
        (lambda: transforms.RandomErasing(scale=(0.5, 2)), ArgumentError, "Scale should be between 0 and 1"),
        (
            lambda: transforms.RandomErasing(1.0, value=(1, 2))(graphnn.ones(3, 9, 9)),
            ArgumentError,
            "single value or 3",
        ),
        (lambda: transforms.RandomErasing(1.0)(image(pixels(), "pil")), ArgumentTypeError, "should be Tensor Image"),
    ],
)
def test_wrong_arguments_are_refused_in_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_pillow_inverts_its_images():
    given = image(pixels(), "pil")
    assert F.invert(given).tobytes() == ImageOps.invert(given).tobytes()
