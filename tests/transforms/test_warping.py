"""Turning, shifting, scaling, shearing and blurring, with NumPy, PyTorch's sampling and Pillow as oracles."""

import math

import numpy as np
import pytest
from PIL import Image

import graphnn
from graphnn import transforms
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.transforms import InterpolationMode as Mode
from graphnn.transforms import functional as F
from tests.transforms.oracle import KINDS, apply, image, pixels

SMOOTH = ("tensor", "array")
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
@pytest.mark.parametrize("mode", [Mode.NEAREST, Mode.BILINEAR])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_quarter_turns_go_against_the_clock_and_lose_no_pixel(kind, mode, quarters, channels):
    array = pixels(channels)
    found = apply(lambda img: F.rotate(img, 90 * quarters, mode, expand=True), array, kind)
    np.testing.assert_array_equal(found, np.rot90(array, quarters, (1, 2)))


def sampled(array, back, size, smooth):
    """torch's grid_sample at where `back`, of pixels, leads."""
    torch = pytest.importorskip("torch")
    height, width = array.shape[1:]
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    x, y = np.tensordot(back, np.stack([columns, rows, np.ones(size)]), 1)[:2]
    grid = torch.from_numpy(np.stack([x / width, y / height], -1) * 2 - 1)[None]
    mode = "bilinear" if smooth else "nearest"
    found = torch.nn.functional.grid_sample(torch.from_numpy(array)[None], grid, mode, align_corners=False)
    return found[0].numpy()


def turn_back(angle, center):
    """The way from the turned image to the image: with the clock on the screen, where y grows downwards."""
    a = math.radians(angle)
    turned = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    return np.column_stack([turned, np.array(center) - turned @ center])


@pytest.mark.parametrize("kind", SMOOTH)
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("center", [None, (3, 5)])
@pytest.mark.parametrize("angle", [10, -37.3, 161.7])
def test_turned_pixels_are_sampled_as_by_pytorch(kind, angle, center, smooth):
    array = pixels().astype(np.float64)
    mode = Mode.BILINEAR if smooth else Mode.NEAREST
    found = apply(lambda img: F.rotate(img, angle, mode, center=center), array, kind)
    wanted = sampled(array, turn_back(angle, center or (8.5, 6.5)), (13, 17), smooth)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("angle", [0, 20, 90, 135, -60])
def test_kinds_agree_on_size_and_pixels(angle):
    ours = apply(lambda img: F.rotate(img, angle, expand=True), pixels(), "tensor")
    pillows = apply(lambda img: F.rotate(img, angle, expand=True), pixels(), "pil")
    assert ours.shape == pillows.shape
    assert (ours != pillows).mean() < 0.03


def test_pil_images_are_turned_by_pillow():
    given = image(pixels(), "pil")
    wanted = given.rotate(25, Image.Resampling.BICUBIC, center=(2, 3), fillcolor=(1, 2, 3))
    assert F.rotate(given, 25, Mode.BICUBIC, center=(2, 3), fill=(1, 2, 3)).tobytes() == wanted.tobytes()


@every_kind
def test_a_shift_moves_the_pixels_and_fills_what_is_left(kind):
    found = apply(lambda img: F.affine(img, 0, (2, -3), 1.0, 0, fill=9), pixels(), kind)
    wanted = np.full_like(pixels(), 9)
    wanted[:, :-3, 2:] = pixels()[:, 3:, :-2]
    np.testing.assert_array_equal(found, wanted)


@every_kind
def test_scaling_by_two_doubles_every_pixel_of_the_middle(kind):
    array = pixels(3, 8, 12)
    found = apply(lambda img: F.affine(img, 0, (0, 0), 2.0, 0), array, kind)
    np.testing.assert_array_equal(found, array[:, 2:6, 3:9].repeat(2, 1).repeat(2, 2))


@pytest.mark.parametrize(("angle", "shear"), [(0, (45, 0)), (0, (0, 30)), (25, 10), (-70, (10, -20)), (15, [12])])
@pytest.mark.parametrize("center", [None, (3, 5)])
def test_shear_comes_before_the_turn(angle, shear, center):
    slant = (shear, 0) if isinstance(shear, int) else (shear * 2)[:2]
    (cx, cy), a = center or (8.5, 6.5), math.radians(angle)
    x, y = (math.tan(math.radians(s)) for s in slant)
    turned = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    forward = 1.2 * turned @ np.array([[1, 0], [-y, 1]]) @ np.array([[1, -x], [0, 1]])
    back = np.linalg.inv(forward)
    back = np.column_stack([back, np.array((cx, cy)) - back @ (cx + 1, cy - 2)])
    array = pixels().astype(np.float64)
    found = apply(lambda img: F.affine(img, angle, (1, -2), 1.2, shear, Mode.BILINEAR, center=center), array, "tensor")
    np.testing.assert_allclose(found, sampled(array, back, (13, 17), True), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("fill", [7, [7], (1, 2, 3)])
@pytest.mark.parametrize("mode", [Mode.NEAREST, Mode.BILINEAR])
def test_tensors_are_filled_with_a_number_or_a_color(fill, mode):
    found = F.rotate(graphnn.zeros(3, 9, 9), 45, mode, fill=fill)
    wanted = fill if isinstance(fill, tuple) else [7, 7, 7]
    np.testing.assert_allclose(found[:, 0, 0].numpy(), wanted)
    assert found[:, 4, 4].tolist() == [0, 0, 0]


def test_bytes_are_rounded_and_dimensions_in_front_kept():
    array = np.broadcast_to(pixels(), (2, 3, 13, 17)).copy()
    found = F.rotate(graphnn.from_numpy(array), 17, Mode.BILINEAR)
    exact = sampled(pixels().astype(np.float64), turn_back(17, (8.5, 6.5)), (13, 17), True)
    assert (found.shape, found.dtype) == ((2, 3, 13, 17), graphnn.uint8)
    assert np.abs(found[1].numpy() - exact).max() < 0.51


def test_turning_has_gradients():
    given = graphnn.rand(1, 6, 6, requires_grad=True)
    F.rotate(given, 180, Mode.BILINEAR)[0, 0, 0].backward()
    assert given.grad[0, 5, 5].item() == pytest.approx(1)


# ---- blur


def bell(size, sigma):
    weights = np.exp(-0.5 * (np.arange(size) - size // 2) ** 2 / sigma**2)
    return weights / weights.sum()


@pytest.mark.parametrize("kind", SMOOTH)
@pytest.mark.parametrize(("size", "sigma"), [(3, 1.0), ((5, 3), (0.5, 2.0)), ([7, 1], None), (1, 0.3)])
def test_blur_is_a_convolution_with_a_bell(kind, size, sigma):
    torch = pytest.importorskip("torch")
    sizes = (size, size) if isinstance(size, int) else tuple(size)
    sigmas = [0.15 * s + 0.35 for s in sizes] if sigma is None else np.broadcast_to(sigma, 2)
    kernel = np.outer(bell(sizes[1], sigmas[1]), bell(sizes[0], sigmas[0]))
    array = pixels().astype(np.float64)
    margins = [sizes[0] // 2] * 2 + [sizes[1] // 2] * 2
    padded = torch.nn.functional.pad(torch.from_numpy(array)[None], margins, "reflect")
    wanted = torch.nn.functional.conv2d(padded, torch.from_numpy(kernel).expand(3, 1, -1, -1), groups=3)[0].numpy()
    np.testing.assert_allclose(apply(lambda img: F.gaussian_blur(img, size, sigma), array, kind), wanted, rtol=1e-9)


@every_kind
def test_blurred_bytes_are_rounded(kind):
    exact = F.gaussian_blur(graphnn.from_numpy(pixels().astype(np.float64)), 3, 1.0).numpy()
    found = apply(lambda img: F.gaussian_blur(img, 3, 1.0), pixels(), kind)
    assert found.dtype == np.uint8
    assert np.abs(found - exact).max() < 0.51


# ---- at random


@every_kind
@pytest.mark.parametrize(
    "transform",
    [
        transforms.RandomRotation(40),
        transforms.RandomAffine(20, (0.1, 0.2), (0.8, 1.2), (-5, 5, -10, 10)),
        transforms.GaussianBlur(3),
    ],
    ids=lambda t: type(t).__name__,
)
def test_the_seed_decides_what_is_drawn(transform, kind):
    def drawn(seed):
        graphnn.manual_seed(seed)
        return [apply(transform, pixels(), kind).tobytes() for _ in range(4)]

    assert drawn(0) == drawn(0) != drawn(1)
    assert len(set(drawn(0))) == 4


def test_what_is_drawn_stays_within_its_range(monkeypatch):
    calls = []
    monkeypatch.setattr(F, "affine", lambda img, *settings: calls.append(settings))
    monkeypatch.setattr(F, "rotate", lambda img, *settings: calls.append(settings))
    affine = transforms.RandomAffine((10, 20), (0.1, 0.5), (2, 3), (1, 2, -4, -3), Mode.BILINEAR, 5, (1, 2))
    graphnn.manual_seed(0)
    for _ in range(100):
        affine(graphnn.zeros(1, 10, 40))
    angles, shifts, scales, shears, *_ = zip(*calls, strict=True)
    assert 10 <= min(angles) < 11 < 19 < max(angles) < 20
    assert {x for x, _ in shifts} == set(range(-4, 5))
    assert {y for _, y in shifts} == set(range(-5, 6))
    assert 2 <= min(scales) < max(scales) < 3
    assert all(1 <= x < 2 and -4 <= y < -3 for x, y in shears)
    assert calls[0][4:] == (Mode.BILINEAR, 5, (1, 2))
    calls.clear()
    for _ in range(100):
        transforms.RandomRotation(30)(graphnn.zeros(1, 2, 2))
    assert -30 <= min(calls)[0] < -28 < 28 < max(calls)[0] < 30


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: F.rotate(graphnn.ones(1, 2, 2), "1"), ArgumentTypeError, "angle should be int or float"),
        (lambda: F.rotate(graphnn.ones(1, 2, 2), 1, center=3), ArgumentTypeError, "center should be a sequence"),
        (lambda: F.rotate(graphnn.ones(1, 2, 2), 1, Mode.BICUBIC), ArgumentError, "turned by nearest or bilinear"),
        (lambda: F.rotate(graphnn.ones(3, 2, 2), 1, fill=(1, 2)), ArgumentError, r"\(2 != 3\)"),
        (
            lambda: F.affine(graphnn.ones(1, 2, 2), 1, (1,), 1, 0),
            ArgumentError,
            "translate should be a sequence of length 2",
        ),
        (lambda: F.affine(graphnn.ones(1, 2, 2), 1, (1, 1), 0, 0), ArgumentError, "scale should be positive"),
        (lambda: F.affine(graphnn.ones(1, 2, 2), 1, (1, 1), 1, (1, 2, 3)), ArgumentError, "Shear should be a sequence"),
        (lambda: F.gaussian_blur(graphnn.ones(1, 9, 9), 4), ArgumentError, "odd and positive"),
        (lambda: F.gaussian_blur(graphnn.ones(1, 9, 9), (3, 3, 3)), ArgumentError, "its length should be 2"),
        (lambda: F.gaussian_blur(graphnn.ones(1, 9, 9), 3, 0.0), ArgumentError, "sigma should have positive values"),
        (lambda: F.gaussian_blur(graphnn.ones(1, 3, 9), 7), ArgumentError, "reaches beyond the mirror image of 3"),
        (lambda: transforms.RandomRotation(-1), ArgumentError, "single number, it must be positive"),
        (lambda: transforms.RandomRotation("a"), ArgumentError, "sequence of length 2"),
        (lambda: transforms.RandomRotation(None), ArgumentTypeError, "sequence of length 2"),
        (lambda: transforms.RandomAffine(0, 0.1), ArgumentTypeError, "translate should be a sequence of length 2"),
        (lambda: transforms.RandomAffine(0, (1, 2)), ArgumentError, "translation values should be between 0 and 1"),
        (lambda: transforms.RandomAffine(0, scale=(0, 2)), ArgumentError, "scale values should be positive"),
        (lambda: transforms.RandomAffine(0, shear=(1, 2, 3)), ArgumentError, "sequence of length 2 or 4"),
        (lambda: transforms.GaussianBlur(2), ArgumentError, "odd and positive"),
        (lambda: transforms.GaussianBlur(3, (2, 1)), ArgumentError, "sigma values should be positive"),
    ],
)
def test_wrong_arguments_are_refused_in_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
