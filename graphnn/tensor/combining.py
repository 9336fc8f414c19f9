"""More functions that make one tensor of several, or of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ShapeError
from graphnn.ir.dtypes import DType
from graphnn.ops import gamma
from graphnn.ops.typing import broadcast_shapes as common_shape
from graphnn.tensor.joining import atleast_1d, atleast_2d, cat, vstack
from graphnn.tensor.methods.naming import named
from graphnn.tensor.size import Size
from graphnn.tensor.tensor import Tensor


def atleast_3d(*tensors: Any) -> Any:
    """With at least three dimensions: a vector in the second, a matrix in the first two."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    found = tuple(t if t.ndim > 2 else atleast_2d(t).unsqueeze(-1) for t in given)
    return found[0] if len(tensors) == 1 and isinstance(tensors[0], Tensor) else found


def column_stack(tensors: Sequence[Tensor]) -> Any:
    """Joined along dimension 1, vectors being columns."""
    return cat([atleast_1d(t).unsqueeze(1) if t.ndim < 2 else t for t in tensors], 1)


def row_stack(tensors: Sequence[Tensor]) -> Any:
    return vstack(tensors)


def block_diag(*tensors: Tensor) -> Any:
    """A matrix with the given ones along its diagonal, zeros elsewhere."""
    blocks = [atleast_2d(t) for t in tensors]
    if not blocks:
        from graphnn.tensor.creation import zeros

        return zeros(1, 0)
    if any(b.ndim > 2 for b in blocks):
        raise ShapeError("torch.block_diag: Input tensors must have 2 or fewer dimensions")
    width, before, rows = sum(b.shape[1] for b in blocks), 0, []
    for b in blocks:
        after = width - before - b.shape[1]
        left, right = (b.new_zeros((b.shape[0], n)) for n in (before, after))
        rows.append(cat([left, b, right], 1))
        before += b.shape[1]
    return named(cat(rows, 0), "BlockDiagBackward0")


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes broadcast to."""
    given = tuple((s,) if isinstance(s, int) else tuple(s) for s in shapes)
    found = common_shape(*given)
    if found is None:
        raise ShapeError(
            "Shape mismatch: objects cannot be broadcast to a single shape: " + ", ".join(str(list(s)) for s in given)
        )
    return Size(found)


def fill(input: Tensor, value: Any) -> Any:
    """A tensor of the same shape and dtype, filled with the value."""
    return input.clone().fill_(value)


def polygamma(n: int, input: Tensor) -> Any:
    """The n-th derivative of digamma."""
    return gamma.polygamma(input, n=int(n))


def scalar_tensor(s: Any, *, dtype: DType | None = None, **options: Any) -> Tensor:
    """A 0-d tensor of the number."""
    from graphnn.tensor.creation import defaults, tensor

    return tensor(s, dtype=dtype or defaults.dtype, **options)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of the elements of a vector, the highest first unless `increasing`."""
    from graphnn.tensor.joining import stack

    count = x.shape[0] if N is None else N
    powers = [x**i for i in range(count)]
    if not powers:
        return x.new_zeros((x.shape[0], 0))
    return stack(powers if increasing else powers[::-1], 1)
