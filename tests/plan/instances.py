"""Memory problems for the planner's tests: lifetimes as networks have them, and rectangles cut to fit exactly."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphnn.plan.problem import Buffer, Problem


@dataclass
class Trace:
    """A list of steps as a traced network makes them: a value lives from its step to its last reader, inclusive."""

    step: int = 0
    size: dict[str, int] = field(default_factory=dict)
    start: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def op(self, name: str, size: int, reads: Sequence[str] = (), scratch: int = 0) -> str:
        for value in (name, f"{name}.scratch") if scratch else (name,):
            self.size[value] = size if value == name else scratch
            self.start[value] = self.last[value] = self.step
        for value in reads:
            self.last[value] = self.step
        self.step += 1
        return name

    def problem(self) -> Problem:
        return Problem(Buffer(name, self.size[name], self.start[name], self.last[name] + 1) for name in self.size)


def conv_training(blocks: int, batch: int, pixels: int, *, updates_at_the_end: bool) -> Problem:
    """Convolution with im2col scratch, batch norm, a residual sum where shapes allow, ReLU; then the whole backward."""
    trace = Trace()
    value = trace.op("x", 4 * batch * 3 * pixels**2)
    channels, forward = 3, []
    for block in range(blocks):
        stride = 2 if block % 4 == 3 else 1
        scratch = 4 * batch * (pixels // stride) ** 2 * channels * 9
        weight, below = 4 * channels * 9, value
        pixels, channels = pixels // stride, max(16, channels * stride)
        size = 4 * batch * channels * pixels**2
        conv = trace.op(f"conv{block}", size, [below], scratch)
        mean = trace.op(f"mean{block}", 4 * channels, [conv])
        norm = trace.op(f"norm{block}", size, [conv, mean])
        if trace.size[below] == size:
            norm = trace.op(f"sum{block}", size, [norm, below])
        value = trace.op(f"relu{block}", size, [norm])
        forward.append((block, below, conv, mean, value, weight * channels, scratch))
    gradient, late = trace.op("loss_grad", trace.size[value], [value]), []
    for block, below, conv, mean, relu, weight, scratch in reversed(forward):
        masked = trace.op(f"relu_grad{block}", trace.size[relu], [gradient, relu])
        gradient = trace.op(f"norm_grad{block}", trace.size[conv], [masked, conv, mean])
        late.append(trace.op(f"weight_grad{block}", weight, [gradient, below], scratch))
        if not updates_at_the_end:
            trace.op(f"update{block}", 0, [late.pop()])
        gradient = trace.op(f"input_grad{block}", trace.size[below], [gradient], scratch)
    for name in late:
        trace.op(f"{name}.update", 0, [name])
    return trace.problem()


def transformer_training(layers: int, tokens: int, width: int) -> Problem:
    trace = Trace()
    flat, square = 4 * tokens * width, 4 * tokens * tokens
    value, forward = trace.op("x", flat), []
    for layer in range(layers):
        query, key, val = (trace.op(f"{kind}{layer}", flat, [value]) for kind in "qkv")
        scores = trace.op(f"scores{layer}", square, [query, key])
        soft = trace.op(f"soft{layer}", square, [scores])
        mixed = trace.op(f"mixed{layer}", flat, [soft, val, value])
        hidden = trace.op(f"hidden{layer}", 4 * flat, [mixed])
        gelu = trace.op(f"gelu{layer}", 4 * flat, [hidden])
        forward.append((layer, value, query, key, val, soft, mixed, hidden, gelu))
        value = trace.op(f"out{layer}", flat, [gelu, mixed])
    gradient = trace.op("loss_grad", flat, [value])
    for layer, below, query, key, val, soft, mixed, hidden, gelu in reversed(forward):
        trace.op(f"gelu_weight_grad{layer}", 16 * width**2, [gradient, gelu])
        grown = trace.op(f"gelu_grad{layer}", 4 * flat, [gradient, hidden])
        trace.op(f"hidden_weight_grad{layer}", 16 * width**2, [grown, mixed])
        gradient = trace.op(f"mixed_grad{layer}", flat, [grown, gradient])
        soft_grad = trace.op(f"soft_grad{layer}", square, [gradient, val])
        val_grad = trace.op(f"v_grad{layer}", flat, [gradient, soft])
        score_grad = trace.op(f"score_grad{layer}", square, [soft_grad, soft])
        query_grad = trace.op(f"q_grad{layer}", flat, [score_grad, key])
        key_grad = trace.op(f"k_grad{layer}", flat, [score_grad, query])
        gradient = trace.op(f"in_grad{layer}", flat, [query_grad, key_grad, val_grad, gradient, below])
    return trace.problem()


def chain(length: int, *, training: bool, seed: int = 0) -> Problem:
    """Each value is read by the next alone; in training by the step that mirrors it, too."""
    sizes, trace = random.Random(seed), Trace()
    value, values = trace.op("x", 4096), []
    for index in range(length):
        value = trace.op(f"value{index}", sizes.randrange(1, 10_000), [value])
        values.append(value)
    for index in reversed(range(length if training else 0)):
        value = trace.op(f"grad{index}", sizes.randrange(1, 10_000), [value, values[index]])
    return trace.problem()


def cut_rectangle(buffers: int, *, steps: int, units: int, seed: int) -> tuple[Problem, tuple[int, ...]]:
    """A full rectangle of steps x units of 64 bytes, cut in two over and over: a problem, and offsets that fill it."""
    draw = random.Random(seed)
    pieces = [(0, steps, 0, units)]
    while len(pieces) < buffers:
        pieces.sort(key=lambda piece: (piece[1] - piece[0]) * (piece[3] - piece[2]))
        pieces[-1:] = _cut(pieces[-1], draw)
    draw.shuffle(pieces)
    named = enumerate(pieces)
    problem = Problem(Buffer(f"piece{i}", 64 * (top - low), start, stop) for i, (start, stop, low, top) in named)
    return problem, tuple(64 * low for _, _, low, _ in pieces)


def _cut(piece: tuple[int, int, int, int], draw: random.Random) -> Iterator[tuple[int, int, int, int]]:
    """Two pieces, across time or memory; the piece must be at least 2 long either way it may be cut."""
    start, stop, low, top = piece
    if top - low < 2 or (stop - start > 1 and draw.random() < 0.5):
        at = draw.randrange(start + 1, stop)
        yield from ((start, at, low, top), (at, stop, low, top))
    else:
        at = draw.randrange(low + 1, top)
        yield from ((start, stop, low, at), (start, stop, at, top))
