"""Linear layers, the classic activations and containers."""

from tests.nn.parity.row import Row, normal

ROWS = [
    Row("Linear", (4, 3), inputs=[normal(5, 4)]),
    Row("Linear", (4, 3), {"bias": False}, inputs=[normal(4)]),
    Row("Linear", (4, 3), inputs=[normal(2, 5, 4)]),
    Row("ReLU", inputs=[normal(3, 4)]),
    Row("Sigmoid", inputs=[normal(3, 4)]),
    Row("Tanh", inputs=[normal(3, 4)]),
    Row("Identity", inputs=[normal(3, 4)]),
    Row("Flatten", inputs=[normal(2, 3, 4)]),
    Row("Flatten", (0, 1), inputs=[normal(2, 3, 4)]),
    Row("Unflatten", (1, (2, 3)), inputs=[normal(4, 6)]),
]
