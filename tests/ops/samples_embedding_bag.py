"""The rows of embedding_bag."""

from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, ints, sample

TABLE = floats(6, 3)
INDICES = ints(9, low=0, high=6)
OFFSETS = np.array([0, 2, 2, 7])
ENDED = np.array([0, 2, 2, 9])


def samples(mode: str) -> tuple[Sample, ...]:
    """Empty bags, padding (which has no gradient), no indices at all, an end among the offsets."""
    return (
        sample(TABLE, INDICES, OFFSETS, mode=mode),
        sample(TABLE, INDICES, OFFSETS, mode=mode, padding_idx=int(INDICES[3]), grad=False),
        sample(TABLE, INDICES, ENDED, mode=mode, include_last_offset=True),
        sample(TABLE, ints(0, low=0), np.array([0, 0]), mode=mode),
        sample(floats(6, 3, dtype="f8"), INDICES.astype("i4"), OFFSETS.astype("i4"), mode=mode),
    )


WEIGHTED = (
    sample(TABLE, INDICES, OFFSETS, floats(9), mode="sum"),
    sample(TABLE, INDICES, OFFSETS, floats(9), mode="sum", padding_idx=int(INDICES[3]), grad=False),
)


def embedding_bag(
    weight: Any,
    indices: Any,
    offsets: Any,
    scales: Any = None,
    mode: str = "mean",
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """PyTorch's values, and what else the op gives written out bag by bag."""
    out = torch.nn.functional.embedding_bag(
        indices,
        weight,
        offsets,
        mode=mode,
        per_sample_weights=scales,
        include_last_offset=include_last_offset,
        padding_idx=padding_idx,
    )
    starts = offsets[:-1] if include_last_offset else offsets
    ends = [*starts.tolist()[1:], len(indices)]
    bags = [range(a, b) for a, b in zip(starts.tolist(), ends, strict=True)]
    kept = [[i for i in bag if indices[i] != padding_idx] for bag in bags]
    found = [b for b, bag in enumerate(bags) for _ in bag]
    winners = [
        [max(k, key=lambda i: weight[indices[i], d].item()) if k else None for d in range(weight.shape[1])]
        for k in kept
    ]
    rows = [[-1 if i is None else int(indices[i]) for i in w] for w in winners] if mode == "max" else []
    lists = (found, [len(k) for k in kept], rows)
    return out, *(torch.tensor(np.array(a, dtype=np.int64)) for a in lists)


ROWS = (
    Row(
        "embedding_bag",
        (*samples("sum"), *samples("mean"), *samples("max"), *WEIGHTED),
        torch=embedding_bag,
    ),
)
