"""Dropouts, and layers of two inputs."""

import math

from tests.nn.parity.row import Row, normal

DROPOUTS = {
    "Dropout": ((3, 4), (7,)),
    "Dropout1d": ((3, 4, 5), (4, 5)),
    "Dropout2d": ((3, 4, 5, 2),),
    "Dropout3d": ((3, 4, 2, 2, 2), (4, 2, 2, 2)),
    "AlphaDropout": ((3, 4), (7,)),
    "FeatureAlphaDropout": ((3, 4, 5), (3, 4)),
}

ROWS = [
    *(
        Row(name, args, inputs=[normal(*shape)], random=True)
        for name, shapes in DROPOUTS.items()
        for shape in shapes
        for args in ((), (0.2,), (0.9,))
    ),
    *(Row(name, (1.0,), inputs=[normal(*shapes[0])]) for name, shapes in DROPOUTS.items()),
    *(Row(name, (0.0,), inputs=[normal(*shapes[0])]) for name, shapes in DROPOUTS.items()),
    *(
        Row("Bilinear", (3, 4, 5), {"bias": bias}, inputs=[normal(*lead, 3), normal(*lead, 4)])
        for bias in (True, False)
        for lead in ((6,), (2, 3), ())
    ),
    *(
        Row("CosineSimilarity", (dim,), inputs=[normal(4, 3, 5), normal(*other)])
        for dim in (0, 1, -1)
        for other in ((4, 3, 5), (4, 1, 5))
    ),
    Row("CosineSimilarity", (), {"eps": 10.0}, inputs=[normal(4, 3), normal(4, 3)]),
    *(
        Row("PairwiseDistance", (p,), options, inputs=[normal(4, 5), normal(4, 5)])
        for p in (1.0, 2.0, 3.5, math.inf)
        for options in ({}, {"keepdim": True}, {"eps": 0.1})
    ),
    Row("PairwiseDistance", inputs=[normal(5), normal(5)]),
]
