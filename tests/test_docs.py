"""The pages say what the code does: their graphs parse, and every pass is on the page of passes."""

import re
from pathlib import Path

import pytest

import graphnn.passes
from graphnn.ir import parse

DOCS = Path(__file__).parents[1] / "docs"
GRAPHS = re.findall(r"```graph\n(.*?)\n```", (DOCS / "ir.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", GRAPHS)
def test_a_graph_on_the_page_parses_and_prints_as_it_stands_there(text):
    assert str(parse(text)) == text


def test_every_pass_is_on_the_page():
    page = (DOCS / "passes.md").read_text(encoding="utf-8")
    exported = [getattr(graphnn.passes, name) for name in graphnn.passes.__all__ if name != "Pass"]
    names = [
        p.name for p in exported if isinstance(p, type) and issubclass(p, graphnn.passes.Pass) and "name" in vars(p)
    ]
    assert names
    assert [name for name in names if f"`{name}`" not in page] == []
