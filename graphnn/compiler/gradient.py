"""Gradients through a compiled call: a grad_fn that leases the call's workspace until its backward has run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.autodiff.tape import Carrier, Edge, GradNode
from graphnn.compiler.program import Program
from graphnn.errors import AutogradError
from graphnn.runtime.executable import Workspace
from graphnn.tensor.backward import ArrayCarrier
from graphnn.tracing.joint import Joint


class CompiledFunctionBackward(GradNode):
    """The plan's backward part, to be run in the workspace where its forward part ran."""

    __slots__ = ("first", "joint", "known", "program", "versions", "workspace")

    def __init__(
        self,
        edges: Sequence[Edge],
        program: Program,
        workspace: Workspace,
        joint: Joint,
        known: dict[int, np.ndarray],
        first: int,
    ) -> None:
        super().__init__(edges)
        self.program = program
        self.workspace: Workspace | None = workspace
        self.joint = joint
        self.known = {p: a for p, a in known.items() if p >= first}
        self.first = first
        self.versions = [s.version for s in program.read_late]

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        self._check(carrier)
        assert self.workspace is not None
        seeds = [self._seed(grads, i) for i in range(len(self.joint.outputs))]
        with self.workspace.preserved(carrier.retain):
            found = dict(zip(self.program.late, self.workspace.backward(seeds), strict=True)) | self.known
        return [found[self.first + i] for i in range(len(self.edges))]

    def _seed(self, grads: tuple[Any, ...], index: int) -> Any:
        gradient = grads[index] if index < len(grads) else None
        return 0.0 if gradient is None else gradient

    def _check(self, carrier: Carrier) -> None:
        if self.workspace is None:
            raise AutogradError(
                "Trying to backward through the graph a second time: the workspace of this compiled call is already given "
                "back. Specify retain_graph=True if you need to backward through the graph a second time"
            )
        if not isinstance(carrier, ArrayCarrier):
            raise AutogradError(
                "a compiled call cannot be differentiated twice; for create_graph=True call the original"
            )
        for storage, version in zip(self.program.read_late, self.versions, strict=True):
            if storage.version != version:
                raise AutogradError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"state of a compiled call is at version {storage.version}; expected version {version} instead"
                )

    def release(self) -> None:
        workspace, self.workspace = self.workspace, None
        if workspace is not None:
            self.program.executable.release(workspace)

    def __del__(self) -> None:
        self.release()
