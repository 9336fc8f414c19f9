"""Tensor: a Storage and a view of it; applying an op computes at once and records, or appends to the current trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnn.autodiff.modes import state as grad_mode
from graphnn.autodiff.tape import Edge, GradNode
from graphnn.errors import ArgumentError, AutogradError, TraceError
from graphnn.ir.attrs import Attrs
from graphnn.ir.dtypes import DType
from graphnn.ir.graph import numpy_type
from graphnn.ir.types import TensorType
from graphnn.ops.op import Op, add_operand, builders
from graphnn.ops.recipe import Recipe
from graphnn.tensor.history import HistoryPlan, gradient_edge, needs_grad, record, record_view
from graphnn.tensor.methods import TensorMethods
from graphnn.tensor.size import Size
from graphnn.tensor.storage import Storage

_new = object.__new__


class _NotKept:
    """Stands in `.grad` for a gradient that a compiled step consumed."""


NOT_KEPT = _NotKept()


class Tensor(TensorMethods):
    """A multi-dimensional array that operations on are recorded of, as PyTorch's.

    `_array` is a NumPy view of `_storage.array`; `_path` says how it is reached from there: (view op, attrs) steps.
    While tracing, arrays made in the trace are placeholders: they have shape and strides, and no values.
    `_unseen` marks what `.data` gives: autograd does not count writes through it.
    `_base` is the tensor that this one is a differentiable view of; `_seen` the storage's `history` that `_node` fits.
    """

    op_rank = 2
    _path: tuple[tuple[Op, Attrs], ...] = ()
    _base: Tensor | None = None
    _seen = 0
    _node: GradNode | None = None
    _output_nr = 0
    _requires = False
    _unseen = False
    _grad: Any = None
    _accumulator: Any = None
    _type: TensorType | None = None
    _array: np.ndarray
    _storage: Storage

    # ---- making

    def __new__(cls, *data: Any) -> Tensor:
        """PyTorch's older constructor: `Tensor([1, 2])` holds the data, `Tensor(2, 3)` has that shape; in the default
        dtype. Prefer `graphnn.tensor` and `graphnn.zeros`."""
        from graphnn.tensor.creation import defaults, empty, tensor

        if len(data) == 1 and not isinstance(data[0], int | Size):
            return tensor(data[0], dtype=defaults.dtype)
        return empty(*(data or (0,)))

    @staticmethod
    def of_array(array: np.ndarray, foreign: bool = False) -> Tensor:
        """A tensor over this very array (no copy)."""
        self = _new(Tensor)
        self._array = array
        self._storage = Storage(array, None, foreign)
        return self

    def alias(self) -> Tensor:
        """Another tensor over the same memory, without history: what `detach` and `.data` give."""
        if self._storage.trace is not None:
            self._check_usable()
        other = _new(Tensor)
        other._array = self._array
        other._storage = self._storage
        other._path = self._path
        other._type = self._type
        return other

    def view_of(self, op: Op, attrs: Attrs, array: np.ndarray) -> Tensor:
        """The tensor for a view of this one's memory."""
        other = _new(Tensor)
        other._array = array
        other._storage = self._storage
        other._path = (*self._path, (op, attrs))
        if self._unseen:
            other._unseen = True
        other._base = self if self._base is None else self._base
        other._seen = self._storage.history
        return other

    def wrote(self) -> None:
        """Counts a write through this tensor."""
        if self._unseen:
            self._storage.wrote_unseen()
        else:
            self._storage.wrote()

    # ---- applying ops

    @staticmethod
    def apply_op(op: Op, args: Sequence[Any], given: dict[str, Any]) -> Any:
        """Runs `op` on tensors, numbers and arrays: at once, or into the current trace."""
        attrs = given if type(given) is Attrs else op.attrs(given)
        if builders.stack:
            return builders.stack[-1].apply_tensors(op, args, attrs)
        arrays: list[Any] = []
        key: list[Any] = []
        recording = False
        for arg in args:
            if isinstance(arg, Tensor):
                if arg._storage.trace is not None:
                    arg._check_usable()
                arrays.append(arg._array)
                key.append(arg._type or arg.tensor_type)
                if arg._requires or arg._base is not None:
                    recording = recording or needs_grad(arg)
            else:
                add_operand(arg, arrays, key)
        recipe = op.recipe(tuple(key), arrays, attrs)
        if recipe.fill is not None and (recipe.any_strides or recipe.fits(arrays)):
            results = recipe.run(arrays)
        elif op.view is None or (seen := op.view(arrays[0], **attrs)) is None or not isinstance(args[0], Tensor):
            results = op.allocate_and_run(arrays, attrs, recipe.out_types)
        else:
            out = args[0].view_of(op, attrs, seen)
            out._type = recipe.out_types[0]
            if recording and grad_mode.enabled:
                record(recipe.history or _plan_history(op, attrs, recipe), args, (out,))
            return out
        if len(results) == 1:
            out = fresh_tensor(results[0], recipe.out_types[0])
            if recording and grad_mode.enabled:
                record(recipe.history or _plan_history(op, attrs, recipe), args, (out,))
            return out
        outs = tuple([fresh_tensor(array, kind) for array, kind in zip(results, recipe.out_types, strict=True)])
        if recording and grad_mode.enabled:
            record(recipe.history or _plan_history(op, attrs, recipe), args, outs)
        return outs

    def part(self, op: Op, attrs: Attrs) -> Tensor:
        """`op(self, **attrs)` where the op always gives a view and the attrs are known to fit. Past what is kept for
        signatures: an index is seldom met again."""
        if builders.stack:
            return self.apply_op(op, (self,), attrs)  # type: ignore[no-any-return]
        if self._storage.trace is not None:
            self._check_usable()
        assert op.view is not None
        out = self.view_of(op, attrs, op.view(self._array, **attrs))  # type: ignore[arg-type]
        if (self._requires or self._base is not None) and grad_mode.enabled and needs_grad(self):
            record_view(op, attrs, self, out)
        return out

    # ---- what it is

    @property
    def tensor_type(self) -> TensorType:
        """Dtype and shape, as the graph has them: `f32[64, 10]`."""
        found = self._type
        if found is None:
            found = self._type = numpy_type(self._array)
        return found

    @property
    def dtype(self) -> DType:
        return self.tensor_type.dtype

    @property
    def shape(self) -> Size:
        return Size(self._array.shape)

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def is_leaf(self) -> bool:
        return not needs_grad(self) or self._node is None

    @property
    def requires_grad(self) -> bool:
        return needs_grad(self)

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not self.is_leaf:
            if wanted:
                return
            raise AutogradError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                "a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if wanted and not self.dtype.is_floating_point:
            raise AutogradError(
                f"only Tensors of floating point dtype can require gradients, this one is {self.tensor_type}"
            )
        self._requires = bool(wanted)

    @property
    def grad_fn(self) -> GradNode | None:
        """The node that made this tensor; None for a leaf."""
        return self._node if needs_grad(self) else None

    @property
    def grad(self) -> Tensor | None:
        if builders.stack:
            builders.stack[-1].grad_read(self)
        found = self._grad
        if found is NOT_KEPT:
            raise AutogradError(
                "this gradient was consumed by the update inside a compiled step and not kept; compile with "
                "graphnn.compile(..., keep_grads=True) to read .grad after a step"
            )
        return found  # type: ignore[no-any-return]

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and value.shape != self.shape:
            raise ArgumentError(
                f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size "
                f"'{list(self.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )
        if value is not None and value.dtype is not self.dtype:
            raise ArgumentError(
                f"attempting to assign a gradient with dtype '{value.dtype!r}' to a tensor with dtype '{self.dtype!r}'"
                ". Please ensure that the gradient and the tensor have the same dtype"
            )
        self.set_grad(value)

    def set_grad(self, value: Any) -> None:
        """Sets `.grad` unchecked, telling the current trace."""
        if builders.stack:
            builders.stack[-1].grad_written(self)
        self._grad = value

    @property
    def _version(self) -> int:
        return self._storage.version

    # ---- values

    def values(self, why: str) -> np.ndarray:
        """The array itself, to be read; refused where a trace would bake the value in."""
        if builders.stack:
            raise builders.stack[-1].refuse_read(self, why)
        self._check_usable()
        return self._array

    def _check_usable(self) -> None:
        trace = self._storage.trace
        if trace is not None and trace not in builders.stack:
            raise TraceError(
                f"a tensor made while tracing ({self.tensor_type}) is used after its trace has ended: it never had a value. "
                "Return it from the traced function instead of storing it"
            )

    # ---- backward

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Accumulates d(self)/d(leaf) into every leaf's `.grad` (into those of `inputs` only, when given)."""
        from graphnn.tensor.backward import backward

        wanted = [inputs] if isinstance(inputs, Tensor) else inputs
        backward([self], [gradient], create_graph if retain_graph is None else retain_graph, create_graph, wanted)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Any:
        """Calls `hook(gradient)` whenever this tensor's gradient is computed; returns a handle with `remove()`."""
        from graphnn.tensor.history import add_hook

        return add_hook(self, hook)

    def retain_grad(self) -> None:
        """Keeps `.grad` for this tensor though it is no leaf."""
        if not needs_grad(self):
            raise AutogradError("can't retain_grad on Tensor that has requires_grad=False")
        if self._node is not None and not self.__dict__.get("_retains"):
            self.__dict__["_retains"] = True
            self.register_hook(lambda gradient: self.set_grad(gradient.detach().clone()))

    @property
    def _edge(self) -> Edge:
        return gradient_edge(self)


def fresh_tensor(array: np.ndarray, kind: TensorType) -> Tensor:
    """A tensor of a fresh array; `Tensor.of_array` without its calls."""
    tensor = _new(Tensor)
    tensor._array = array
    tensor._type = kind
    tensor._storage = storage = _new(Storage)
    storage.array = array
    return tensor


def _plan_history(op: Op, attrs: Attrs, recipe: Recipe) -> HistoryPlan:
    recipe.history = found = HistoryPlan(op, attrs, recipe.types, recipe.out_types)
    return found
