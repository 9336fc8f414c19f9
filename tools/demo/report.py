"""The demo's findings as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from graphnn.plan.report import format_bytes
from graphnn.tools.demo.measures import Measures
from graphnn.tools.drawing.grad_fn_chain import grad_fn_text


def introduction(measures: Measures, batch_size: int) -> str:
    digits = measures.digits
    parameters = sum(p.numel() for p in measures.net.parameters())
    steps = len(measures.eager.losses)
    return section(
        "digits",
        [
            f"{len(digits.train_images):,} to learn from, {len(digits.test_images):,} held out; 8x8 pixels, made 32x32",
            f"a network of {parameters:,} parameters; {steps:,} steps of {batch_size} digits",
            "SGD with momentum, the learning rate falling to 0",
        ],
    )


def training(measures: Measures) -> str:
    eager, compiled = measures.eager, measures.compiled
    rows = [
        ("", "eager", "compiled"),
        ("first loss", f"{eager.losses[0]:.6f}", f"{compiled.losses[0]:.6f}"),
        ("last loss", f"{eager.losses[-1]:.6f}", f"{compiled.losses[-1]:.6f}"),
        ("accuracy on held-out digits", *(f"{100 * share:.1f} %" for share in measures.accuracies)),
        ("time of a step (median)", milliseconds(eager.step_seconds), milliseconds(compiled.step_seconds)),
        ("time of the first step", milliseconds(eager.seconds[0]), milliseconds(compiled.seconds[0])),
    ]
    return section(
        "training, from the same weights on the same batches",
        [
            *table(rows),
            f"largest difference between the losses of a step: {measures.largest_difference:.2g}",
            f"a compiled step is {eager.step_seconds / compiled.step_seconds:.2f} times as fast; "
            "the first one also traced, rewrote and planned it",
            f"plans made for the compiled step, though the learning rate changed at every one: {len(measures.plans)}",
        ],
    )


def memory(measures: Measures) -> str:
    plan = measures.plans[0]
    arena, bound, total = plan.arena_bytes, plan.lower_bound_bytes, plan.sum_bytes
    rows = [
        ("arena", format_bytes(arena), ""),
        ("lower bound", format_bytes(bound), f"the arena is {arena / bound:.3f} times as large"),
        ("sum of all buffers", format_bytes(total), f"{total / arena:.3f} times the arena"),
    ]
    return section("memory of a compiled step: one block, allocated once", table(rows))


def passes(measures: Measures) -> str:
    return section("passes over the training step's graph", str(measures.graphs.report).splitlines())


def chain(measures: Measures) -> str:
    return section("grad_fn chain of the loss", grad_fn_text(measures.loss).splitlines())


def pictures(folder: Path, written: Sequence[Path], notes: Sequence[str]) -> str:
    return section(f"pictures in {folder}", [*(path.name for path in written), *notes])


def section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(f"  {line}".rstrip() for line in lines), ""])


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns aligned: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["   ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"
