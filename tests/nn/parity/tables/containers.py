"""Containers, alone where they can be called, else inside a network that uses them."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from tests.nn.parity.row import Row, normal

X = [normal(5, 3)]


def network(make: Callable[[Any], Any], use: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """A module with the container as `held`, whose forward is `use(held, x)`."""

    def build(library: Any) -> Any:
        class Network(library.nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.held = make(library)

            def forward(self, x: Any) -> Any:
                return use(self.held, x)

        return Network()

    return build


def chain(modules: Iterable[Any], x: Any) -> Any:
    for module in modules:
        x = module(x)
    return x


def layers(t: Any) -> list[Any]:
    return [t.nn.Linear(3, 4), t.nn.ReLU(), t.nn.Linear(4, 2)]


def named(t: Any) -> dict[str, Any]:
    return dict(zip(("first", "act", "last"), layers(t), strict=True))


def weights(t: Any) -> list[Any]:
    return [t.nn.Parameter(t.ones(3, 4)), t.nn.Parameter(t.full((4,), 0.5))]


def nested(t: Any) -> Any:
    return t.nn.Sequential(t.nn.Sequential(*layers(t)), t.nn.Tanh())


ROWS = [
    Row("Sequential", inputs=X, build=lambda t: t.nn.Sequential(*layers(t))),
    Row("Sequential", inputs=X, build=lambda t: t.nn.Sequential(OrderedDict(named(t)))),
    Row("Sequential", inputs=X, build=nested),
    Row("Sequential", inputs=X, build=lambda t: t.nn.Sequential()),
    Row("ModuleList", inputs=X, build=network(lambda t: t.nn.ModuleList(layers(t)), chain)),
    Row("ModuleList", inputs=X, build=network(lambda t: t.nn.ModuleList(layers(t))[:2], chain)),
    Row("ModuleDict", inputs=X, build=network(lambda t: t.nn.ModuleDict(named(t)), lambda d, x: chain(d.values(), x))),
    Row(
        "ModuleDict",
        inputs=X,
        build=network(lambda t: t.nn.ModuleDict(named(t).items()), lambda d, x: d["act"](d["first"](x))),
    ),
    Row(
        "ParameterList",
        inputs=X,
        build=network(lambda t: t.nn.ParameterList(weights(t)), lambda p, x: x @ p[0] + p[1]),
    ),
    Row(
        "ParameterDict",
        inputs=X,
        build=network(
            lambda t: t.nn.ParameterDict(dict(zip(("weight", "bias"), weights(t), strict=True))),
            lambda p, x: x @ p["weight"] + p["bias"],
        ),
    ),
]
