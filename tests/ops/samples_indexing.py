"""The rows of gathering, indexing and random numbers."""

from typing import Any

import numpy as np

from graphnn.ir import dtypes
from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, floats, ints, sample

X = floats(3, 4)
WIDE = ints(2, 4, low=0, high=3)  # along dimension 0
TALL = ints(3, 2, low=0, high=4)  # along dimension 1


GATHERED = (
    Row(
        "gather",
        (
            sample(X, WIDE, dim=0),
            sample(X, TALL, dim=1),
            sample(floats(2, 3, 4), ints(1, 2, 5, low=0, high=4), dim=2),
            sample(X, ints(3, 0, low=0), dim=1),
            sample(floats(), np.array(0), dim=0),
            sample(floats(1), np.array([0, 0, 0]), dim=0),
            sample(ints(3, 4), WIDE.astype("i4"), dim=0),
        ),
        torch=lambda x, index, dim: torch.gather(x, dim, index.long()),
    ),
    Row(
        "gather_grad",
        (
            sample(floats(2, 4), WIDE, dim=0, shape=(3, 4)),
            sample(floats(3, 2), TALL, dim=1, shape=(3, 4)),
            sample(floats(2), np.array([1, 1]), dim=0, shape=(3,)),
            sample(floats(), np.array(0), dim=0, shape=()),
        ),
        torch=lambda g, index, dim, shape: torch.zeros(shape, dtype=g.dtype).scatter_add(dim, index, g),
        named=False,
    ),
    Row(
        "scatter_add",
        (
            sample(X, WIDE, floats(2, 4, seed=1), dim=0),
            sample(X, TALL, floats(3, 4, seed=1), dim=1, torch_grad=False),
            sample(floats(3), np.array([1, 1, 1, 2]), floats(4, seed=1), dim=0),
            sample(X, ints(0, 4), floats(0, 4), dim=0),
            sample(floats(), np.array(0), floats(seed=1), dim=0),
            sample(ints(3), np.array([2, 2]), ints(2, seed=1), dim=0),
        ),
        torch=lambda x, index, src, dim: torch.scatter_add(x, dim, index, src),
    ),
    Row(
        "scatter",
        (
            sample(X, np.array([[0, 1, 2, 0], [1, 2, 0, 2]]), floats(2, 4, seed=1), dim=0),
            sample(X, np.array([[3], [0], [1]]), floats(3, 2, seed=1), dim=1, torch_grad=False),
            sample(X, WIDE, 2.5, dim=0),
            sample(floats(), np.array(0), 1.0, dim=0),
            sample(ints(3), np.array([1]), ints(1, seed=1), dim=0),
        ),
        torch=lambda x, index, src, dim: torch.scatter(x, dim, index, src),
    ),
    Row(
        "one_hot",
        (
            sample(np.array([0, 2, 1]), num_classes=3),
            sample(ints(2, 3, low=0), num_classes=6),
            sample(np.array(1), num_classes=2),
            sample(ints(0), num_classes=4),
        ),
        torch=lambda index, num_classes: torch.nn.functional.one_hot(index, num_classes),
    ),
)

ROW_INDEX = np.array([2, 0, 2, 1])

SELECTED = (
    Row(
        "index_select",
        (
            sample(X, ROW_INDEX, dim=0),
            sample(X, np.array([3, 3]), dim=1),
            sample(X, np.array(1), dim=1),
            sample(X, ints(0), dim=0),
            sample(ints(3), ROW_INDEX.astype("i4"), dim=0),
        ),
        torch=lambda x, index, dim: torch.index_select(x, dim, index),
    ),
    Row(
        "index_select_grad",
        (sample(floats(4, 2), ROW_INDEX, dim=0, size=3), sample(floats(2, 4), ROW_INDEX, dim=1, size=3)),
        torch=lambda g, index, dim, size: torch.zeros(
            (*g.shape[:dim], size, *g.shape[dim + 1 :]), dtype=g.dtype
        ).index_add(dim, index, g),
        named=False,
    ),
    Row(
        "index_add",
        (
            sample(X, ROW_INDEX, floats(4, 4, seed=1), dim=0),
            sample(X, np.array([1]), floats(3, 1, seed=1), dim=1),
            sample(X, ints(0), floats(0, 4), dim=0),
            sample(ints(3), ROW_INDEX, ints(4, seed=1), dim=0),
        ),
        torch=lambda x, index, src, dim: torch.index_add(x, dim, index, src),
    ),
)


# ---- advanced indexing

CUBE = floats(3, 4, 5)
FIRST, SECOND = np.array([0, 2, -1]), np.array([[1], [-4]])


def key(indices: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(slice(None) if i is None else i for i in indices)


PLACES: tuple[tuple[Any, ...], ...] = (
    (FIRST,),
    (None, FIRST),
    (FIRST, SECOND),
    (None, FIRST, SECOND),
    (FIRST, None, SECOND),
    (FIRST, SECOND, np.array(1)),
    (np.array(1),),
    (ints(0, low=0), None, np.array([1])),
)


def index_put(x: Any, value: Any, *indices: Any, accumulate: bool = False) -> Any:
    """PyTorch's `index_put` knows no slices: assigning does."""
    changed = x.clone()
    if accumulate:
        every = torch.arange(x.numel()).reshape(x.shape)[key(indices)]
        flat = torch.as_tensor(value, dtype=x.dtype).expand(every.shape).reshape(-1)
        return changed.reshape(-1).index_add(0, every.reshape(-1), flat).reshape(x.shape)
    changed[key(indices)] = value
    return changed


def zeros_with(g: Any, *indices: Any, shape: tuple[int, ...]) -> Any:
    return index_put(torch.zeros(shape, dtype=g.dtype), g, *indices, accumulate=True)


INDEXED = (
    Row(
        "index",
        (*(sample(CUBE, *place) for place in PLACES), sample(ints(3), FIRST.astype("i4"))),
        torch=lambda x, *indices: torch.ops.aten.index(x, list(indices)),
    ),
    Row(
        "index_grad",
        tuple(sample(np.ascontiguousarray(CUBE[key(place)]), *place, shape=CUBE.shape) for place in PLACES),
        torch=zeros_with,
        named=False,
    ),
    Row(
        "index_put",
        (
            *(sample(CUBE, np.ascontiguousarray(CUBE[key(p)]) + 1, *p, accumulate=True) for p in PLACES),
            sample(CUBE, floats(4, 5, seed=1), np.array([1])),
            sample(CUBE, floats(5, seed=1), np.array([0, -1])),
            sample(CUBE, 0.5, None, np.array([1, 2])),
            sample(CUBE, floats(2, 4, seed=1), np.array([0, 2]), None, np.array([1, 1])),
            sample(ints(4), 7, np.array([1, 1])),
        ),
        torch=index_put,
        named=False,
    ),
)


# ---- random numbers: the stream is said in words in ops/random.py, and told here by a slow oracle of its own

STATE = np.array([2147483659, 5], np.uint64)


def words(rng: np.ndarray, offset: int, count: int) -> np.ndarray:
    """64-bit words of the stream."""
    bits = np.random.Philox(key=int(rng[0]), counter=int(rng[1]) + offset)
    return np.atleast_1d(bits.random_raw(count)) if count else np.zeros(0, np.uint64)


def uniform(
    rng: np.ndarray, shape: tuple[int, ...], dtype: dtypes.DType = dtypes.float32, offset: int = 0
) -> np.ndarray:
    count = int(np.prod(shape))
    if dtype is dtypes.float64:
        return ((words(rng, offset, count) >> np.uint64(11)) * 2.0**-53).reshape(shape)
    halves = words(rng, offset, (count + 1) // 2).view("<u4")[:count]
    exact = (halves >> np.uint32(8)) * 2.0**-24
    if dtype is dtypes.float16:
        exact = np.floor(exact * 2.0**11) * 2.0**-11
    return exact.astype(dtype.numpy).reshape(shape)


def normal(
    rng: np.ndarray, shape: tuple[int, ...], dtype: dtypes.DType = dtypes.float32, offset: int = 0
) -> np.ndarray:
    half = (int(np.prod(shape)) + 1) // 2
    wide = dtypes.float32 if dtype is dtypes.float16 else dtype
    u, v = uniform(rng, (2, half), wide, offset).astype("f8")
    radius = np.sqrt(-2 * np.log1p(-u))
    both = np.concatenate([radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)])
    return both[: int(np.prod(shape))].reshape(shape).astype(dtype.numpy)


def integers(rng: np.ndarray, high: int, shape: tuple[int, ...], low: int = 0, offset: int = 0) -> np.ndarray:
    drawn = uniform(rng, shape, dtypes.float64, offset)
    return low + np.floor(drawn * (high - low)).astype("i8")


def permutation(rng: np.ndarray, n: int, offset: int = 0) -> np.ndarray:
    keys = np.floor(uniform(rng, (n,), dtypes.float64, offset) * 2.0 ** (62 - max(1, (n - 1).bit_length())))
    return np.argsort(keys, kind="stable")


DRAWN = (
    sample(STATE, shape=(2, 3)),
    sample(STATE, shape=(7,), offset=3),
    sample(STATE, shape=(5,), dtype=dtypes.float64, offset=1),
    sample(STATE, shape=(4,), dtype=dtypes.float16),
    sample(STATE, shape=()),
    sample(STATE, shape=(0, 2)),
)

RANDOM = (
    Row("rand", DRAWN, numpy=uniform),
    Row("randn", DRAWN, numpy=normal, rtol=1e-3, atol=1e-5),
    Row(
        "randint",
        (
            sample(STATE, high=10, shape=(2, 3)),
            sample(STATE, low=-5, high=5, shape=(50,), offset=2),
            sample(STATE, high=1 << 53, shape=()),
            sample(STATE, high=2, shape=(0,)),
        ),
        numpy=integers,
    ),
    Row("randperm", tuple(sample(STATE, n=n, offset=n) for n in (0, 1, 2, 7, 100)), numpy=permutation),
    Row(
        "rng_advance",
        (sample(STATE, blocks=3), sample(STATE, blocks=0)),
        numpy=lambda rng, blocks: rng + np.array([0, blocks], np.uint64),
    ),
)

ROWS = (*GATHERED, *SELECTED, *INDEXED, *RANDOM)
