"""Cutting, padding and turning over: the same pixels for every kind of image, by NumPy's rules."""

from collections import Counter

import numpy as np
import pytest

import graphnn
from graphnn import transforms
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.transforms import functional as F
from tests.transforms.oracle import KINDS, apply, image, layers, pixels

every_kind = pytest.mark.parametrize("kind", KINDS)
every_channel_count = pytest.mark.parametrize("channels", [1, 3])


def cut(array, top, left, height, width):
    """The part, with zeros outside of the image."""
    margin = 60
    padded = np.pad(array, ((0, 0), (margin, margin), (margin, margin)))
    return padded[:, top + margin : top + margin + height, left + margin : left + margin + width]


@every_kind
@every_channel_count
@pytest.mark.parametrize(
    "part", [(0, 0, 3, 4), (2, 3, 4, 5), (-2, -1, 6, 7), (5, 6, 30, 30), (-5, -5, 50, 50), (40, 1, 3, 3), (-9, 2, 4, 4)]
)
def test_a_crop_has_zeros_outside_of_the_image(kind, channels, part):
    found = apply(lambda img: F.crop(img, *part), pixels(channels), kind)
    np.testing.assert_array_equal(found, cut(pixels(channels), *part))


@every_kind
@every_channel_count
@pytest.mark.parametrize(
    ("size", "part"),
    [
        ((5, 7), (4, 5, 5, 7)),
        ((6, 8), (4, 4, 6, 8)),
        (13, (0, 2, 13, 13)),
        ((20, 17), (-3, 0, 20, 17)),
        (30, (-8, -6, 30, 30)),
    ],
)
def test_the_middle_is_cut_out(kind, channels, size, part):
    found = apply(transforms.CenterCrop(size), pixels(channels), kind)
    np.testing.assert_array_equal(found, cut(pixels(channels), *part))


@every_kind
@every_channel_count
@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
@pytest.mark.parametrize(
    ("padding", "sides"), [(2, (2, 2, 2, 2)), ([3], (3, 3, 3, 3)), ((1, 2), (1, 2, 1, 2)), ((1, 2, 3, 4), (1, 2, 3, 4))]
)
def test_padding_is_as_by_numpy(kind, channels, mode, padding, sides):
    left, top, right, bottom = sides
    fill = {"constant_values": 9} if mode == "constant" else {}
    wanted = np.pad(pixels(channels), ((0, 0), (top, bottom), (left, right)), mode, **fill)
    np.testing.assert_array_equal(apply(transforms.Pad(padding, 9, mode), pixels(channels), kind), wanted)


@every_kind
@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_padding_below_zero_cuts_off(kind, mode):
    found = apply(transforms.Pad((-2, 1, 0, -3), padding_mode=mode), pixels(), kind)
    assert found.shape == (3, 11, 15)
    np.testing.assert_array_equal(found[:, 1:], pixels()[:, :-3, 2:])


def test_a_pil_image_can_be_filled_with_a_color():
    found = transforms.Pad(1, (10, 20, 30))(image(pixels(), "pil"))
    assert found.getpixel((0, 0)) == (10, 20, 30)
    with pytest.raises(ArgumentError, match="3 channels is filled with one number or 3"):
        transforms.Pad(1, (10, 20))(image(pixels(), "pil"))


@every_kind
@every_channel_count
def test_flips_change_the_sides(kind, channels):
    array = pixels(channels)
    np.testing.assert_array_equal(apply(F.hflip, array, kind), array[:, :, ::-1])
    np.testing.assert_array_equal(apply(F.vflip, array, kind), array[:, ::-1])


@every_kind
def test_five_and_ten_crops_are_the_corners_and_the_middle(kind):
    array = pixels()
    parts = [(0, 0), (0, 12), (10, 0), (10, 12), (5, 6)]
    found = [layers(part, kind) for part in transforms.TenCrop((3, 5))(image(array, kind))]
    wanted = [cut(side, *part, 3, 5) for side in (array, array[:, :, ::-1]) for part in parts]
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(
        [layers(p, kind) for p in transforms.FiveCrop((3, 5))(image(array, kind))], wanted[:5]
    )
    upside_down = transforms.TenCrop((3, 5), vertical_flip=True)(image(array, kind))
    np.testing.assert_array_equal(layers(upside_down[5], kind), array[:, ::-1][:, :3, :5])


@every_kind
def test_dimensions_are_told(kind):
    assert F.get_dimensions(image(pixels(), kind)) == [3, 13, 17]
    assert F.get_image_size(image(pixels(1), kind)) == [17, 13]
    assert F.get_image_num_channels(image(pixels(1), kind)) == 1


# ---- at random


def drawn(transform, count=300, seed=0, given=None):
    graphnn.manual_seed(seed)
    given = image(pixels(), "tensor") if given is None else given
    return [transform(given).numpy().tobytes() for _ in range(count)]


RANDOM = [
    transforms.RandomHorizontalFlip(),
    transforms.RandomVerticalFlip(),
    transforms.RandomCrop(5, padding=2),
    transforms.RandomResizedCrop(6),
]


@pytest.mark.parametrize("transform", RANDOM, ids=repr)
def test_the_seed_decides_what_is_drawn(transform):
    assert drawn(transform, 12) == drawn(transform, 12) != drawn(transform, 12, seed=1)


@pytest.mark.parametrize("transform", RANDOM[:3], ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_meets_the_same_chance(transform, kind):
    graphnn.manual_seed(3)
    wanted = [layers(transform(image(pixels(), "tensor")), "tensor") for _ in range(8)]
    graphnn.manual_seed(3)
    np.testing.assert_array_equal([layers(transform(image(pixels(), kind)), kind) for _ in range(8)], wanted)


@pytest.mark.parametrize(("p", "expected"), [(0.0, 0), (0.25, 75), (0.5, 150), (1.0, 300)])
@pytest.mark.parametrize("kind", [transforms.RandomHorizontalFlip, transforms.RandomVerticalFlip])
def test_flips_come_as_often_as_they_should(kind, p, expected):
    counts = Counter(drawn(kind(p)))
    flipped = 300 - counts[pixels().tobytes()]
    assert abs(flipped - expected) <= 5 * (300 * p * (1 - p)) ** 0.5


def test_a_random_crop_meets_every_place_equally_often():
    given = graphnn.arange(20).reshape(1, 4, 5)
    graphnn.manual_seed(0)
    corners = Counter(transforms.RandomCrop((2, 3))(given)[0, 0, 0].item() for _ in range(900))
    assert sorted(corners) == [0, 1, 2, 5, 6, 7, 10, 11, 12]
    assert all(abs(count - 100) < 5 * 9.5 for count in corners.values())


def test_a_random_crop_of_the_whole_draws_nothing_else():
    given = image(pixels(), "tensor")
    np.testing.assert_array_equal(transforms.RandomCrop((13, 17))(given).numpy(), pixels())


def test_a_random_crop_pads_where_it_has_to():
    found = transforms.RandomCrop((20, 10), pad_if_needed=True, fill=3)(image(pixels(), "tensor"))
    assert found.shape == (3, 20, 10)
    assert (found[:, 0] == 3).all()
    with pytest.raises(
        ArgumentError, match=r"Required crop size \(20, 10\) is larger than input image size \(13, 17\)"
    ):
        transforms.RandomCrop((20, 10))(image(pixels(), "tensor"))


def test_random_parts_have_the_area_and_the_ratio_that_they_should():
    graphnn.manual_seed(0)
    given = graphnn.zeros(1, 100, 200)
    for _ in range(100):
        top, left, height, width = transforms.RandomResizedCrop.get_params(given, (0.2, 0.3), (0.5, 2.0))
        assert 0.19 < height * width / 20_000 < 0.31
        assert 0.48 < width / height < 2.05
        assert 0 <= top <= 100 - height
        assert 0 <= left <= 200 - width


@pytest.mark.parametrize(("shape", "wanted"), [((100, 10), (43, 0, 13, 10)), ((10, 100), (0, 43, 10, 13))])
def test_where_no_part_is_found_it_is_the_middle(shape, wanted):
    found = transforms.RandomResizedCrop.get_params(graphnn.zeros(1, *shape), (1.0, 1.0), (3 / 4, 4 / 3))
    assert found == wanted


def test_random_transforms_in_a_trace_are_refused_in_words():
    with pytest.raises(graphnn.errors.TraceError):
        graphnn.trace(transforms.RandomHorizontalFlip(), graphnn.ones(1, 2, 2))


# ---- errors


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: transforms.Pad("1"), ArgumentTypeError, "Got inappropriate padding arg"),
        (lambda: transforms.Pad(1, fill={}), ArgumentTypeError, "Got inappropriate fill arg"),
        (lambda: transforms.Pad(1, padding_mode="wrap"), ArgumentError, "should be either constant, edge, reflect"),
        (lambda: transforms.Pad(1, padding_mode=3), ArgumentTypeError, "inappropriate padding_mode"),
        (lambda: transforms.Pad((1, 2, 3)), ArgumentError, "a 1, 2, or 4 element tuple"),
        (
            lambda: transforms.Pad(3, padding_mode="reflect")(graphnn.ones(1, 3, 9)),
            ArgumentError,
            "reflect can add 2 pixels",
        ),
        (
            lambda: transforms.Pad(4, padding_mode="symmetric")(graphnn.ones(1, 3, 9)),
            ArgumentError,
            "symmetric can add 3",
        ),
        (lambda: transforms.Pad(1, (1, 2, 3))(graphnn.ones(3, 3, 3)), ArgumentTypeError, "filled with one number"),
        (lambda: transforms.CenterCrop((1, 2, 3)), ArgumentError, "provide only two dimensions"),
        (lambda: transforms.RandomCrop("a"), ArgumentError, "provide only two dimensions"),
        (lambda: transforms.FiveCrop(20)(graphnn.ones(1, 3, 3)), ArgumentError, "bigger than input size"),
        (lambda: transforms.RandomResizedCrop(3, scale=0.5), ArgumentTypeError, "Scale should be a sequence"),
        (lambda: transforms.RandomResizedCrop(3, ratio=(2, 1)), ArgumentError, r"Ratio should be of kind \(min, max\)"),
        (lambda: F.hflip("image"), ArgumentTypeError, "Got <class 'str'>"),
    ],
)
def test_wrong_arguments_are_refused_in_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
