"""What an op is: its type rule, NumPy kernel, gradient rule and traits, and how applying one works.

Applied to arrays an op computes, applied to graph values it appends a node, applied to Tensors it runs eagerly and
records: the argument of the highest `op_rank` decides. So one gradient rule, written in ops, serves them all.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, GraphnnError
from graphnn.ir.attrs import Attrs
from graphnn.ir.graph import numpy_type
from graphnn.ir.registry import OPS, Trait
from graphnn.ir.types import TensorType, scalar_type
from graphnn.ops.quiet import begin_quiet, end_quiet
from graphnn.ops.recipe import Recipe
from graphnn.ops.widening import bind_widened, copies, holds_narrow, is_narrow, widened, widened_attrs

Call = tuple[Any, ...]  # (function, *arguments): one step of a kernel
Types = tuple[TensorType, ...]
_MEMO_LIMIT = 4096
_RECIPES_LIMIT = 1024
_ranks: dict[type, int] = {}
_NUMBERS = {kind: scalar_type(kind()) for kind in (bool, int, float)}


class GradContext:
    """What a gradient rule is told besides values: `types` and `out_types`, `attrs`, `want` (a bool for each input),
    and `grads`, the gradients of all outputs (None where none flows)."""

    __slots__ = ("attrs", "grads", "out_types", "types", "want")

    def __init__(
        self,
        types: tuple[TensorType | None, ...],
        out_types: Types,
        attrs: Attrs,
        want: tuple[bool, ...],
        grads: tuple[Any, ...],
    ) -> None:
        self.types = types
        self.out_types = out_types
        self.attrs = attrs
        self.want = want
        self.grads = grads


class Op:
    """One op. See `graphnn.ops` for how a paragraph is written.

    infer     `(x, weight, bias=None, *, stride=(1, 1)) -> TensorType | tuple`: its positional parameters name the
              inputs (a default of None makes one optional, `*xs` takes any number), its keyword-only ones the attrs.
    numpy     `(out, x, weight, bias, *, stride) -> list[Call]`: the NumPy calls that write `out` (a tuple when the op
              has several outputs, None in it for one that is not wanted). With `scratch=` it also gets `scratch`.
    scratch   `(*types, **attrs) -> tuple[TensorType, ...]`: working memory that the kernel needs (`Op.scratch` tells
              it with that for float32 copies).
    vjp       `(c, g, x, out) -> gradient or tuple of them`, one an input: parameters after `g` name the inputs and
              outputs it needs (only these are saved). Broadcasting and dtype are undone by the driver.
    view      `(x, **attrs) -> ndarray | None`: input 0's memory as the output (None where strides forbid).
    scatter   `(base, part, **attrs)`: ops giving `base` with the viewed part replaced (the inverse of a view).
    decompose `(*values, **attrs)`: the same in simpler ops; also differentiates an op that has no vjp.
    differentiable  how many of the outputs, counted from the first, carry gradients.
    grad_name, grad_edges  what eager autograd shows: PyTorch's name of the grad_fn (or `(types, attrs) -> name`), and
              the order of its next_functions (or `(types) -> order`): input indices, or `("TBackward0", entry)` for a
              node that stands between. By default all floating-point inputs and numbers.
    takes_narrow  whether the kernel takes 16-bit floats as they are; else it is run on float32 copies of them.
    """

    op_rank = 0

    def __init__(
        self,
        name: str,
        *,
        infer: Callable[..., Any],
        numpy: Callable[..., list[Call]] | None = None,
        vjp: Callable[..., Any] | None = None,
        traits: Iterable[Trait] = (),
        scratch: Callable[..., Types] | None = None,
        view: Callable[..., np.ndarray | None] | None = None,
        scatter: Callable[..., Any] | None = None,
        decompose: Callable[..., Any] | None = None,
        outputs: tuple[str, ...] = ("out",),
        grad_name: str | Callable[..., str] = "",
        grad_edges: tuple[Any, ...] | Callable[[tuple[TensorType, ...]], tuple[Any, ...]] | None = None,
        differentiable: int = 1,
        takes_narrow: bool = False,
        flops: Callable[..., int] | None = None,
        doc: str = "",
    ) -> None:
        self.name = name
        self.infer = infer
        self.numpy = numpy if numpy is not None or view is None else _copy_view(view)
        self.vjp = vjp
        self.traits = frozenset(traits)
        self.takes_narrow = takes_narrow or view is not None or numpy is None
        self._own_scratch = scratch
        self.view = view
        self.scatter = scatter
        self.decompose = decompose
        self.outputs = outputs
        self.grad_name = grad_name or f"{''.join(p.capitalize() for p in name.split('_'))}Backward0"
        self.grad_edges = grad_edges
        self.differentiable = differentiable
        self.flops = flops
        self.__doc__ = doc or infer.__doc__
        self._read_signature()
        self._memo: dict[tuple[Any, ...], Types] = {}
        self._attrs_memo: dict[tuple[Any, ...], Attrs] = {}
        self._recipes: dict[tuple[Any, ...], Recipe] = {}
        self._recipes_by_attrs: dict[int, tuple[Attrs, dict[tuple[Any, ...], Recipe]]] = {}
        required = any(default is inspect.Parameter.empty for default in self.attr_defaults.values())
        self._all_defaults = None if required else Attrs(self.attr_defaults)
        self.needs = tuple(inspect.signature(vjp).parameters)[2:] if vjp else ()
        self._check_needs()

    def _read_signature(self) -> None:
        parameters = inspect.signature(self.infer).parameters.values()
        positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self.input_names = tuple(p.name for p in positional)
        self.required = sum(p.default is p.empty for p in positional)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.attr_defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def _check_needs(self) -> None:
        for need in self.needs:
            if need not in self.input_names and need not in self.outputs:
                raise GraphnnError(f"the gradient rule of {self.name} asks for {need!r}, which is no input or output")

    # ---- types

    def attrs(self, given: Mapping[str, Any]) -> Attrs:
        """The full attrs: defaults filled in, unknown and missing names refused. Memoised, as `infer_types` is."""
        if type(given) is Attrs and len(given) == len(self.attr_defaults):
            return given
        if not given and self._all_defaults is not None:
            return self._all_defaults
        kinds = [t if (t := type(v)) is not float or v else repr(v) for v in given.values()]  # 0.0 == -0.0, 1 == True
        key = (tuple(given.items()), tuple(kinds))
        found = self._attrs_memo.get(key)
        if found is None:
            found = self._full_attrs(given)
            if len(self._attrs_memo) >= _MEMO_LIMIT:
                self._attrs_memo.clear()
            self._attrs_memo[key] = found
        return found

    def _full_attrs(self, given: Mapping[str, Any]) -> Attrs:
        full = {**self.attr_defaults, **given}
        if len(full) != len(self.attr_defaults):
            unknown = ", ".join(sorted(set(given) - set(self.attr_defaults)))
            raise ArgumentError(
                f"{self.name} has no attribute {unknown}; it takes {', '.join(self.attr_defaults) or 'none'}"
            )
        for name, value in full.items():
            if value is inspect.Parameter.empty:
                raise ArgumentError(f"{self.name} needs the attribute {name}")
        return Attrs(full)

    def infer_types(self, inputs: Sequence[TensorType | None], attrs: Mapping[str, Any]) -> Types:
        """The output types; memoised, since eager code asks for the same again and again."""
        key = (tuple(inputs), attrs)
        found = self._memo.get(key)
        if found is None:
            found = self.infer_afresh(inputs, attrs)
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            self._memo[key] = found
        return found

    def infer_afresh(self, inputs: Sequence[TensorType | None], attrs: Mapping[str, Any]) -> Types:
        """The output types by the rule itself, past the memo."""
        self._check_arity(len(inputs))
        result = self.infer(*inputs, **attrs)
        return result if isinstance(result, tuple) else (result,)

    def _check_arity(self, count: int) -> None:
        if self.variadic or self.required <= count <= len(self.input_names):
            return
        raise ArgumentError(f"{self.name} takes the inputs ({', '.join(self.input_names)}), got {count} of them")

    def forget(self) -> None:
        """Drops what is kept for signatures: the rules of types have changed."""
        for kept in (self._memo, self._recipes, self._recipes_by_attrs):
            kept.clear()

    # ---- application

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        best, rank = None, 0
        for arg in args:
            r = _ranks.get(type(arg))
            if r is None:
                r = _rank(arg)
            if r > rank:
                best, rank = arg, r
        if best is not None:
            return best.apply_op(self, args, attrs)
        if not args and builders.stack:
            return builders.stack[-1].apply(self, args, attrs)
        return self.compute(args, self.attrs(attrs))

    def compute(self, args: Sequence[Any], attrs: Attrs) -> Any:
        """Computes on arrays and numbers: a fresh array, a view for a view op, or a tuple for several outputs."""
        arrays: list[Any] = []
        key: list[Any] = []
        for arg in args:
            add_operand(arg, arrays, key)
        recipe = self.recipe(tuple(key), arrays, attrs)
        if self.view is not None:
            seen = self.view(arrays[0], **attrs)
            if seen is not None:
                return seen
        results = self.execute(recipe, arrays, attrs)
        return results if len(results) > 1 else results[0]

    def recipe(self, key: tuple[Any, ...], arrays: Sequence[Any], attrs: Attrs) -> Recipe:
        """What is kept for the signature (`key` is made by `add_operand`); types are checked when it is new."""
        memo = self._recipes if not attrs else self._recipes_of(attrs)
        found = memo.get(key)
        if found is not None:
            return found if found.ready else self._prepare(found, arrays, attrs)
        types = [array_type(a) for a in arrays]
        if len(memo) >= _RECIPES_LIMIT:
            memo.clear()
        found = memo[key] = Recipe(types, self.infer_types(types, attrs))
        return found

    def _recipes_of(self, attrs: Attrs) -> dict[tuple[Any, ...], Recipe]:
        """The recipes for these very attrs: held along with them, so that an id is not taken by others."""
        found = self._recipes_by_attrs.get(id(attrs))
        if found is None:
            if len(self._recipes_by_attrs) >= _RECIPES_LIMIT:
                self._recipes_by_attrs.clear()
            found = self._recipes_by_attrs[id(attrs)] = attrs, {}
        return found[1]

    def _prepare(self, recipe: Recipe, arrays: Sequence[Any], attrs: Attrs) -> Recipe:
        if self.numpy is None or self.view is not None:
            recipe.ready = True
            return recipe
        types = self.scratch(*recipe.types, **attrs)
        recipe.prepare(
            lambda outs, given, work: self.bind(outs, given, attrs, work),
            arrays,
            types,
            Trait.ELEMENTWISE in self.traits,
        )
        return recipe

    def execute(self, recipe: Recipe, arrays: Sequence[Any], attrs: Attrs) -> tuple[np.ndarray, ...]:
        """Computes into fresh arrays, by the recipe's steps where it has some."""
        if recipe.fill is not None and (recipe.any_strides or recipe.fits(arrays)):
            return recipe.run(arrays)
        return self.allocate_and_run(arrays, attrs, recipe.out_types)

    def run(self, arrays: Sequence[Any], attrs: Mapping[str, Any], types: Types) -> tuple[np.ndarray, ...]:
        """Allocates the outputs and runs the kernel; view ops return a view where one is possible."""
        if self.view is not None:
            view = self.view(arrays[0], **attrs)
            if view is not None:
                return (view,)
        return self.allocate_and_run(arrays, attrs, types)

    def allocate_and_run(self, arrays: Sequence[Any], attrs: Mapping[str, Any], types: Types) -> tuple[np.ndarray, ...]:
        """Runs the kernel into fresh arrays. NaN and infinity flow silently, as in IEEE arithmetic."""
        outs = tuple([np.empty(t.shape, t.dtype.numpy) for t in types])
        before = begin_quiet()
        try:
            for call in self.bind(outs, arrays, attrs):
                call[0](*call[1:])
        finally:
            end_quiet(before)
        return outs

    def bind(
        self,
        outs: Sequence[Any],
        arrays: Sequence[Any],
        attrs: Mapping[str, Any],
        scratch: Sequence[np.ndarray] | None = None,
    ) -> list[Call]:
        """The calls that write `outs` from `arrays`; scratch is allocated here unless given."""
        if self.numpy is None:
            return self._bind_decomposed(outs, arrays, attrs)
        if self.takes_narrow or not any(map(holds_narrow, (*arrays, *outs))):
            return self._bind_kernel(outs, arrays, attrs, scratch)
        wide, room = widened_attrs(attrs), None
        if scratch is not None:
            room, scratch = self._split(outs, arrays, attrs, scratch)
        return bind_widened(lambda o, a: self._bind_kernel(o, a, wide, scratch), outs, arrays, room)

    def _bind_kernel(self, outs: Any, arrays: Any, attrs: Mapping[str, Any], scratch: Any) -> list[Call]:
        """The kernel's own calls, widening aside."""
        assert self.numpy is not None
        out = outs[0] if len(self.outputs) == 1 else tuple(outs)
        if self._own_scratch is None:
            return self.numpy(out, *arrays, **attrs)
        if scratch is None:
            types = self._own_scratch(*map(array_type, arrays), **attrs)
            scratch = tuple(np.empty(t.shape, t.dtype.numpy) for t in types)
        return self.numpy(out, *arrays, scratch=scratch, **attrs)

    def _split(self, outs: Any, arrays: Any, attrs: Mapping[str, Any], scratch: Any) -> tuple[Any, Any]:
        """Scratch for a widened kernel in two: the copies of operands and wanted results, and the kernel's own."""
        taken = sum(map(holds_narrow, arrays))
        if all(o is not None for o in outs):
            results = [True] * sum(map(holds_narrow, outs))
        else:
            types = self.infer_types(tuple(map(array_type, arrays)), self.attrs(attrs))
            results = [o is not None for o, t in zip(outs, types, strict=True) if is_narrow(t)]
        end = taken + len(results)
        wanted = [room for room, is_wanted in zip(scratch[taken:end], results, strict=True) if is_wanted]
        return [*scratch[:taken], *wanted], tuple(scratch[end:])

    def scratch(self, *types: TensorType | None, **attrs: Any) -> Types:
        """The working memory that the kernel needs on operands of these types."""
        if self.numpy is None:
            return ()
        out_types = () if self.takes_narrow else self.infer_types(types, self.attrs(attrs))
        own = self._own_scratch
        if not any(map(is_narrow, out_types)) and (self.takes_narrow or not any(map(is_narrow, types))):
            return () if own is None else tuple(own(*types, **attrs))
        wide = () if own is None else own(*map(widened, types), **widened_attrs(attrs))
        return (*copies(types), *copies(out_types), *wide)

    def _bind_decomposed(self, outs: Sequence[Any], arrays: Sequence[Any], attrs: Mapping[str, Any]) -> list[Call]:
        if self.decompose is None:
            raise GraphnnError(f"{self.name} has neither a NumPy kernel nor a decomposition")
        return [(run_decomposed, self.decompose, tuple(outs), tuple(arrays), dict(attrs))]

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


def _by_name(name: str) -> Any:
    return OPS[name]


def _copy_view(view: Callable[..., np.ndarray | None]) -> Callable[..., list[Call]]:
    """The kernel of a view op that has to copy: into a fresh buffer, through a view of it or of the input."""

    def kernel(out: np.ndarray, x: np.ndarray, **attrs: Any) -> list[Call]:
        seen = view(x, **attrs)
        return [(np.copyto, out.reshape(x.shape), x)] if seen is None else [(np.copyto, out, seen)]

    return kernel


def run_decomposed(decompose: Callable[..., Any], outs: Any, arrays: Any, attrs: Any) -> None:
    results = decompose(*arrays, **attrs)
    for out, result in zip(outs, results if isinstance(results, tuple) else (results,), strict=True):
        if out is not None:
            np.copyto(out, result)


def _rank(arg: Any) -> int:
    found = _ranks[type(arg)] = getattr(arg, "op_rank", 0)
    return found


def add_operand(arg: Any, arrays: list[Any], key: list[Any]) -> None:
    """Appends an argument that is no Tensor to `arrays`, and what tells its signature to `key`.

    A number is part of the signature by value: kernels may go by it (a power of 2 is a product).
    """
    if type(arg) is np.ndarray:
        arrays.append(arg)
        key.append(numpy_type(arg))
        return
    kind = _NUMBERS.get(type(arg))
    if kind is not None:
        arrays.append(arg)
        key += (kind, arg if arg else str(arg))  # 0.0 and -0.0 are equal, their texts are not
        return
    if isinstance(arg, float | int):  # a NumPy number that is a Python number too
        add_operand(float(arg) if isinstance(arg, float) else int(arg), arrays, key)
        return
    item = None if arg is None else np.asarray(arg)
    arrays.append(item)
    key.append(array_type(item))


def array_type(item: Any) -> TensorType | None:
    """The type of an array, a Python number (weak) or None."""
    if item is None:
        return None
    return numpy_type(item) if isinstance(item, np.ndarray | np.generic) else scalar_type(item)


def register(op: Op) -> Op:
    """Adds the op to the table; a name can be taken once."""
    if op.name in OPS:
        raise GraphnnError(f"an op called {op.name!r} exists already")
    OPS[op.name] = op
    return op


class _Builders(threading.local):
    """Where ops without tensor arguments go while something is being traced (per thread)."""

    def __init__(self) -> None:
        self.stack: list[Any] = []


builders = _Builders()
