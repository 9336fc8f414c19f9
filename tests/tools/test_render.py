"""Writing drawings to files, with and without the program `dot`."""

import re
import warnings
from xml.etree import ElementTree

import pytest

import graphnn
from graphnn.errors import ArgumentError, GraphnnError
from graphnn.ir import parse
from graphnn.tools import draw_graph
from graphnn.tools.drawing.render import plain_svg, save

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


def test_without_dot_draws_a_simpler_svg_and_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    told = r"no g\.png, but g\.svg: the program 'dot' is not installed.* apt install graphviz"
    with pytest.warns(UserWarning, match=told.replace("* apt", "*apt")) as caught:
        dot = draw_graph(parse(TEXT), tmp_path / "g.png")
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    assert caught[0].filename == __file__
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.dot", "g.svg"]
    assert (tmp_path / "g.dot").read_text() == dot.source
    root = ElementTree.fromstring((tmp_path / "g.svg").read_text())
    assert {"x", "relu"} <= {t.text for t in root.iter("{http://www.w3.org/2000/svg}text")}


def test_boxes_of_the_simpler_layout_do_not_overlap_and_arrows_go_down():
    graph = graphnn.trace(
        lambda x, y: ((x * y).relu() + x.tanh() * (y - x).exp(), (x + y).sum()), graphnn.ones(3), graphnn.ones(3)
    )
    root = ElementTree.fromstring(plain_svg(draw_graph(graph, legend=False)))
    names = "{http://www.w3.org/2000/svg}"
    found = [[float(r.get(k)) for k in ("x", "y", "width", "height")] for r in root.findall(f"{names}g/{names}rect")]
    assert len(found) == len(graph.nodes) + 4
    for i, (x, y, w, h) in enumerate(found):
        for a, b, c, d in found[:i]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y
    for arrow in root.findall(f"{names}path"):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", arrow.get("d"))]
        assert numbers[-1] > numbers[1]


def test_tells_what_was_written(tmp_path, monkeypatch):
    dot = draw_graph(parse(TEXT))
    assert save(dot, tmp_path / "g.svg") == tmp_path / "g.svg"
    monkeypatch.setenv("PATH", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert save(dot, tmp_path / "g.pdf") == tmp_path / "g.svg"


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
