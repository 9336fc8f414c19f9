"""Convolutions taken apart near their borders."""

from graphnn.backends.native.kernels.conv_grids import Grid, Grids, Tap, lay_out
from graphnn.backends.native.kernels.conv_layout import Image

TAPS = tuple(Tap(i, j, 3 * i + j) for i in range(3) for j in range(3))


def padded(size, n=1):
    return Image(n, 4, size, size, 1, 1, size + 2, size + 2)


def whole(size):
    return Grid(size, size, (0, 0), (1, 1), (0, 0), (1, 1), TAPS)


def results_of(made):
    for grid in made.grids:
        for h in range(grid.rows):
            for w in range(grid.columns):
                place = grid.place[0] + h * grid.step[0], grid.place[1] + w * grid.step[1]
                start = grid.start[0] + h * grid.stride[0], grid.start[1] + w * grid.stride[1]
                yield place, {(start[0] + t.h, start[1] + t.w): t.number for t in grid.taps}


def test_small_images_are_read_in_place_and_taps_outside_are_left_out():
    made = lay_out(padded(4, 8), [whole(4)], 6)
    assert made.image.is_plain
    read = dict(results_of(made))
    assert len(read) == 16
    for (h, w), taps in read.items():
        wanted = {(h + i - 1, w + j - 1): 3 * i + j for i in range(3) for j in range(3)}
        assert taps == {at: t for at, t in wanted.items() if 0 <= at[0] < 4 and 0 <= at[1] < 4}


def test_large_images_keep_their_borders():
    image = padded(56)
    made = lay_out(image, [whole(56)], 6)
    assert made.image == image
    assert made.grids == (whole(56),)


def full(kernel: int, size: int) -> Grids:
    """All results that a kernel touching an image of this size has."""
    taps = tuple(Tap(i, j, kernel * i + j) for i in range(kernel) for j in range(kernel))
    border, out = kernel - 1, size + kernel - 1
    image = Image(8, 16, size, size, border, border, size + 2 * border, size + 2 * border)
    return lay_out(image, [Grid(out, out, (0, 0), (1, 1), (0, 0), (1, 1), taps)], 10)


def test_large_kernels_on_small_images_are_taken_apart_along_one_axis_to_bound_the_code():
    made = full(4, 10)
    assert len(made.grids) == 7
    assert made.image == Image(8, 16, 10, 10, 0, 3, 10, 16)
    read = dict(results_of(made))
    assert len(read) == 169
    for (h, w), found in read.items():
        assert found == {(h + i - 3, w + j): 4 * i + j for i in range(4) for j in range(4) if 0 <= h + i - 3 < 10}


def test_larger_ones_keep_their_borders():
    made = full(5, 10)
    assert len(made.grids) == 1
    assert made.image == Image(8, 16, 10, 10, 4, 4, 18, 18)
