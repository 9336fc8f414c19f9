"""Padding layers, and layers that move elements between channels and space."""

from tests.nn.parity.row import Row, normal

SHAPES = {1: (3, 6), 2: (3, 5, 6), 3: (2, 4, 5, 6)}
SIDES = {1: (2, 1), 2: (1, 2, 3, 0), 3: (1, 2, 0, 3, 2, 1)}
CUT = {1: (-1, 2), 2: (2, -1, -2, 1), 3: (-1, 1, 1, -1, 0, 2)}


def _rows(kind: str, *value: float) -> list[Row]:
    found = []
    for dims, shape in SHAPES.items():
        name = f"{kind}Pad{dims}d"
        found += [
            Row(name, (2, *value), inputs=[normal(2, *shape)]),
            Row(name, (SIDES[dims], *value), inputs=[normal(2, *shape)]),
            Row(name, (SIDES[dims], *value), inputs=[normal(*shape)]),
            Row(name, (CUT[dims], *value), inputs=[normal(2, *shape)]),
            Row(name, (0, *value), inputs=[normal(2, *shape)]),
        ]
    return found


ROWS = [
    *_rows("Reflection"),
    *_rows("Replication"),
    *_rows("Circular"),
    *_rows("Constant", 3.5),
    *_rows("Zero"),
    Row("PixelShuffle", (2,), inputs=[normal(2, 8, 3, 4)]),
    Row("PixelShuffle", (3,), inputs=[normal(9, 2, 3)]),
    Row("PixelShuffle", (1,), inputs=[normal(2, 2, 3, 2, 3)]),
    Row("PixelUnshuffle", (2,), inputs=[normal(2, 3, 4, 6)]),
    Row("PixelUnshuffle", (3,), inputs=[normal(2, 3, 6)]),
    Row("ChannelShuffle", (2,), inputs=[normal(2, 6, 3, 4)]),
    Row("ChannelShuffle", (3,), inputs=[normal(2, 6, 3)]),
    Row("ChannelShuffle", (3,), inputs=[normal(2, 6, 2, 3, 2)]),
]
