"""The program `graphnn`."""

import subprocess
import sys

import pytest

import graphnn
from graphnn.errors import GraphnnError
from graphnn.tools import cli
from graphnn.tools.demo import run as demo


def test_tells_its_version(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"graphnn {graphnn.__version__}\n"


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert "demo" in capsys.readouterr().out


def test_without_a_command_it_shows_its_help(capsys):
    assert cli.main([]) == 0
    assert "usage: graphnn" in capsys.readouterr().out


def test_the_demos_help_names_its_options(capsys):
    with pytest.raises(SystemExit):
        cli.main(["demo", "--help"])
    shown = capsys.readouterr().out
    assert all(option in shown for option in ("--epochs", "--batch-size", "--out", "--seed", "graphnn-demo"))


def test_an_unknown_command_is_refused_on_stderr(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["dance"])
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "dance" in captured.err


@pytest.mark.parametrize(
    ("error", "code"), [(GraphnnError("no good"), 1), (OSError("no good"), 1), (KeyboardInterrupt(), 130)]
)
def test_errors_end_it_with_one_line_and_a_code(monkeypatch, capsys, error, code):
    def fail(*args):
        raise error

    monkeypatch.setattr(demo, "run_demo", fail)
    assert cli.main(["demo"]) == code
    assert capsys.readouterr().err in ("graphnn: no good\n", "graphnn: interrupted\n")


def test_refused_settings_are_wrong_arguments(capsys):
    assert cli.main(["demo", "--epochs", "0"]) == 2
    assert capsys.readouterr().err == "graphnn: the demo needs at least 1 epoch, got 0\n"


def test_a_thread_setting_of_the_user_is_kept(monkeypatch):
    seen = []
    monkeypatch.setattr(demo, "run_demo", lambda *args: seen.append(cli.os.environ["OPENBLAS_NUM_THREADS"]))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    cli.main(["demo"])
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    cli.main(["demo"])
    assert seen == ["3", "1"]


def test_is_a_module_that_runs_and_loads_numpy_only_when_it_works():
    code = "import sys, graphnn.tools.cli; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    shown = subprocess.run(
        [sys.executable, "-m", "graphnn.tools.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"graphnn {graphnn.__version__}\n"


def test_tools_are_exported_lazily_and_unknown_names_are_refused():
    assert graphnn.tools.draw_graph is graphnn.tools.draw_graph
    assert {"draw_graph", "draw_grad_fn", "grad_fn_text"} <= set(dir(graphnn.tools))
    with pytest.raises(AttributeError, match="no attribute 'draw'; it has draw_graph"):
        _ = graphnn.tools.draw
