"""Attention of many heads, and transformers. Dropout is zero, but in rows of evaluation alone."""

from typing import Any

import numpy as np

from tests.nn.parity.row import OfLibrary, Row, normal

N, L, S, E = 2, 4, 5, 8
ROUNDS = np.random.default_rng(5)
SEEN = np.triu(np.ones((L, L), bool), 1)  # true: hidden
SOME = np.array([[False, True, False, False, True], [False, False, False, False, True]])
LATE = np.array([[False, False, False, True], [False, False, False, False]])
ACROSS = ROUNDS.random((L, S)) < 0.3
A_HEAD = ROUNDS.random((N * 2, L, S)) < 0.3
ACROSS[:, 0] = A_HEAD[:, :, 0] = False


def numbers(mask: np.ndarray) -> np.ndarray:
    """The mask as numbers to add, some of them finite."""
    drawn = np.random.default_rng(6).standard_normal(mask.shape)
    return np.where(mask, -np.inf, drawn).astype(np.float32)


def causal(size: int) -> np.ndarray:
    return np.where(np.triu(np.ones((size, size), bool), 1), -np.inf, 0.0).astype(np.float32)


def shaped(*sizes: tuple[int, int], batch_first: bool = False, batch: int | None = N) -> list[Any]:
    """Sequences (length, features), with a batch dimension where there is one."""
    shapes = [(n, e) if batch is None else (batch, n, e) if batch_first else (n, batch, e) for n, e in sizes]
    return [normal(*shape) for shape in shapes]


# ---- MultiheadAttention

CROSS = ((L, E), (S, E), (S, E))
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True},
    {"add_bias_kv": True, "add_zero_attn": True, "bias": False},
    {"batch_first": True},
    {"batch_first": True, "add_bias_kv": True, "add_zero_attn": True},
)
CALLS: tuple[dict[str, Any], ...] = (
    {},
    {"need_weights": False},
    {"average_attn_weights": False},
    {"key_padding_mask": SOME},
    {"key_padding_mask": SOME, "need_weights": False},
    {"key_padding_mask": numbers(SOME), "attn_mask": numbers(ACROSS)},
    {"attn_mask": ACROSS},
    {"attn_mask": ACROSS, "key_padding_mask": SOME, "need_weights": False},
    {"attn_mask": numbers(ACROSS), "need_weights": False},
    {"attn_mask": A_HEAD, "average_attn_weights": False},
    {"attn_mask": A_HEAD, "need_weights": False},
    {"attn_mask": numbers(A_HEAD)},
)
KINDS: tuple[tuple[dict[str, Any], tuple[int, int]], ...] = (
    ({"kdim": 6, "vdim": 7}, (6, 7)),
    ({"kdim": 6}, (6, E)),
    ({"vdim": 3, "bias": False, "add_bias_kv": True}, (E, 3)),
)

HEADS = [
    *(
        Row("MultiheadAttention", (E, 2), options, shaped(*CROSS, batch_first=bool(options.get("batch_first"))), call)
        for options in OPTIONS
        for call in CALLS
    ),
    *(
        Row("MultiheadAttention", (E, 4), options, shaped((L, E), (S, k), (S, v)), call)
        for options, (k, v) in KINDS
        for call in ({}, {"need_weights": False}, {"key_padding_mask": SOME, "attn_mask": ACROSS})
    ),
    *(
        Row("MultiheadAttention", (E, 2), options, shaped(*CROSS, batch=None), call)
        for options in ({}, {"batch_first": True}, {"add_bias_kv": True, "add_zero_attn": True})
        for call in (
            {},
            {"key_padding_mask": SOME[0]},
            {"attn_mask": A_HEAD[:2], "average_attn_weights": False},
            {"attn_mask": ACROSS, "need_weights": False},
        )
    ),
    *(
        Row("MultiheadAttention", (E, 2), {}, shaped(*((L, E),) * 3), {"attn_mask": mask, "is_causal": True, **call})
        for mask in (SEEN, causal(L))
        for call in ({}, {"need_weights": False}, {"key_padding_mask": LATE})
    ),
    Row("MultiheadAttention", (E, 2), {"dropout": 0.3}, shaped(*CROSS), modes=("eval",)),
    Row("MultiheadAttention", (E, 1), {"dropout": 0.3}, shaped(*CROSS), {"need_weights": False}, random=True),
]

# ---- layers

LAYERS: tuple[dict[str, Any], ...] = (
    {},
    {"activation": "gelu"},
    {"activation": OfLibrary(lambda library: library.nn.functional.silu)},
    {"activation": OfLibrary(lambda library: library.nn.Tanh())},
    {"norm_first": True},
    {"norm_first": True, "batch_first": True, "layer_norm_eps": 0.1},
    {"bias": False},
    {"batch_first": True},
)
OWN_MASKS: tuple[dict[str, Any], ...] = (
    {},
    {"mask": SEEN},
    {"mask": causal(L), "is_causal": True},
    {"key_padding_mask": LATE},
    {"mask": SEEN, "key_padding_mask": LATE, "is_causal": True},
    {"mask": numbers(SEEN), "key_padding_mask": numbers(LATE)},
)


def named(prefix: str, given: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in given.items()}


def for_encoder(given: dict[str, Any], mask: str = "src_mask") -> dict[str, Any]:
    names = {"mask": mask, "key_padding_mask": "src_key_padding_mask", "is_causal": "is_causal"}
    return {names[name]: value for name, value in given.items()}


def quiet(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"dim_feedforward": 12, "dropout": 0.0, **options, **more}


MEMORY: tuple[dict[str, Any], ...] = (
    {},
    {"mask": ACROSS},
    {"mask": numbers(ACROSS), "key_padding_mask": numbers(SOME)},
)

SINGLE = [
    *(
        Row(
            "TransformerEncoderLayer",
            (E, 2),
            quiet(options),
            shaped((L, E), batch_first=bool(options.get("batch_first"))),
            for_encoder(call),
        )
        for options in LAYERS
        for call in OWN_MASKS
    ),
    Row("TransformerEncoderLayer", (E, 2), quiet({}), shaped((L, E), batch=None), {"src_mask": SEEN}),
    Row("TransformerEncoderLayer", (E, 2), {"dropout": 0.4}, shaped((L, E)), random=True),
    *(
        Row(
            "TransformerDecoderLayer",
            (E, 2),
            quiet(options),
            shaped((L, E), (S, E), batch_first=bool(options.get("batch_first"))),
            {**named("tgt", call), **named("memory", memory)},
        )
        for options in LAYERS
        for call, memory in zip(OWN_MASKS, (*MEMORY, *MEMORY), strict=True)
    ),
    Row("TransformerDecoderLayer", (E, 2), quiet({}), shaped((L, E), (S, E), batch=None), {"tgt_mask": SEEN}),
    Row("TransformerDecoderLayer", (E, 2), {"dropout": 0.4}, shaped((L, E), (S, E)), random=True),
]

# ---- stacks


def layer(kind: str, **options: Any) -> OfLibrary:
    return OfLibrary(lambda library: getattr(library.nn, f"Transformer{kind}Layer")(E, 2, **quiet(options)))


NORM = OfLibrary(lambda library: library.nn.LayerNorm(E))

STACKS = [
    *(
        Row(
            "TransformerEncoder",
            (layer("Encoder", **options), 2),
            more,
            shaped((L, E), batch_first=bool(options.get("batch_first"))),
            for_encoder(call, "mask"),
        )
        for options, more in (
            ({}, {}),
            ({"batch_first": True}, {"norm": NORM}),
            ({"norm_first": True}, {"norm": NORM, "enable_nested_tensor": False}),
        )
        for call in OWN_MASKS
    ),
    *(
        Row(
            "TransformerDecoder",
            (layer("Decoder", **options), 2),
            more,
            shaped((L, E), (S, E), batch_first=bool(options.get("batch_first"))),
            {**named("tgt", call), **named("memory", memory)},
        )
        for options, more in (({}, {}), ({"batch_first": True}, {"norm": NORM}), ({"norm_first": True}, {"norm": NORM}))
        for call, memory in zip(OWN_MASKS, (*MEMORY, *MEMORY), strict=True)
    ),
    *(
        Row(
            "Transformer",
            (E, 2, 2, 1),
            quiet(options),
            shaped((S, E), (L, E), batch_first=bool(options.get("batch_first"))),
            {**named("tgt", call), **named("memory", memory)},
        )
        for options in LAYERS
        for call, memory in (({}, {}), (OWN_MASKS[1], MEMORY[1]), (OWN_MASKS[2], {}), (OWN_MASKS[5], MEMORY[2]))
    ),
    Row("Transformer", (E, 2, 1, 1), quiet({}), shaped((S, E), (L, E), batch=None), {"tgt_mask": SEEN}),
    Row(
        "Transformer",
        (E, 2, 1, 1),
        {"dropout": 0.2},
        shaped((S, E), (L, E)),
        {"src_key_padding_mask": SOME},
        random=True,
    ),
    Row(
        "Transformer",
        (E, 2),
        quiet(
            {},
            custom_encoder=OfLibrary(lambda library: library.nn.TransformerEncoder(layer("Encoder").make(library), 1)),
            custom_decoder=OfLibrary(lambda library: library.nn.TransformerDecoder(layer("Decoder").make(library), 1)),
        ),
        shaped((S, E), (L, E)),
    ),
]

ROWS = [*HEADS, *SINGLE, *STACKS]
