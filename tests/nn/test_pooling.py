"""Pooling, padding, resampling and shuffling beyond the parity table: names, second gradients, refusals, equivalences."""

import numpy as np
import pytest

import graphnn
from graphnn import autograd
from graphnn.errors import GraphnnError
from tests.nn.both import LIBRARIES, OURS, array, failure, torch

F = OURS.nn.functional


def numbers(*shape: int, dtype: str = "f8") -> np.ndarray:
    return np.random.default_rng(shape).standard_normal(shape).astype(dtype)


SIGNAL, IMAGE, VOLUME = numbers(2, 4, 8), numbers(2, 4, 6, 8), numbers(2, 4, 4, 6, 8)
BY_DIMENSIONS = {1: SIGNAL, 2: IMAGE, 3: VOLUME}


def called(name: str, x: np.ndarray, *args, **kwargs):
    """How a function is called in either library, and on what."""
    return pytest.param(name, x, args, kwargs, id=f"{name}-{'-'.join(map(str, (*args, *kwargs.values())))}")


CALLS = [
    *(called(f"max_pool{d}d", x, 2) for d, x in BY_DIMENSIONS.items()),
    *(called(f"avg_pool{d}d", x, 3, 2, 1) for d, x in BY_DIMENSIONS.items()),
    *(called(f"adaptive_avg_pool{d}d", x, n) for d, x in BY_DIMENSIONS.items() for n in (1, 3)),
    *(called(f"adaptive_max_pool{d}d", x, 3) for d, x in BY_DIMENSIONS.items()),
    *(called(f"lp_pool{d}d", x, 2.0, 2) for d, x in BY_DIMENSIONS.items()),
    *(called("pad", x, (1, 2) * d, m) for d, x in BY_DIMENSIONS.items() for m in ("reflect", "replicate", "circular")),
    *(called("interpolate", x, mode=m, scale_factor=1.7) for x in BY_DIMENSIONS.values() for m in ("nearest", "area")),
    called("interpolate", SIGNAL, mode="linear", size=5),
    called("interpolate", IMAGE, mode="bilinear", size=(9, 4), align_corners=True),
    called("interpolate", IMAGE, mode="bicubic", scale_factor=0.6),
    called("interpolate", IMAGE, mode="bilinear", scale_factor=0.6, antialias=True),
    called("interpolate", IMAGE, mode="bicubic", size=(4, 10), antialias=True),
    called("interpolate", IMAGE, mode="lanczos", size=(4, 5), antialias=True),
    called("interpolate", VOLUME, mode="trilinear", size=(3, 7, 8)),
    called("pixel_shuffle", IMAGE, 2),
    called("pixel_unshuffle", IMAGE, 2),
    called("channel_shuffle", IMAGE, 2),
]


def gradients(library, name, x, args, kwargs):
    """The output's grad_fn name, and gradients of first and second order along seeded directions."""
    grad = torch.autograd.grad if library is torch else autograd.grad
    given = library.tensor(x)
    given.requires_grad_(True)
    out = getattr(library.nn.functional, name)(given, *args, **kwargs)
    seed = library.tensor(numbers(*out.shape))
    seed.requires_grad_(True)
    (first,) = grad((out,), (given,), (seed,), create_graph=True)
    second = grad((first,), (given, seed), (library.tensor(numbers(*first.shape)),), allow_unused=True)
    return out.grad_fn.name(), [out, first, *(g for g in second if g is not None)]


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), CALLS)
def test_gradients_of_both_orders_and_names_are_pytorchs(name, x, args, kwargs):
    wanted, found = (gradients(library, name, x, args, kwargs) for library in LIBRARIES)
    assert found[0] == wanted[0]
    for ours, theirs in zip(found[1][:2], wanted[1][:2], strict=True):
        np.testing.assert_allclose(array(ours), array(theirs), rtol=1e-9, atol=1e-10)
    nonzero = [[g for g in map(array, group[1][2:]) if np.any(g)] for group in (found, wanted)]
    for ours, theirs in zip(*nonzero, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)


def test_min_pooling_is_max_pooling_turned_over():
    x = OURS.tensor(IMAGE)
    wanted = IMAGE.reshape(2, 4, 3, 2, 4, 2).min((3, 5))
    np.testing.assert_array_equal(array(-F.max_pool2d(-x, 2)), wanted)


def test_unpooling_puts_back_what_pooling_picked():
    x = OURS.tensor(IMAGE)
    picked, indices = F.max_pool2d(x, 2, return_indices=True)
    whole = array(F.max_unpool2d(picked, indices, 2))
    np.testing.assert_array_equal(whole, np.where(whole != 0, IMAGE, 0))
    assert np.count_nonzero(whole) == picked.numel()


def test_windows_of_fractional_pooling_lie_elsewhere_at_each_call_and_follow_the_seed():
    x = OURS.tensor(numbers(1, 3, 20, 20))
    graphnn.manual_seed(0)
    first, second = (array(F.fractional_max_pool2d(x, 2, 9)) for _ in range(2))
    graphnn.manual_seed(0)
    again = array(F.fractional_max_pool2d(x, 2, 9))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, again)


def test_antialiased_images_of_one_column_are_right():
    """PyTorch 2.13 repeats the first row of the result there."""
    weights = np.array([7, 9, 11, 11, 9, 7]) / 54
    x = numbers(1, 1, 2, 6)
    found = F.interpolate(OURS.tensor(x), size=(4, 1), mode="bilinear", antialias=True)
    rows = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    np.testing.assert_allclose(array(found)[0, 0, :, 0], rows @ (x[0, 0] @ weights))


def test_whole_numbers_are_resampled_by_neighbours():
    x = np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3)
    found = F.interpolate(OURS.tensor(x), scale_factor=2)
    np.testing.assert_array_equal(array(found), x.repeat(2, 2).repeat(2, 3))


def refused(name: str, shape: tuple[int, ...], *args, **kwargs):
    return pytest.param(name, shape, args, kwargs, id=f"{name}-{shape}-{args}-{kwargs}")


REFUSED = [
    refused("max_pool1d", (8,), 2),
    refused("max_pool1d", (1, 2, 8), 20),
    refused("max_pool1d", (1, 2, 8), 2, padding=2),
    refused("max_pool3d", (8, 8, 8), 2),
    refused("max_pool3d", (1, 2, 4, 4, 4), (2, 2)),
    refused("max_pool3d", (1, 2, 4, 4, 4), 2, stride=0),
    refused("max_pool3d", (1, 2, 4, 4, 4), 5),
    refused("max_pool3d", (1, 2, 4, 4, 4), 2, padding=2),
    refused("avg_pool1d", (8,), 2),
    refused("avg_pool3d", (1, 2, 4, 4, 4), 5, padding=2),
    refused("avg_pool3d", (1, 2, 4, 4, 4), 2, divisor_override=0),
    refused("adaptive_avg_pool2d", (8, 8), 2),
    refused("adaptive_avg_pool2d", (1, 2, 8, 8), -1),
    refused("adaptive_avg_pool2d", (1, 2, 8, 8), (1, 2, 3)),
    refused("adaptive_avg_pool2d", (1, 2, 0, 8), 2),
    refused("adaptive_max_pool3d", (1, 8, 8), 2),
    refused("fractional_max_pool2d", (1, 2, 8, 8), 2),
    refused("fractional_max_pool2d", (1, 2, 8, 8), 3, 8),
    refused("pad", (1, 2, 8), (1, 1), "mirror"),
    refused("pad", (1, 2, 8), (8, 1), "reflect"),
    refused("pad", (1, 2, 8), (9, 1), "circular"),
    refused("pad", (1, 2, 8, 8), (1, 1), "replicate"),
    refused("pad", (1, 2, 8), (1, 1), "reflect", 2.0),
    refused("interpolate", (1, 2, 8)),
    refused("interpolate", (1, 2, 8), 3, 2.0),
    refused("interpolate", (1, 2, 8), (3, 3)),
    refused("interpolate", (1, 2, 8), scale_factor=(2.0, 2.0)),
    refused("interpolate", (1, 2, 8), 3, mode="smooth"),
    refused("interpolate", (1, 2, 8), 3, mode="bilinear"),
    refused("interpolate", (1, 2, 8), 3, align_corners=True),
    refused("interpolate", (1, 2, 8), 3, mode="linear", antialias=True),
    refused("interpolate", (1, 2, 8), 3, recompute_scale_factor=True),
    refused("interpolate", (1, 2, 8), 0),
    refused("interpolate", (2, 8), 3),
    refused("interpolate", (1, 2, 8, 8), 3, mode="lanczos"),
    refused("pixel_shuffle", (1, 4, 8, 8), 3),
    refused("pixel_shuffle", (8, 8), 2),
    refused("pixel_unshuffle", (1, 4, 8, 8), 3),
    refused("pixel_unshuffle", (1, 4, 8, 8), 0),
    refused("channel_shuffle", (1, 4, 8, 8), 3),
    refused("channel_shuffle", (4, 8), 2),
]


@pytest.mark.parametrize(("name", "shape", "args", "kwargs"), REFUSED)
def test_refuses_what_pytorch_refuses_with_an_error_of_its_type(name, shape, args, kwargs):
    def call(library):
        return getattr(library.nn.functional, name)(library.zeros(*shape), *args, **kwargs)

    check_kind(call)


def check_kind(call) -> None:
    wanted, found = failure(call, torch), failure(call, OURS)
    assert isinstance(found, type(wanted))
    assert isinstance(found, GraphnnError)
    assert str(found)


UNPOOLED = {
    "indices of floats": ((1, 4, 2, 2), "f4", {}),
    "indices of another shape": ((1, 4, 2, 1), "i8", {}),
    "a size too large": ((1, 4, 2, 2), "i8", {"output_size": (9, 9)}),
    "a size of one number": ((1, 4, 2, 2), "i8", {"output_size": (5,)}),
    "indices out of range": ((1, 4, 2, 2), "i8", {}),
}


@pytest.mark.parametrize("what", UNPOOLED)
def test_unpooling_refuses(what):
    shape, dtype, more = UNPOOLED[what]
    indices = np.full(shape, 99 if "range" in what else 0, dtype)
    check_kind(lambda t: t.nn.functional.max_unpool2d(t.zeros(1, 4, 2, 2), t.tensor(indices), 2, **more))


LAYERS = {
    "no size": lambda t: t.nn.FractionalMaxPool2d(2),
    "two sizes": lambda t: t.nn.FractionalMaxPool2d(2, 2, 0.5),
    "ratio": lambda t: t.nn.FractionalMaxPool3d(2, output_ratio=1.5),
    "kernel": lambda t: t.nn.FractionalMaxPool3d(0, 2),
    "circular": lambda t: t.nn.CircularPad2d(1)(t.zeros(3, 3)),
}


@pytest.mark.parametrize("what", LAYERS)
def test_layers_refuse(what):
    check_kind(LAYERS[what])
