"""An op with an effect, which no real op has yet, on the table while a test asks for it."""

import pytest

from graphnn.ir.registry import OPS, Trait
from graphnn.ops.op import Op


@pytest.fixture
def check_seen(monkeypatch):
    op = Op("check_seen", infer=lambda x: (), numpy=lambda out, x: [], outputs=(), traits=(Trait.EFFECT,))
    monkeypatch.setitem(OPS, op.name, op)
    return op
