"""The rows of the layers' ops: convolution, pooling, normalisation, losses, dropout, embedding."""

from tests.ops.rows import Row

ROWS: tuple[Row, ...] = ()
