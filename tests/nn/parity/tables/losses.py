"""Losses: every reduction, weights, and the options of each."""

from typing import Any

import numpy as np

from tests.nn.parity.row import Row, normal, uniform

REDUCTIONS = ("mean", "sum", "none")
LEGACY = ({"size_average": False}, {"reduce": False}, {"size_average": True, "reduce": True})


def numbers(*shape: int, seed: int = 0, low: float = 0.1, high: float = 0.9) -> np.ndarray:
    return np.asarray(np.random.default_rng([seed, *shape]).uniform(low, high, shape), np.float32)


def whole(*shape: int, high: int, low: int = 0, seed: int = 0) -> np.ndarray:
    return np.asarray(np.random.default_rng([seed, *shape]).integers(low, high, shape))


def signs(*shape: int, dtype: str = "f4") -> np.ndarray:
    return np.asarray(np.where(numbers(*shape, seed=9) < 0.5, -1, 1), dtype)


def reductions(name: str, inputs: Any, *options: dict[str, Any], legacy: bool = True, **call: Any) -> list[Row]:
    """Each reduction with each set of options, and the older ways to name reductions."""
    ways: list[dict[str, Any]] = [{"reduction": r} for r in REDUCTIONS]
    rows = [{**o, **w} for o in (options or ({},)) for w in ways]
    return [Row(name, (), k, inputs, call) for k in [*rows, *(LEGACY if legacy else ())]]


PAIR = [normal(3, 4), normal(3, 4)]
LOGITS = [normal(4, 5)]
IMAGES = [normal(2, 5, 3, 2)]
CLASSES = numbers(5, seed=1)

BASIC = [
    *reductions("MSELoss", PAIR),
    *reductions("L1Loss", PAIR),
    Row("MSELoss", inputs=[np.array(0.3, "f4"), np.array(-1.2, "f4")]),
    *reductions("SmoothL1Loss", PAIR, {}, {"beta": 0.4}, {"beta": 0.0}),
    *reductions("HuberLoss", PAIR, {}, {"delta": 0.3}, legacy=False),
    *reductions("SoftMarginLoss", [normal(3, 4)], target=signs(3, 4)),
    *reductions("HingeEmbeddingLoss", [normal(3, 4)], {}, {"margin": 0.2}, target=signs(3, 4)),
    *reductions("PoissonNLLLoss", [normal(3, 4), uniform(3, 4, low=0.2, high=4)], {"full": True}, {}),
    *reductions(
        "PoissonNLLLoss", [uniform(3, 4, low=0.1)], {"log_input": False, "eps": 1e-3}, target=numbers(3, 4, high=4)
    ),
    *reductions("GaussianNLLLoss", [*PAIR, uniform(3, 4, low=0.1)], {}, {"full": True}, {"eps": 0.4}, legacy=False),
    Row("GaussianNLLLoss", inputs=[*PAIR, uniform(3, 1, low=0.1)]),
    Row("GaussianNLLLoss", inputs=[*PAIR, uniform(3, low=0.1)]),
    Row("GaussianNLLLoss", inputs=[*PAIR, 0.3]),
]

CLASSIFYING = [
    *reductions(
        "CrossEntropyLoss",
        LOGITS,
        {},
        {"weight": CLASSES, "ignore_index": 2},
        {"label_smoothing": 0.2, "weight": CLASSES},
        {"label_smoothing": 0.1, "ignore_index": 1},
        target=np.array([0, 2, 1, 4]),
    ),
    *reductions("CrossEntropyLoss", IMAGES, {"weight": CLASSES}, {}, legacy=False, target=whole(2, 3, 2, high=5)),
    *reductions("CrossEntropyLoss", [*LOGITS, uniform(4, 5)], {"label_smoothing": 0.3, "weight": CLASSES}, {}),
    Row("CrossEntropyLoss", inputs=[normal(5)], call={"target": np.array(3)}),
    Row("CrossEntropyLoss", inputs=[normal(5), uniform(5)]),
    *reductions("NLLLoss", LOGITS, {}, {"weight": CLASSES, "ignore_index": 2}, target=np.array([0, 2, 1, 4])),
    *reductions("NLLLoss", IMAGES, {"weight": CLASSES}, {}, legacy=False, target=whole(2, 3, 2, high=5)),
    Row("NLLLoss", inputs=[normal(5)], call={"target": np.array(3)}),
    *reductions("MultiMarginLoss", LOGITS, {}, {"p": 2, "margin": 0.4, "weight": CLASSES}, target=whole(4, high=5)),
    Row("MultiMarginLoss", inputs=[normal(5)], call={"target": np.array(3)}),
    Row("MultiMarginLoss", (), {"reduction": "none"}, [normal(5)], {"target": np.array([3])}),
    *reductions(
        "MultiLabelMarginLoss",
        LOGITS,
        target=np.array([[1, 4, -1, 2, 0], [-1, 0, 0, 0, 0], [0, 1, 2, 3, 4], [2, 2, -1, -1, 1]]),
    ),
    *reductions("MultiLabelMarginLoss", [normal(4)], legacy=False, target=np.array([3, 0, -1, 1])),
    *reductions("MultiLabelSoftMarginLoss", LOGITS, {}, {"weight": CLASSES}, target=signs(4, 5) * 0.5 + 0.5),
    Row("MultiLabelSoftMarginLoss", inputs=[normal(5), uniform(5)]),
]

BINARY = [
    *reductions("BCELoss", [uniform(3, 5), uniform(3, 5)], {}, {"weight": CLASSES}),
    Row(
        "BCELoss",
        (numbers(3, 1),),
        {"reduction": "none"},
        [np.array([[0, 1], [0.5, 1], [1, 0]], "f4")],
        {"target": np.array([[0, 1], [1, 0], [1, 1]], "f4")},
        compiled=True,
    ),
    *reductions(
        "BCEWithLogitsLoss",
        [normal(3, 5, scale=5), uniform(3, 5)],
        {},
        {"weight": numbers(3, 1)},
        {"pos_weight": numbers(5, high=3)},
        {"weight": CLASSES, "pos_weight": numbers(5, high=3)},
    ),
    *reductions("KLDivLoss", PAIR, {"log_target": True}, legacy=False),
    *reductions("KLDivLoss", [normal(3, 4), uniform(3, 4, low=0.1)]),
    *(
        Row("KLDivLoss", (), {"reduction": "batchmean", "log_target": o}, [normal(3, 4), uniform(3, 4, low=0.1)])
        for o in (True, False)
    ),
]


def distance(a: Any, b: Any) -> Any:
    return (a - b).abs().sum(-1)


THREE = [normal(4, 6), normal(4, 6), normal(4, 6)]
RANKING = [
    *reductions("MarginRankingLoss", PAIR, {}, {"margin": 0.7}, target=signs(3, 4)),
    *reductions("CosineEmbeddingLoss", [normal(6, 4), normal(6, 4)], {}, {"margin": -0.3}, target=signs(6)),
    Row("CosineEmbeddingLoss", inputs=[normal(4), normal(4)], call={"target": np.array(-1.0, np.float32)}),
    *reductions("TripletMarginLoss", THREE, {}, {"margin": 3.0, "swap": True}, {"p": 1.0}, {"p": 3.0, "eps": 1e-3}),
    Row("TripletMarginLoss", inputs=[normal(6), normal(6), normal(6)]),
    *reductions("TripletMarginWithDistanceLoss", THREE, {}, {"margin": 3.0, "swap": True}, legacy=False),
    *reductions("TripletMarginWithDistanceLoss", THREE, {"distance_function": distance}, legacy=False),
    *(Row("PairwiseDistance", (), {"p": p}, PAIR) for p in (2.0, 1.0, 3.0, float("inf"))),
    Row("PairwiseDistance", (), {"keepdim": True, "eps": 0.1}, PAIR),
]

LABELS = np.array([[1, 2, 2], [3, 1, 4], [2, 0, 0]])
STEPS, COUNTS = np.array([7, 6, 5]), np.array([3, 3, 1])
CTC = [
    *reductions(
        "CTCLoss",
        [normal(7, 3, 5)],
        {},
        {"zero_infinity": True},
        legacy=False,
        targets=LABELS,
        input_lengths=STEPS,
        target_lengths=COUNTS,
    ),
    *reductions(
        "CTCLoss",
        [normal(7, 3, 5)],
        {"blank": 4},
        legacy=False,
        targets=np.array([1, 2, 2, 0, 3]),
        input_lengths=STEPS,
        target_lengths=np.array([3, 0, 2]),
    ),
    *reductions(  # targets that do not fit
        "CTCLoss",
        [normal(3, 3, 5)],
        {"zero_infinity": True},
        legacy=False,
        targets=LABELS,
        input_lengths=np.array([3, 2, 3]),
        target_lengths=COUNTS,
    ),
    *reductions(
        "CTCLoss",
        [normal(7, 5)],
        legacy=False,
        targets=LABELS[0],
        input_lengths=np.array(7),
        target_lengths=np.array(3),
    ),
    *reductions(
        "CTCLoss", [normal(7, 3, 5)], legacy=False, targets=LABELS, input_lengths=(7, 6, 5), target_lengths=(3, 3, 1)
    ),
]

TARGETS = np.array([0, 9, 3, 5, 2, 7])
LAYERED = [
    Row("AdaptiveLogSoftmaxWithLoss", (16, 10, [3, 6]), {}, [normal(6, 16)], {"target_": TARGETS}),
    Row(
        "AdaptiveLogSoftmaxWithLoss",
        (8, 10, [2, 4, 8]),
        {"div_value": 2.0, "head_bias": True},
        [normal(6, 8)],
        {"target_": TARGETS},
    ),
    Row("AdaptiveLogSoftmaxWithLoss", (8, 10, [3]), {}, [normal(8)], {"target_": np.array(5)}),
    *(
        Row("LinearCrossEntropyLoss", (4, 5), {"reduction": r, **options}, [normal(6, 4)], {"target": whole(6, high=5)})
        for r in REDUCTIONS
        for options in ({}, {"bias": True, "weight": CLASSES, "ignore_index": 1}, {"label_smoothing": 0.2})
    ),
    Row("LinearCrossEntropyLoss", (4, 5), {"bias": True}, [normal(6, 4), uniform(6, 5)]),
    Row("LinearCrossEntropyLoss", (4, 5), {}, [normal(4)], {"target": np.array(2)}),
    Row(
        "LinearCrossEntropyLoss",
        (4, 5),
        {"out_features": (2, 3), "bias": True},
        [normal(6, 4)],
        {"target": whole(6, 2, 3, high=5)},
    ),
]

ROWS = [*BASIC, *CLASSIFYING, *BINARY, *RANKING, *CTC, *LAYERED]
