"""Writing drawings to files, with and without the program `dot`."""

import warnings

import pytest

from graphnn.errors import ArgumentError, GraphnnError
from graphnn.ir import parse
from graphnn.tools import draw_graph
from graphnn.tools.drawing.render import save

TEXT = "graph @g(%x: f32[2]) -> (f32[2]) {\n  %0: f32[2] = relu(%x)\n  return %0\n}"
BEGINNINGS = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", BEGINNINGS)
def test_writes_the_picture_and_its_dot_text(tmp_path, suffix):
    dot = draw_graph(parse(TEXT), tmp_path / f"new/folder/g{suffix}")
    assert (tmp_path / f"new/folder/g{suffix}").read_bytes().startswith(BEGINNINGS[suffix])
    assert (tmp_path / "new/folder/g.dot").read_text() == dot.source


def test_the_picture_shows_names_and_shapes(tmp_path):
    draw_graph(parse(TEXT), tmp_path / "g.svg")
    picture = (tmp_path / "g.svg").read_text()
    assert "relu" in picture
    assert "f32[2]" in picture


def test_writes_dot_text_alone(tmp_path):
    dot = draw_graph(parse(TEXT), str(tmp_path / "g.dot"))
    assert [path.name for path in tmp_path.iterdir()] == ["g.dot"]
    assert (tmp_path / "g.dot").read_text() == dot.source


def test_without_dot_writes_the_text_and_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(
        UserWarning, match=r"no g\.png: .*'dot' is not installed; wrote .*g\.dot .*apt install graphviz"
    ) as caught:
        dot = draw_graph(parse(TEXT), tmp_path / "g.png")
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    assert caught[0].filename == __file__
    assert [path.name for path in tmp_path.iterdir()] == ["g.dot"]
    assert (tmp_path / "g.dot").read_text() == dot.source


def test_tells_what_was_written(tmp_path, monkeypatch):
    dot = draw_graph(parse(TEXT))
    assert save(dot, tmp_path / "g.svg") == tmp_path / "g.svg"
    monkeypatch.setenv("PATH", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert save(dot, tmp_path / "g.svg") == tmp_path / "g.dot"


def test_refuses_another_format_and_writes_nothing(tmp_path):
    with pytest.raises(ArgumentError, match=r"\.svg, \.png, \.pdf, \.dot, \.gv, got the path '.*g\.jpeg'"):
        draw_graph(parse(TEXT), tmp_path / "g.jpeg")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_of_dot_is_reported_with_the_text_kept(tmp_path):
    dot = draw_graph(parse(TEXT))
    dot.body.append("this is no dot [")
    with pytest.raises(GraphnnError, match=r"dot could not draw .*g\.dot: .*syntax error"):
        save(dot, tmp_path / "g.svg")
    assert (tmp_path / "g.dot").exists()
