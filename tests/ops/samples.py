"""The op table: for every op samples with its edge cases (0-d, one element, none, broadcasting, dtypes), and an oracle.

The generic tests in test_table.py run over all of it, and random graphs are drawn from it.
"""

from tests.ops import (
    samples_activation,
    samples_arithmetic,
    samples_attention,
    samples_convolution,
    samples_embedding_bag,
    samples_indexing,
    samples_linear_algebra,
    samples_losses,
    samples_movement,
    samples_nn,
    samples_normalization,
    samples_packed_weights,
    samples_pooling,
    samples_recurrent,
    samples_reduction,
    samples_scans,
    samples_selection,
    samples_sorting,
    samples_special,
)
from tests.ops.rows import Row

TABLE: tuple[Row, ...] = (
    *samples_activation.ROWS,
    *samples_arithmetic.ROWS,
    *samples_convolution.ROWS,
    *samples_attention.ROWS,
    *samples_recurrent.ROWS,
    *samples_reduction.ROWS,
    *samples_scans.ROWS,
    *samples_selection.ROWS,
    *samples_sorting.ROWS,
    *samples_special.ROWS,
    *samples_movement.ROWS,
    *samples_indexing.ROWS,
    *samples_embedding_bag.ROWS,
    *samples_linear_algebra.ROWS,
    *samples_losses.ROWS,
    *samples_nn.ROWS,
    *samples_normalization.ROWS,
    *samples_packed_weights.ROWS,
    *samples_pooling.ROWS,
)
ROWS: dict[str, Row] = {row.op: row for row in TABLE}
