"""Random numbers as pure functions of `rng: u64[2]` = [key, counter], so that eager and compiled draw the same.

The stream is NumPy's Philox4x64-10 with `key=[key, 0]` and `counter=[counter + offset, 0, 0, 0]`: NumPy steps the
counter before each block, so the first block drawn is that of counter + offset + 1. A block is four 64-bit words, or
eight 32-bit words, low halves first. A uniform float32 is `(word32 >> 8) * 2**-24`, a float64
`(word64 >> 11) * 2**-53`.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import cast_call
from graphnn.ops.op import Call, Op, Types, register

RANDOM = (Trait.RANDOM,)
WORDS_A_BLOCK = 8
STATE = TensorType(dtypes.uint64, (2,))


def blocks(words: int) -> int:
    """The blocks that hold so many 32-bit words."""
    return -(-words // WORDS_A_BLOCK)


def uniform_words(count: int, dtype: DType = dtypes.float32) -> int:
    """The 32-bit words that so many uniform numbers take: what `rand` draws."""
    return count * (2 if dtype is dtypes.float64 else 1)


def normal_words(count: int, dtype: DType = dtypes.float32) -> int:
    """What `randn` draws: two uniform numbers for each pair."""
    return uniform_words(count + count % 2, dtype)


# ---- drawing


class _Stream(threading.local):
    """One generator a thread, set to a place in the stream before each use; made at its first, since numpy.random is
    slow to import."""

    bits: Any = None
    generator: Any = None
    state: Any = None

    def prepare(self) -> None:
        self.bits = np.random.Philox(key=0)
        self.generator = np.random.Generator(self.bits)
        self.state = self.bits.state


_stream = _Stream()


def fill_uniform(out: np.ndarray, rng: np.ndarray, offset: int) -> None:
    """Uniform numbers of [0, 1) into `out`, float32 or float64 and C-contiguous. A step of kernels."""
    if _stream.bits is None:
        _stream.prepare()
    state = _stream.state
    state["state"]["key"][0] = rng[0]
    state["state"]["counter"][:] = 0
    state["state"]["counter"][0] = (int(rng[1]) + offset) & 0xFFFFFFFFFFFFFFFF
    _stream.bits.state = state
    _stream.generator.random(out=out, dtype=out.dtype)


def require_state(op: str, rng: TensorType) -> None:
    if rng is not STATE:
        raise DTypeError(f"{op}: the random state is {STATE} = [key, counter], got {rng}")


def _drawn_type(op: str) -> Any:
    def infer(rng: TensorType, *, shape: Shape, dtype: DType = dtypes.float32, offset: int = 0) -> TensorType:
        require_state(op, rng)
        if not dtype.is_floating_point:
            raise DTypeError(f"{op}: draws floating-point numbers, got the dtype {dtype!r}; randint draws integers")
        return TensorType(dtype, shape)

    return infer


def _wide(dtype: DType) -> DType:
    return dtypes.float32 if dtype in dtypes.NARROW else dtype


def _rand_scratch(rng: TensorType, *, shape: Shape, dtype: DType, offset: int) -> Types:
    return (TensorType(dtypes.float32, shape),) if dtype in dtypes.NARROW else ()


def _rand_kernel(
    out: np.ndarray, rng: np.ndarray, scratch: Any, *, shape: Shape, dtype: DType, offset: int
) -> list[Call]:
    """16-bit numbers are rounded towards zero from float32, so that they stay below 1."""
    if dtype not in dtypes.NARROW:
        return [(fill_uniform, out, rng, offset)]
    drawn = scratch[0]
    digits = 2.0 ** (11 if dtype is dtypes.float16 else 8)
    steps: list[Call] = [(np.multiply, drawn, digits, drawn), (np.floor, drawn, drawn)]
    return [(fill_uniform, drawn, rng, offset), *steps, (np.divide, drawn, digits, drawn), cast_call(out, drawn)]


rand = register(
    Op(
        "rand",
        infer=_drawn_type("rand"),
        numpy=_rand_kernel,
        scratch=_rand_scratch,
        traits=RANDOM,
        takes_narrow=True,
    )
)


# ---- normal numbers, by Box and Muller


def _randn_scratch(rng: TensorType, *, shape: Shape, dtype: DType, offset: int) -> Types:
    half = (math.prod(shape) + 1) // 2
    return (TensorType(_wide(dtype), (2, half)), TensorType(_wide(dtype), (2, half)))


def _randn_kernel(
    out: np.ndarray, rng: np.ndarray, scratch: Any, *, shape: Shape, dtype: DType, offset: int
) -> list[Call]:
    """With n pairs of uniforms, u the first n drawn and v the next: r cos(2 pi v), then r sin(2 pi v), where
    r = sqrt(-2 log(1 - u)). (G. E. P. Box, M. E. Muller, Annals of Mathematical Statistics 29 (1958), 610-611.)"""
    uniform, normal = scratch
    (u, v), (cosines, sines) = uniform, normal
    flat = out.reshape(out.size)
    half = u.size
    return [
        (fill_uniform, uniform, rng, offset),
        (np.negative, u, u),
        (np.log1p, u, u),
        (np.multiply, u, -2.0, u),
        (np.sqrt, u, u),
        (np.multiply, v, 2.0 * math.pi, v),
        (np.cos, v, cosines),
        (np.sin, v, sines),
        (np.multiply, normal, u, normal),
        (np.copyto, flat[:half], cosines),
        (np.copyto, flat[half:], sines[: out.size - half]),
    ]


randn = register(Op("randn", infer=_drawn_type("randn"), numpy=_randn_kernel, scratch=_randn_scratch, traits=RANDOM))


# ---- integers


def _randint(rng: TensorType, *, low: int = 0, high: int, shape: Shape, offset: int = 0) -> TensorType:
    """`low + floor(u * (high - low))` with u a uniform float64: two words a number."""
    require_state("randint", rng)
    if low >= high:
        raise ArgumentError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if high - low > 1 << 53:
        raise ArgumentError(f"randint: draws from at most 2**53 numbers, got {low}..{high}")
    return TensorType(dtypes.int64, shape)


def _randint_kernel(
    out: np.ndarray, rng: np.ndarray, scratch: Any, *, low: int, high: int, shape: Shape, offset: int
) -> list[Call]:
    (u,) = scratch
    scaled: list[Call] = [(np.multiply, u, float(high - low), u), (_truncate, out, u), (np.add, out, low, out)]
    return [(fill_uniform, u, rng, offset), *scaled]


def _truncate(out: np.ndarray, x: np.ndarray) -> None:
    np.copyto(out, x, casting="unsafe")


randint = register(
    Op(
        "randint",
        infer=_randint,
        numpy=_randint_kernel,
        scratch=lambda rng, *, low, high, shape, offset: (TensorType(dtypes.float64, shape),),
        traits=RANDOM,
    )
)


def _randperm(rng: TensorType, *, n: int, offset: int = 0) -> TensorType:
    """The numbers below n in the order of random keys: two words a number."""
    require_state("randperm", rng)
    if not 0 <= n < 1 << 31:
        raise ArgumentError(f"randperm: n must be non-negative and below 2**31, got {n}")
    return TensorType(dtypes.int64, (n,))


def _randperm_kernel(out: np.ndarray, rng: np.ndarray, scratch: Any, *, n: int, offset: int) -> list[Call]:
    """Sorts integers whose high bits are a uniform number and whose low bits are the position."""
    (u,) = scratch
    bits = max(1, (n - 1).bit_length())
    return [
        (fill_uniform, u, rng, offset),
        (np.multiply, u, 2.0 ** (62 - bits), u),
        (_truncate, out, u),
        (np.left_shift, out, bits, out),
        (np.add, out, np.arange(n), out),
        (np.ndarray.sort, out),
        (np.bitwise_and, out, (1 << bits) - 1, out),
    ]


randperm = register(
    Op(
        "randperm",
        infer=_randperm,
        numpy=_randperm_kernel,
        scratch=lambda rng, *, n, offset: (TensorType(dtypes.float64, (n,)),),
        traits=RANDOM,
    )
)


# ---- the state itself


def _rng_advance(rng: TensorType, *, blocks: int) -> TensorType:
    """The state after so many blocks have been drawn."""
    require_state("rng_advance", rng)
    return rng


rng_advance = register(
    Op(
        "rng_advance",
        infer=_rng_advance,
        numpy=lambda out, rng, *, blocks: [
            (np.copyto, out, rng),
            (np.add, out[1:], np.uint64(blocks), out[1:]),
        ],
        traits=(Trait.INPLACE,),
    )
)
