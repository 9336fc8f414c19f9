"""Activations."""

from typing import Any

from tests.nn.parity.row import Row, normal

X = [normal(3, 4, 6, scale=3.0)]
INPLACE: dict[str, Any] = {"inplace": True}


def rows(name: str, *options: tuple[Any, ...], inplace: bool = False) -> list[Row]:
    """The class with its defaults and with each set of arguments."""
    return [Row(name, args, inputs=X) for args in ((), *options)]


ROWS = [
    *rows("ELU", (0.7,)),
    *rows("CELU", (2.0,), (-0.5,)),
    *rows("SELU"),
    *rows("GELU", ("tanh",), ("none",)),
    *rows("GLU", (1,), (-1,)),
    *rows("Hardshrink", (1.5,)),
    *rows("Hardsigmoid", (False,)),
    *rows("Hardswish", (False,)),
    *rows("Hardtanh", (-2.0, 0.5)),
    *rows("LeakyReLU", (0.3,), (-0.5,), (1.5,)),
    *rows("LogSigmoid"),
    *rows("Mish"),
    *rows("PReLU", (4,), (4, 0.1)),
    *rows("ReLU6"),
    *rows("SiLU"),
    *rows("Softplus", (2.0,), (0.5, 1.0)),
    *rows("Softshrink", (1.5,), (0.0,)),
    *rows("Softsign"),
    *rows("Tanhshrink"),
    *rows("Softmax2d"),
    *(Row(name, (dim,), inputs=X) for name in ("Softmax", "LogSoftmax", "Softmin") for dim in (0, 1, -1)),
    *(Row(name, (0,), inputs=[normal(5)]) for name in ("Softmax", "LogSoftmax", "Softmin")),
    Row("Softmax2d", inputs=[normal(2, 3, 4, 5)]),
    Row("Threshold", (0.1, 20.0), inputs=X),
    Row("Threshold", (-1.0, 0.0), inputs=X),
    Row("RReLU", inputs=X, random=True),
    Row("RReLU", (0.2, 0.2), inputs=X),
    Row("RReLU", (0.1, 0.3), inputs=X, modes=("eval",)),
    Row("PReLU", inputs=[normal(5)]),
    Row("GLU", inputs=[normal(6)]),
    *(Row(name, inputs=[normal(7)]) for name in ("ReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "Mish", "ELU")),
]
