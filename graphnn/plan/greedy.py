"""First fit in a chosen order: each buffer goes to the lowest room left by those placed before that live with it."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.plan.problem import Buffer


def by_size(buffers: Sequence[Buffer]) -> list[int]:
    """Indices by falling size, the earlier born first among equals."""
    return sorted(range(len(buffers)), key=lambda index: (-buffers[index].size, buffers[index].start))


def by_area(buffers: Sequence[Buffer]) -> list[int]:
    """Indices by falling size times lifetime."""
    return sorted(range(len(buffers)), key=lambda index: -_area(buffers[index]))


def _area(buffer: Buffer) -> int:
    return buffer.size * (buffer.stop - buffer.start)


def neighbours(buffers: Sequence[Buffer], limit: int) -> list[list[int]] | None:
    """For each buffer the indices of those that live with it; None where there are more than `limit` pairs."""
    found: list[list[int]] = [[] for _ in buffers]
    live: list[int] = []
    pairs = 0
    for index in sorted(range(len(buffers)), key=lambda index: buffers[index].start):
        birth = buffers[index].start
        live = [other for other in live if buffers[other].stop > birth]
        pairs += len(live)
        if pairs > limit:
            return None
        found[index].extend(live)
        for other in live:
            found[other].append(index)
        live.append(index)
    return found


def place_in_order(buffers: Sequence[Buffer], order: Sequence[int], near: Sequence[Sequence[int]]) -> list[int]:
    """Offsets of first fit in `order`; `near` is what `neighbours` gave."""
    placed: dict[int, tuple[int, int]] = {}
    for index in order:
        taken = sorted([placed[other] for other in near[index] if other in placed])
        offset = _first_room(taken, buffers[index].aligned_size, buffers[index].alignment)
        placed[index] = (offset, offset + buffers[index].aligned_size)
    return [placed[index][0] for index in range(len(buffers))]


def _first_room(taken: Sequence[tuple[int, int]], size: int, alignment: int) -> int:
    """The lowest aligned offset with `size` bytes free; `taken` are half-open byte ranges by increasing begin."""
    offset = 0
    for begin, end in taken:
        if offset + size <= begin:
            return offset
        if end > offset:
            offset = -(-end // alignment) * alignment
    return offset
