"""What notebooks show, and the plots."""

from xml.etree import ElementTree

import pytest

import graphnn as gn
from graphnn import nn
from graphnn.errors import ArgumentError
from graphnn.ir import parse
from graphnn.tools import draw_plan, plot_memory, plot_passes, plot_training, profile, summarize

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def compiled():
    net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    fast = gn.compile(net, backend="numpy")
    with gn.no_grad():
        fast(gn.ones(2, 6))
    return fast


def texts(svg):
    return {t.text for t in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_a_graph_shows_itself_with_and_without_dot(compiled, monkeypatch, tmp_path):
    graph = compiled.plans[0].graph
    assert "linear_relu" in texts(graph._repr_svg_())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "linear_relu" in texts(graph._repr_svg_())


def test_a_plan_shows_a_rectangle_for_each_buffer_and_its_peak(compiled):
    plan = compiled.plans[0].plan
    root = ElementTree.fromstring(compiled.plans[0]._repr_svg_())
    told = [r.find(f"{SVG}title").text for r in root.findall(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    assert len(told) == len(plan.buffers)
    assert any("linear_relu" in t for t in told)
    assert any(t.text.startswith("peak") for t in root.iter(f"{SVG}text"))


def test_a_plan_of_nothing_has_a_picture_too(tmp_path):
    from graphnn.plan.plan import make_plan

    plan = make_plan(parse("graph @g(%x: f32[2]) -> (f32[2]) {\n  return %x\n}"))
    assert draw_plan(plan, tmp_path / "plan.svg") == (tmp_path / "plan.svg").read_text()


def test_a_profile_and_a_summary_show_tables(compiled):
    with gn.no_grad():
        found = profile(compiled, gn.ones(2, 6), runs=1)
    assert "<td>" in found._repr_html_()
    assert "linear_relu" in str(found)
    assert "└─ Linear: 0" in summarize(nn.Sequential(nn.Linear(2, 3)), gn.ones(1, 2))._repr_html_()


def test_plots_are_written(compiled, tmp_path):
    pytest.importorskip("matplotlib")
    record = compiled.plans[0]
    assert plot_memory(record.plan, tmp_path / "memory.png").axes[0].get_ylabel() == "offset in the arena, B"
    bars = plot_passes(record.passes, tmp_path / "passes.svg").axes[0].patches
    assert bars[0].get_height() == record.passes.passes[0].before
    lines = plot_training({"eager": [3.0, 2.0], "compiled": [3.0, 2.1]}, tmp_path / "loss.pdf").axes[0].lines
    assert len(lines) == 2
    assert len(list(tmp_path.iterdir())) == 3


def test_a_run_without_losses_is_refused():
    with pytest.raises(ArgumentError, match="at least one loss"):
        plot_training([])
