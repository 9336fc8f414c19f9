"""Recurrent layers: RNN, LSTM and GRU, several layers deep, in one or both directions, over padded or packed batches.

Each layer and direction is one node of a graph, however long the sequence (`graphnn/ops/recurrence.py`).
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError, ShapeError
from graphnn.ir.dtypes import DType
from graphnn.nn import init
from graphnn.nn.functional.recurrent import recurrent_stack
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.nn.utils.packed_sequence import PackedSequence
from graphnn.ops.gru import gru
from graphnn.ops.lstm import lstm
from graphnn.ops.op import Op
from graphnn.ops.rnn import rnn_relu, rnn_tanh
from graphnn.tensor.creation import empty, zeros
from graphnn.tensor.tensor import Tensor

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
OPS: dict[str, Op] = {"LSTM": lstm, "GRU": gru, "RNN_TANH": rnn_tanh, "RNN_RELU": rnn_relu}


class RNNBase(Module):
    """What the three have in common. Parameters are named as `weight_ih_l0`, with `_reverse` for the way back."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if mode not in GATES:
            raise ArgumentError("Unrecognized RNN mode: " + mode)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout if isinstance(dropout, bool) else float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        _check_options(self)
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._directions]:
                self._add_weights(layer, f"_l{layer}{suffix}", {"device": device, "dtype": dtype})
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _state_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _add_weights(self, layer: int, suffix: str, options: dict[str, Any]) -> None:
        rows = GATES[self.mode] * self.hidden_size
        width = self.input_size if layer == 0 else self._state_size * self._directions
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, self._state_size)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        for name, shape in shapes.items():
            setattr(self, name + suffix, Parameter(empty(*shape, **options)))
        self._all_weights.append([name + suffix for name in shapes])

    def reset_parameters(self) -> None:
        """All uniform within 1 / sqrt(hidden_size)."""
        reset_uniformly(self, self.hidden_size)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Does nothing, and is there for code that calls it: it lays weights out as cuDNN wants them."""

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}"
        options = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0}
        for name, default in (options | {"bidirectional": False}).items():
            if getattr(self, name) != default:
                shown += f", {name}={getattr(self, name)}"
        return shown

    # ---- running

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        single = self._check_dims(input)
        given = self._given(hx, single, input.ndim)
        batch_dim = 0 if self.batch_first else 1
        input = input.unsqueeze(batch_dim) if single else input
        given = None if given is None else [s.unsqueeze(1) if single else s for s in given]
        self._check_input(input)
        states = self._states(input, given, input.shape[batch_dim])
        out, finals = self._run(input.transpose(0, 1) if self.batch_first else input, states, None)
        out = out.transpose(0, 1) if self.batch_first else out
        if single:
            out, finals = out.squeeze(batch_dim), [s.squeeze(1) for s in finals]
        return out, self._hidden(finals)

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> Any:
        given = self._given(hx, False, 3)
        if given is not None and packed.sorted_indices is not None:
            given = [s.index_select(1, packed.sorted_indices) for s in given]
        _require_dims(packed.data, 2)
        self._check_input(packed.data)
        states = self._states(packed.data, given, packed.sizes[0])
        out, finals = self._run(packed.data, states, packed.sizes)
        if packed.unsorted_indices is not None:
            finals = [s.index_select(1, packed.unsorted_indices) for s in finals]
        return packed.with_data(out), self._hidden(finals)

    def _run(self, input: Tensor, states: Any, sizes: tuple[int, ...] | None) -> tuple[Tensor, list[Tensor]]:
        weights = [self._ordered(names) for names in self._all_weights]
        p = self.dropout if self.training else 0.0
        return recurrent_stack(
            OPS[self.mode], input, states, weights, directions=self._directions, p=p, batch_sizes=sizes
        )

    def _ordered(self, names: list[str]) -> list[Tensor | None]:
        """The weights as the op takes them: the biases' places are kept where only the projection follows."""
        found = [getattr(self, name) for name in names]
        return [*found[:2], None, None, *found[2:]] if self.proj_size and not self.bias else found

    def _states(self, input: Tensor, given: list[Tensor] | None, batch: int) -> list[list[Tensor]]:
        """The first states of each layer and direction."""
        count = self.num_layers * self._directions
        sizes = (self._state_size, self.hidden_size)[: 2 if self.mode == "LSTM" else 1]
        if given is None:
            fresh = [zeros(batch, size, dtype=input.dtype) for size in sizes]
            return [fresh] * count
        for i, (state, size) in enumerate(zip(given, sizes, strict=True)):
            self._check_state(state, (count, batch, size), f"hidden[{i}] size" if len(sizes) > 1 else "hidden size")
        return [[state[k] for state in given] for k in range(count)]

    # ---- LSTM has two states

    def _given(self, hx: Any, single: bool, ndim: int) -> list[Tensor] | None:
        """The states that were handed in, checked for their number of dimensions."""
        if hx is None:
            return None
        if not isinstance(hx, Tensor):
            raise ArgumentTypeError(f"{type(self).__name__}: hx must be a Tensor, got {type(hx).__name__}")
        if hx.ndim != ndim:
            kind = "unbatched 2-D" if single else "batched 3-D"
            raise ShapeError(f"For {kind} input, hx should also be {ndim}-D but got {hx.ndim}-D tensor")
        return [hx]

    def _hidden(self, finals: list[Tensor]) -> Any:
        return finals[0]

    # ---- checks

    def _check_dims(self, input: Tensor) -> bool:
        """Whether the input is a single sequence."""
        if input.ndim not in (2, 3):
            name = type(self).__name__
            raise ShapeError(f"{name}: Expected input to be 2D or 3D, got {input.ndim}D {_noun(self)}instead")
        return input.ndim == 2

    def _check_input(self, input: Tensor) -> None:
        weight: Tensor = getattr(self, self._all_weights[0][0])
        if input.dtype is not weight.dtype:
            raise ArgumentError(
                f"RNN input dtype ({input.dtype!r}) does not match weight dtype ({weight.dtype!r}). Convert input: "
                f"input.to({weight.dtype!r}), or convert model: model.to({input.dtype!r})"
            )
        if input.shape[-1] != self.input_size:
            raise ShapeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _check_state(self, state: Tensor, wanted: tuple[int, ...], name: str) -> None:
        if tuple(state.shape) != wanted:
            raise ShapeError(f"Expected {name} {wanted}, got {list(state.shape)}")


def _noun(layer: RNNBase) -> str:
    return "tensor " if layer.mode.startswith("RNN") else ""


def _require_dims(input: Tensor, dims: int) -> None:
    if input.ndim != dims:
        raise ShapeError(f"input must have {dims} dimensions, got {input.ndim}")


def reset_uniformly(module: Module, hidden_size: int) -> None:
    """All parameters uniform within 1 / sqrt(hidden_size)."""
    bound = 1.0 / math.sqrt(hidden_size) if hidden_size > 0 else 0.0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


class RNN(RNNBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh) over a sequence, or relu for tanh."""

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ArgumentError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: takes and returns (output, (h_n, c_n)); `proj_size` projects the states handed on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def _given(self, hx: Any, single: bool, ndim: int) -> list[Tensor] | None:
        if hx is None:
            return None
        if isinstance(hx, Tensor) or len(hx) != 2:
            raise ArgumentTypeError(f"LSTM: hx must be a pair of Tensors (h_0, c_0), got {type(hx).__name__}")
        if any(state.ndim != ndim for state in hx):
            kind = "unbatched 2-D" if single else "batched 3-D"
            raise ShapeError(
                f"For {kind} input, hx and cx should also be {ndim}-D but got ({hx[0].ndim}-D, {hx[1].ndim}-D) tensors"
            )
        return list(hx)

    def _hidden(self, finals: list[Tensor]) -> Any:
        return tuple(finals)


class GRU(RNNBase):
    """Gated recurrent units."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ArgumentError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


# ---- options


def _check_options(layer: RNNBase) -> None:
    p = layer.dropout
    if isinstance(p, bool) or not 0 <= p <= 1:
        raise ArgumentError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
        value = getattr(layer, name)
        if not isinstance(value, kind):
            raise ArgumentTypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
    for name in ("input_size", "hidden_size", "num_layers"):
        if getattr(layer, name) <= 0:
            raise ArgumentError(f"{name} must be greater than zero")
    if layer.proj_size < 0:
        raise ArgumentError("proj_size should be a positive integer or zero to disable projections")
    if layer.proj_size >= layer.hidden_size:
        raise ArgumentError("proj_size has to be smaller than hidden_size")
    if p > 0 and layer.num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={p} and num_layers=1",
            stacklevel=4,
        )
