"""Normalisations."""

from typing import Any

from tests.nn.parity.row import Row, normal

BATCHED = {"1d": (4, 6, 5), "2d": (3, 6, 4, 5), "3d": (2, 6, 3, 4, 2)}
BATCH_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"eps": 1e-3, "momentum": 0.3},
    {"momentum": None},
    {"affine": False},
    {"bias": False},
    {"track_running_stats": False},
    {"affine": False, "track_running_stats": False},
)
INSTANCE_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"affine": True},
    {"affine": True, "bias": False},
    {"track_running_stats": True},
    {"affine": True, "track_running_stats": True, "momentum": 0.4, "eps": 1e-2},
)

ROWS = [
    *(
        Row(f"BatchNorm{kind}", (6,), options, inputs=[normal(*shape, scale=2.0, shift=1.0)])
        for kind, shape in BATCHED.items()
        for options in BATCH_OPTIONS
    ),
    Row("BatchNorm1d", (6,), inputs=[normal(8, 6)]),
    *(
        Row(f"InstanceNorm{kind}", (6,), options, inputs=[normal(*given, scale=2.0, shift=1.0)])
        for kind, shape in BATCHED.items()
        for options in INSTANCE_OPTIONS
        for given in (shape, shape[1:])
    ),
    *(
        Row("GroupNorm", (groups, 6), options, inputs=[normal(*shape, shift=1.0)])
        for groups in (1, 2, 6)
        for options in ({}, {"affine": False}, {"bias": False, "eps": 1e-2})
        for shape in ((2, 6, 4, 5), (3, 6, 5), (4, 6))
        if not (groups == 6 and len(shape) == 2)
    ),
    *(
        Row("LayerNorm", (sizes,), options, inputs=[normal(*shape, shift=1.0)])
        for sizes, shape in ((5, (4, 5)), ((4, 5), (2, 3, 4, 5)), ([5], (5,)), ((3, 4, 5), (3, 4, 5)))
        for options in ({}, {"elementwise_affine": False}, {"bias": False}, {"eps": 0.1})
    ),
    *(
        Row("RMSNorm", (sizes,), options, inputs=[normal(*shape, shift=1.0)])
        for sizes, shape in ((5, (4, 5)), ((4, 5), (2, 3, 4, 5)), ((5,), (5,)))
        for options in ({}, {"elementwise_affine": False}, {"eps": 0.1})
    ),
    *(
        Row("LocalResponseNorm", (size,), options, inputs=[normal(*shape)])
        for size in (1, 2, 3, 5)
        for options in ({}, {"alpha": 0.5, "beta": 0.6, "k": 2.0})
        for shape in ((2, 6, 4), (2, 6, 4, 3), (2, 4, 3, 2, 2))
    ),
]
