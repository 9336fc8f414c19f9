"""Recurrent cells: one step of a recurrent layer, for loops of one's own."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.dtypes import DType
from graphnn.nn.functional.recurrent import gru_cell, lstm_cell, rnn_cell
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.nn.recurrent import reset_uniformly
from graphnn.tensor.creation import empty, zeros
from graphnn.tensor.tensor import Tensor


class RNNCellBase(Module):
    """What the cells have in common: weights, and inputs (B, I) or (I,)."""

    nonlinearity = "tanh"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        for name, width in (("weight_ih", input_size), ("weight_hh", hidden_size)):
            setattr(self, name, Parameter(empty(rows, width, device=device, dtype=dtype)))
        for name in ("bias_ih", "bias_hh"):
            given = Parameter(empty(rows, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, given)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As the layers'."""
        reset_uniformly(self, self.hidden_size)

    def extra_repr(self) -> str:
        bias = "" if self.bias else f", bias={self.bias}"
        kind = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}"
        return f"{self.input_size}, {self.hidden_size}{bias}{kind}"

    def _weights(self) -> tuple[Any, Any, Any, Any]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _batched(self, input: Tensor, hx: tuple[Tensor, ...] | None, names: list[str]) -> tuple[Tensor, list[Tensor]]:
        """Input and states with a batch dimension; states of zeros where none are given."""
        self._check_dims("input", input)
        for name, state in zip(names, hx or (), strict=False):
            self._check_dims(name, state)
        single = input.ndim == 1
        input = input.unsqueeze(0) if single else input
        if input.shape[1] != self.input_size:
            raise ShapeError(f"input has inconsistent input_size: got {input.shape[1]} expected {self.input_size}")
        if hx is None:
            return input, [zeros(input.shape[0], self.hidden_size, dtype=input.dtype)] * len(names)
        states = [state.unsqueeze(0) if single else state for state in hx]
        for i, state in enumerate(states):
            self._check_state(input, state, f"hidden{i}")
        return input, states

    def _check_dims(self, name: str, given: Tensor) -> None:
        if given.ndim not in (1, 2):
            raise ShapeError(f"{type(self).__name__}: Expected {name} to be 1D or 2D, got {given.ndim}D instead")

    def _check_state(self, input: Tensor, state: Tensor, name: str) -> None:
        if state.shape[0] != input.shape[0]:
            raise ShapeError(f"Input batch size {input.shape[0]} doesn't match {name} batch size {state.shape[0]}")
        if tuple(state.shape[1:]) != (self.hidden_size,):
            raise ShapeError(f"{name} has inconsistent hidden_size: got {state.shape[1]}, expected {self.hidden_size}")


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu for tanh."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        batch, (state,) = self._batched(input, None if hx is None else (hx,), ["hidden"])
        if self.nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(f"Unknown nonlinearity: {self.nonlinearity}; it can be 'tanh' or 'relu'")
        found = rnn_cell(batch, state, *self._weights(), self.nonlinearity)
        return found if input.ndim == 2 else found.squeeze(0)


class LSTMCell(RNNCellBase):
    """One step of long short-term memory: (h', c') of x and (h, c)."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        batch, (h, c) = self._batched(input, hx, ["hx[0]", "hx[1]"])
        state, cell = lstm_cell(batch, (h, c), *self._weights())
        return (state, cell) if input.ndim == 2 else (state.squeeze(0), cell.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of gated recurrent units."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        batch, (state,) = self._batched(input, None if hx is None else (hx,), ["hidden"])
        found = gru_cell(batch, state, *self._weights())
        return found if input.ndim == 2 else found.squeeze(0)
