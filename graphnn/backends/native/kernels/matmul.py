"""matmul, linear and linear_relu: any strides, batches, vectors."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.backends.native.kernels.axes import dealt, text
from graphnn.backends.native.kernels.matrix_blocking import blocking, nanoseconds, split_ranges, working_memory
from graphnn.backends.native.kernels.matrix_dots import FEW, dots_text, suits_dots
from graphnn.backends.native.kernels.matrix_loops import Loops, matrix_text
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.kernels.product import Product, linear_product, matmul_product, packed_product
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine, this_machine
from graphnn.ir.dtypes import DType, float32, float64
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node

DOTS_SPLIT = 64  # results, of which threads have enough without splitting sums


def accepts(node: Node) -> bool:
    """Products of one floating dtype."""
    types = {v.type.dtype for v in (*node.inputs, *node.outputs) if v is not None}
    return types in ({float32}, {float64}) and all(v is None or v.kind != "literal" for v in node.inputs)


def scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """Each worker's memory, and partial sums where k is split."""
    m, n, k = _sizes(node)
    dtype = node.outputs[0].type.dtype
    packed = node.inputs[1] if node.op.name == "packed_linear" else None
    memory = worker_memory(machine, dtype, m, n, k, 0 if packed is None else packed.type.shape[-1])
    along = node.op.name.startswith("linear") and m <= FEW and m * n > DOTS_SPLIT  # dot products, see matrix_dots
    splits = 1 if along else split_ranges(machine, m, n, k)
    return (memory,) if splits == 1 else (memory, TensorType(dtype, (splits, m * n)))


def worker_memory(machine: Machine, dtype: DType, m: int, n: int, k: int, panels: int = 0) -> TensorType:
    """What `product_phases` needs for each worker, where a batch has at most `m` rows."""
    return TensorType(dtype, (machine.threads, working_memory(machine, dtype.short, m, n, k, panels)))


def _sizes(node: Node) -> tuple[int, int, int]:
    """The most rows, the columns, and the length of the sums; one column is a row of a turned product."""
    left, right = (v.type.shape for v in node.inputs[:2] if v is not None)
    size, k = node.outputs[0].type.size, left[-1]
    n = _columns(node, right)
    return (1, size, k) if n == 1 else (size // n if n else 0, n, k)


def _columns(node: Node, right: Sequence[int]) -> int:
    if node.op.name == "packed_linear":
        return int(node.attrs["shape"][0])
    return right[0] if node.op.name.startswith("linear") else right[-1] if len(right) > 1 else 1


@lowers("matmul", accepts=accepts, scratch=scratch)
def _matmul(step: Step) -> list[Phase]:
    return product_phases(step, matmul_product(step), finish_sums(step, None, False), *step.scratch)


@lowers("linear", "linear_relu", accepts=accepts, scratch=scratch)
def _linear(step: Step) -> list[Phase]:
    bias = step.inputs[2] if len(step.inputs) > 2 else None
    return product_phases(
        step, linear_product(step), finish_sums(step, bias, step.name == "linear_relu"), *step.scratch
    )


def has_whole_vectors(node: Node) -> bool:
    """Whether the packed weight's panels are one to three of this machine's vectors."""
    weight = node.inputs[1]
    assert weight is not None
    return weight.type.shape[-1] in [n * this_machine().lanes for n in (1, 2, 3)]


@lowers("packed_linear", accepts=lambda node: only_float32(node) and has_whole_vectors(node), scratch=scratch)
def _packed_linear(step: Step) -> list[Phase]:
    bias = step.inputs[2] if len(step.inputs) > 2 else None
    memory, *partials = step.scratch
    samples = 0 if step.inputs[0] is None else step.inputs[0].shape[0]
    finish = finish_sums(step, bias, step.attrs["relu"])
    return product_phases(step, packed_product(step), finish, memory, *partials, samples=0 if partials else samples)


def product_phases(
    step: Step, p: Product, finish: Finish, memory: Operand, partials: Operand | None = None, *, samples: int = 0
) -> list[Phase]:
    """`memory` is what `worker_memory` asks for; `partials` hold sums of ranges of k, if it is to be split. The rows are
    those of so many `samples`, if these may be dealt out."""
    machine = step.machine
    if p.size == 0:
        return []
    cost = nanoseconds(machine, p.size * p.k, p.kind)
    if suits_dots(p, machine) and partials is None:
        body, helpers, parts = dots_text(p, machine, finish)
        return [Phase(body, parts, 2 * cost, helpers)]
    split = partials is not None and p.batches == 1
    cut = blocking(p, machine, partials.shape[0] if partials is not None and split else 1, samples)
    place = f"{memory.pointer} + worker * {memory.shape[1]}L"
    if partials is None or not split:
        body, helpers = matrix_text(Loops(p, cut, machine.lanes, place, finish, step.is_group))
        touched = dealt(p.left, step.outputs[0])
        return [Phase(body, cut.parts, cost, helpers, shares=cut.shares, dealt=touched, private=dealt(memory))]
    body, helpers = matrix_text(Loops(p, cut, machine.lanes, place, _partial(partials, p.kind), False))
    return [Phase(body, cut.parts, cost, helpers), _joined(partials, p, machine.lanes, finish)]


def finish_sums(step: Step, bias: Operand | None, relu: bool) -> Finish:
    """What becomes of a vector of sums."""
    kind = step.inputs[0].type.dtype.short if step.inputs[0] is not None else "f32"

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        if bias is not None:
            value = f"({value}) + {_bias(bias, kind, channel, lanes)}"
        if relu:
            value = f"gn_relu_{kind}v({value})"
        return step.store(value, offset, channel, "v", lanes)

    return finish


def _bias(bias: Operand, kind: str, channel: str, lanes: str | None) -> str:
    at = f"{bias.pointer} + ({channel})"
    if bias.strides == (0,) or bias.shape == (1,):
        return f"gn_splat_{kind}v(*{bias.pointer})"
    assert bias.strides == (1,), "a bias lies side by side, or is one number"
    return f"gn_load_{kind}v({at})" if lanes is None else f"gn_load_part_{kind}v({at}, {lanes})"


def _partial(partials: Operand, kind: str) -> Finish:
    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        at = f"{partials.pointer} + ({offset})"
        return (
            f"gn_store_{kind}v({at}, {value});" if lanes is None else f"gn_store_part_{kind}v({at}, {value}, {lanes});"
        )

    return finish


def _joined(partials: Operand, p: Product, lanes: int, finish: Finish) -> Phase:
    """The sums of all ranges of k, added in their order."""
    size, splits, kind = p.m * p.n, partials.shape[0], p.kind
    lines: list[str] = []
    whole, tail = p.n // lanes * lanes, p.n % lanes

    def total(n: str | None) -> Sequence[str]:
        at = f"{partials.pointer} + s * {size}L + at"
        load = f"gn_load_{kind}v({at})" if n is None else f"gn_load_part_{kind}v({at}, {n})"
        return [f"    {kind}v total = {{0}};", f"    for (long s = 0; s < {splits}; s++) total += {load};"]

    lines.append(f"for (long row = 0; row < {p.m}; row++) {{")
    if whole:
        lines += [f"for (long column = 0; column < {whole}; column += {lanes}) {{"]
        lines += [f"    const long at = row * {p.n}L + column;"]
        lines += [*total(None), "    " + finish("total", "at", "column", None), "}"]
    if tail:
        lines += ["{", f"    const long column = {whole}, at = row * {p.n}L + column;"]
        lines += [*total(str(tail)), "    " + finish("total", "at", "column", str(tail)), "}"]
    return Phase(text(lines, "}"), 1, splits * size * 0.3)
