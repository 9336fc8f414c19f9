"""Embeddings and bags of them."""

from typing import Any

import numpy as np

from tests.nn.parity.row import Row, integers, normal

MODES = ("sum", "mean", "max")
OFFSETS = np.array([0, 3, 3, 7])
BAG_OPTIONS: tuple[dict[str, Any], ...] = ({}, {"padding_idx": 4}, {"padding_idx": -1})

ROWS = [
    *(
        Row("Embedding", (6, 3), options, inputs=[integers(*shape, high=6)])
        for shape in ((2, 4), (5,), ())
        for options in ({}, {"padding_idx": 2}, {"padding_idx": -1}, {"scale_grad_by_freq": True})
    ),
    Row("Embedding", (6, 3), {"max_norm": 1.0}, inputs=[integers(2, 3, high=4)]),
    Row("Embedding", (6, 3), {"max_norm": 0.5, "norm_type": 1.0}, inputs=[integers(2, 3, high=4)]),
    *(
        Row("EmbeddingBag", (6, 3), {"mode": mode, **options}, inputs=[integers(4, 5, high=6)])
        for mode in MODES
        for options in BAG_OPTIONS
    ),
    *(
        Row("EmbeddingBag", (6, 3), {"mode": mode, **options}, inputs=[integers(9, high=6), OFFSETS])
        for mode in MODES
        for options in BAG_OPTIONS
    ),
    *(
        Row(
            "EmbeddingBag",
            (6, 3),
            {"mode": mode, "include_last_offset": True},
            inputs=[integers(9, high=6), np.array([0, 2, 2, 9])],
        )
        for mode in MODES
    ),
    *(
        Row("EmbeddingBag", (6, 3), {"mode": "sum", **options}, inputs=[integers(9, high=6), OFFSETS, normal(9)])
        for options in BAG_OPTIONS
    ),
    Row("EmbeddingBag", (6, 3), {"max_norm": 1.0}, inputs=[integers(4, 5, high=5)]),
]
