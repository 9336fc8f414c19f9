"""What a command works on: a network of the user's own with made-up inputs, or a graph read from text."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import graphnn
from graphnn.errors import ArgumentError, GraphnnError
from graphnn.ir.dtypes import BY_SHORT
from graphnn.ir.graph import Graph
from graphnn.ir.parser import parse

INPUT = re.compile(r"\s*(\w+)\s*\[([^\]]*)\]\s*(?:<\s*(\d+)\s*)?")


@dataclass(frozen=True)
class Training:
    """How a network is trained, where a whole step is wanted."""

    loss: str = "cross-entropy"
    optimizer: str = "SGD"


@dataclass
class Subject:
    """`function` is called with `arguments`; `module` is the network in it, None for a plain function."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    module: Any = None

    @property
    def trains(self) -> bool:
        return self.module is not None and self.function is not self.module

    def mode(self) -> Any:
        """With gradients where it trains."""
        return graphnn.enable_grad() if self.trains else graphnn.no_grad()

    def graph(self) -> Graph:
        with self.mode():
            traced: Graph = graphnn.trace(self.function, *self.arguments)
            return traced

    def compiled(self, backend: str) -> Any:
        """Compiled, and run once."""
        fast = graphnn.compile(self.function, backend=backend)
        with self.mode():
            fast(*self.arguments)
        return fast


def load_subject(name: str, inputs: Sequence[str], training: Training | None = None, seed: int = 0) -> Subject:
    """The network called `name`, in evaluation mode, or a step that trains it; inputs are drawn with the seed."""
    if not inputs:
        raise ArgumentError(f"{name} needs inputs, such as f32[1,3,224,224] (i64[8]<10 for whole numbers below 10)")
    arguments = made_up(inputs, seed)
    graphnn.manual_seed(seed)
    found = _made(name, load_named(name))
    module = found if isinstance(found, graphnn.nn.Module) else None
    if training is None:
        return Subject(name, found if module is None else module.eval(), arguments, module)
    if module is None:
        raise ArgumentError(f"{name} is no module: --train wants one; a function that trains is traced as it is")
    return Subject(name, *_training_step(name, module.train(), arguments, training), module)


def read_graph(name: str) -> Graph:
    """A graph from a file of its text; "-" is stdin."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from None
    try:
        return parse(text)
    except GraphnnError as error:
        raise ArgumentError(f"{'stdin' if name == '-' else name}: {error}") from None


def is_text(name: str) -> bool:
    """Whether the name is of graph text, not of a network."""
    return name == "-" or (":" not in name and Path(name).suffix != ".py")


# ---- inputs


def made_up(inputs: Sequence[str], seed: int) -> tuple[Any, ...]:
    """A tensor for each type: normal numbers, or whole ones below the bound (2, unless one is given)."""
    rng = np.random.default_rng(seed)
    return tuple(graphnn.from_numpy(_array(text, rng)) for text in inputs)


def _array(text: str, rng: np.random.Generator) -> np.ndarray:
    match = INPUT.fullmatch(text)
    sizes = [] if match is None else [part.strip() for part in match[2].split(",") if part.strip()]
    if match is None or not all(size.isdigit() for size in sizes):
        raise ArgumentError(f"an input is written as f32[1,3,224,224] or i64[8]<10, got {text!r}")
    if match[1] not in BY_SHORT:
        raise ArgumentError(f"{text}: there is no dtype {match[1]!r}; there are {', '.join(BY_SHORT)}")
    dtype, shape = BY_SHORT[match[1]], tuple(map(int, sizes))
    if dtype.is_floating_point:
        return rng.standard_normal(shape).astype(dtype.numpy)
    return rng.integers(0, int(match[3] or 2), shape).astype(dtype.numpy)


# ---- networks


def load_named(name: str) -> Any:
    """What `file.py:Name` or `package.module:name` names."""
    where, _, path = name.rpartition(":")
    if not where or not path:
        raise ArgumentError(f"a network is named as file.py:Class or package.module:factory, got {name!r}")
    found = _file(Path(where)) if where.endswith(".py") else _module(where)
    for part in path.split("."):
        if not hasattr(found, part):
            raise ArgumentError(f"{where} has no {part!r}{_near(part, found)}")
        found = getattr(found, part)
    return found


def _near(name: str, module: Any) -> str:
    import difflib

    near = difflib.get_close_matches(name, [n for n in vars(module) if not n.startswith("_")], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _file(path: Path) -> Any:
    if not path.is_file():
        raise ArgumentError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and pickles look there
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ArgumentError(f"cannot import {path}: {told(error)}") from error
    return module


def _module(name: str) -> Any:
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise ArgumentError(f"cannot import {name}: {told(error)}") from error


def _made(name: str, found: Any) -> Any:
    """A class or factory is called; a function that takes arguments is what shall be traced."""
    if isinstance(found, graphnn.nn.Module):
        return found
    if not callable(found):
        raise ArgumentError(f"{name} is a {type(found).__name__}, and cannot be called")
    if not inspect.isclass(found) and _wants_arguments(found):
        return found
    try:
        made = found()
    except Exception as error:
        raise ArgumentError(f"{name}() raised {told(error)}") from error
    if not callable(made):
        raise ArgumentError(f"{name}() made a {type(made).__name__}; wanted a module or a function")
    return made


def _wants_arguments(function: Any) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def told(error: BaseException) -> str:
    """The error in one line, with the user's line that it came from."""
    text = " ".join(str(error).split()) or "no message"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_ours(f.filename)]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{place}"


def _is_ours(file: str) -> bool:
    return file.startswith(("<frozen", str(Path(graphnn.__file__).parent), str(Path(__file__).parents[1])))


# ---- training


def _training_step(name: str, net: Any, arguments: tuple[Any, ...], training: Training) -> tuple[Any, tuple[Any, ...]]:
    """The tutorials' loop body, and its arguments: the inputs and a target that fits the output."""
    with graphnn.no_grad():
        output = net(*arguments)
    if not isinstance(output, graphnn.Tensor) or not output.dtype.is_floating_point:
        raise ArgumentError(
            f"{name} gives a {type(output).__name__}; --train wants one tensor of floating-point numbers"
        )
    criterion, target = _loss(name, training.loss, output)
    optimizer = getattr(graphnn.optim, training.optimizer)(net.parameters(), lr=1e-3)

    def step(*given: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(net(*given[:-1]), given[-1])
        loss.backward()
        optimizer.step()
        return loss

    return step, (*arguments, target)


def _loss(name: str, loss: str, output: Any) -> tuple[Any, Any]:
    if loss == "mse":
        return graphnn.nn.MSELoss(), graphnn.zeros(output.shape, dtype=output.dtype)
    if output.ndim < 2:
        raise ArgumentError(
            f"{name} gives {list(output.shape)}; cross-entropy wants (batch, classes, ...): try --loss mse"
        )
    shape = (output.shape[0], *output.shape[2:])
    return graphnn.nn.CrossEntropyLoss(), graphnn.randint(0, output.shape[1], shape)
