"""Convolutions, transposed convolutions, Fold and Unfold."""

from typing import Any

from tests.nn.parity.row import Row, normal

SIZES = ((9,), (7, 8), (6, 5, 7))
MODES = ("zeros", "reflect", "replicate", "circular")


def image(n: int, channels: int = 4, batch: int | None = 2) -> list[Any]:
    """An input with n spatial dimensions, without a batch where `batch` is None."""
    return [normal(*(() if batch is None else (batch,)), channels, *SIZES[n - 1])]


def per_dim(n: int, *values: int) -> tuple[int, ...]:
    return values[:n]


def convolutions(n: int) -> list[Row]:
    name = f"Conv{n}d"
    options: list[dict[str, Any]] = [
        {},
        {"bias": False},
        {"stride": 2, "padding": 1},
        {"stride": per_dim(n, 2, 3, 1), "padding": per_dim(n, 1, 0, 2), "dilation": per_dim(n, 2, 1, 2)},
        {"groups": 2},
        {"groups": 4, "padding": 1},
        {"padding": "valid", "dilation": 2},
        {"padding": "same"},
        {"padding": "same", "dilation": per_dim(n, 2, 1, 1), "bias": False},
        *({"padding": per_dim(n, 2, 1, 1), "padding_mode": mode} for mode in MODES),
        *({"padding": "same", "padding_mode": mode, "groups": 2} for mode in MODES),
        *({"padding": 1, "padding_mode": mode, "stride": 2} for mode in MODES[1:]),
        {"padding": "valid", "padding_mode": "reflect"},
    ]
    kernel = per_dim(n, 3, 2, 3)
    return [
        *(Row(name, (4, 8, kernel), given, inputs=image(n)) for given in options),
        Row(name, (4, 6, 1), inputs=image(n)),
        Row(name, (4, 6, 4), {"padding": "same"}, inputs=image(n)),
        Row(name, (4, 6, 4), {"padding": "same", "padding_mode": "circular"}, inputs=image(n)),
        Row(name, (4, 6, 3), inputs=image(n, batch=None)),
        *(Row(name, (4, 6, 3, 2, 1), {"padding_mode": mode}, inputs=image(n, batch=None)) for mode in MODES[1:]),
        Row(name, (1, 2, 3), inputs=image(n, channels=1, batch=17)),
        *(Row(name, (4, 6, kernel), inputs=image(n, batch=0)) for kernel in (1, 3)),
    ]


def transposed(n: int) -> list[Row]:
    name = f"ConvTranspose{n}d"
    options: list[dict[str, Any]] = [
        {},
        {"bias": False},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"stride": per_dim(n, 2, 3, 1), "padding": per_dim(n, 1, 0, 2), "output_padding": per_dim(n, 1, 2, 0)},
        {"dilation": 2, "padding": 1},
        {"dilation": 3, "stride": 2, "output_padding": 2},
        {"dilation": 3, "output_padding": 1, "padding": 2},
        {"groups": 2},
        {"groups": 4, "stride": 2, "bias": False},
    ]
    strided = image(n), {"stride": 2}
    largest = [2 * size + 2 for size in SIZES[n - 1]]
    return [
        *(Row(name, (4, 8, per_dim(n, 3, 2, 3)), given, inputs=image(n)) for given in options),
        Row(name, (4, 6, 1), inputs=image(n)),
        Row(name, (4, 6, 3), inputs=image(n, batch=None)),
        *(Row(name, (4, 6, kernel), inputs=image(n, batch=0)) for kernel in (1, 3)),
        Row(name, (4, 6, 3), strided[1], inputs=strided[0], call={"output_size": largest}),
        Row(name, (4, 6, 3), strided[1], inputs=image(n, batch=None), call={"output_size": (6, *largest)}),
        Row(name, (4, 6, 3), strided[1], inputs=strided[0], call={"output_size": (2, 6, *largest)}),
    ]


WINDOWS: list[tuple[tuple[Any, ...], dict[str, Any], int]] = [
    ((2,), {}, 5 * 6),
    (((2, 3),), {"dilation": (2, 1)}, 4 * 5),
    ((3,), {"padding": 1, "stride": 2}, 3 * 4),
    (((2, 3),), {"padding": (1, 2), "stride": (2, 3), "dilation": 2}, 3 * 3),
]
COLUMNS = (4, 6, 9, 6)

ROWS = [
    *(row for n in (1, 2, 3) for row in (*convolutions(n), *transposed(n))),
    *(Row("Unfold", args, given, inputs=[normal(2, 3, 6, 7)]) for args, given, _ in WINDOWS),
    Row("Unfold", (2,), inputs=[normal(3, 6, 7)]),
    *(
        Row("Fold", ((6, 7), *args), given, inputs=[normal(2, 3 * depth, count)])
        for (args, given, count), depth in zip(WINDOWS, COLUMNS, strict=True)
    ),
    Row("Fold", (5, 2), inputs=[normal(2, 12, 16)]),
    Row("Fold", ((6, 7), 2), inputs=[normal(12, 30)]),
]
