"""Upsampling in every mode, by size and by factor."""

from tests.nn.parity.row import Row, normal

SIGNAL, IMAGE, VOLUME = [normal(2, 3, 7)], [normal(2, 3, 5, 6)], [normal(2, 2, 3, 4, 5)]
INPUTS = {"linear": SIGNAL, "bilinear": IMAGE, "bicubic": IMAGE, "trilinear": VOLUME}

SMOOTH = [
    Row("Upsample", (), {"mode": mode, "align_corners": align, **given}, inputs=inputs)
    for mode, inputs in INPUTS.items()
    for align in (None, False, True)
    for given in ({"scale_factor": 2}, {"scale_factor": 1.7}, {"size": 4}, {"size": 1})
]

COPYING = [
    Row("Upsample", (), {"mode": mode, **given}, inputs=inputs)
    for mode in ("nearest", "nearest-exact", "area")
    for inputs in (SIGNAL, IMAGE, VOLUME)
    for given in ({"scale_factor": 2}, {"scale_factor": 1.7}, {"scale_factor": 0.6}, {"size": 4})
]

ROWS = [
    *SMOOTH,
    *COPYING,
    Row("Upsample", ((8, 3),), inputs=IMAGE),
    Row("Upsample", (), {"scale_factor": (2, 1.5)}, inputs=IMAGE),
    Row("Upsample", (), {"scale_factor": 1.6, "recompute_scale_factor": True, "mode": "bilinear"}, inputs=IMAGE),
    Row("Upsample", (), {"scale_factor": (1.6, 0.7), "recompute_scale_factor": True}, inputs=IMAGE),
    Row("UpsamplingNearest2d", (), {"scale_factor": 2}, inputs=IMAGE),
    Row("UpsamplingNearest2d", ((4, 9),), inputs=IMAGE),
    Row("UpsamplingBilinear2d", (), {"scale_factor": 2}, inputs=IMAGE),
    Row("UpsamplingBilinear2d", (7,), inputs=IMAGE),
]
