"""The program `graphnn`."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphnn
from graphnn.errors import GraphnnError
from graphnn.ir import parse
from graphnn.tools import cli
from graphnn.tools.demo import run as demo

HERE = Path(__file__).parent
NET = f"{HERE / 'networks.py'}:Net"
IMAGES = "f32[2,1,8,8]"


@pytest.fixture
def run(capsys):
    """Runs a command that shall succeed; what it printed."""

    def run(*arguments):
        code = cli.main(arguments)
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out

    return run


def test_tells_its_version(run):
    assert run("--version") == f"graphnn {graphnn.__version__}\n"


def test_help_names_the_commands(run):
    shown = run("--help")
    assert all(name in shown for name in ("trace", "opt", "draw", "summary", "plan", "profile", "bench", "demo"))
    assert run() == shown


@pytest.mark.parametrize("name", ["trace", "draw", "summary", "plan", "profile", "bench"])
def test_each_commands_help_has_an_example(run, name):
    assert f"graphnn {name} model.py:Net f32[" in run(name, "--help")


def test_the_demos_help_names_its_options(run):
    shown = run("demo", "--help")
    assert all(option in shown for option in ("--epochs", "--batch-size", "--out", "--seed", "graphnn-demo"))


# ---- what the commands do


def test_trace_prints_the_graph(run):
    graph = parse(run("trace", NET, IMAGES))
    assert [n.op.name for n in graph.nodes] == ["conv2d", "batch_norm", "relu", "max_pool2d", "flatten", "linear"]


def test_trace_saves_a_whole_training_step(run, tmp_path):
    out = tmp_path / "step.ir"
    assert run("trace", NET, IMAGES, "--train", "--optimizer", "Adam", "--out", str(out)) == ""
    graph = parse(out.read_text())
    assert "head.weight.exp_avg" in {p.attrs["name"] for p in graph.updates}


def test_opt_runs_passes_by_name_and_shows_each(run, tmp_path, capsys):
    text = tmp_path / "net.ir"
    run("trace", NET, IMAGES, "--out", str(text))
    assert cli.main(["opt", str(text), "--passes", "fold-batch-norm,fuse-conv-relu", "--print-after-each"]) == 0
    captured = capsys.readouterr()
    assert "conv2d_relu" in {n.op.name for n in parse(captured.out).nodes}
    assert "# before any pass" in captured.err
    assert "# after fold-batch-norm" in captured.err


def test_opt_reads_stdin(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(run("trace", NET, IMAGES)))
    assert "conv2d_relu" in run("opt", "-", "--pipeline", "inference")


def test_opt_lists_all_passes(run):
    shown = run("opt", "--list")
    assert "fuse-linear-relu" in shown
    assert "dead-code" in shown


def test_draw_writes_a_picture_of_a_network_or_of_text(run, tmp_path):
    text = tmp_path / "net.ir"
    run("trace", NET, IMAGES, "--out", str(text))
    run("draw", NET, IMAGES, "--out", str(tmp_path / "net.dot"))
    run("draw", str(text), "--pipeline", "inference", "--out", str(tmp_path / "text.dot"))
    assert "batch_norm" in (tmp_path / "net.dot").read_text()
    assert "batch_norm" not in (tmp_path / "text.dot").read_text()


def test_summary_counts_layers(run):
    rows = {row["path"]: row for row in json.loads(run("summary", NET, IMAGES, "--json"))}
    assert rows["features.0"]["output"] == "[2, 4, 6, 6]"
    assert rows["features.0"]["parameters"] == 40
    assert rows["features.0"]["flops"] == 2 * 9 * 2 * 4 * 36
    assert rows["head"]["flops"] == 2 * 36 * 2 * 5
    assert rows[""]["parameters"] == 40 + 8 + 185
    assert "Linear: head" in run("summary", NET, IMAGES)


def test_plan_tells_what_makes_the_peak(run, tmp_path):
    shown = run("plan", NET, IMAGES, "--train", "--backend", "numpy")
    assert "arena" in shown
    assert "features.0, networks.py:14" in shown
    text = tmp_path / "net.ir"
    run("trace", NET, IMAGES, "--out", str(text))
    facts = json.loads(run("plan", str(text), "--backend", "numpy", "--json"))
    assert facts["arena_bytes"] >= facts["lower_bound_bytes"] == max(facts["live_bytes"])


@pytest.mark.parametrize("more", [(), ("--train",), ("--train", "--loss", "mse")])
def test_profile_times_each_step(run, more):
    facts = json.loads(run("profile", NET, IMAGES, "--backend", "numpy", "--runs", "2", "--json", *more))
    times = [s["nanoseconds"] for s in facts["steps"]]
    assert times == sorted(times, reverse=True)
    assert times[0] > 0
    assert "of limit" in run("profile", NET, IMAGES, "--backend", "numpy", "--runs", "2", *more)


def test_bench_compares_eager_and_compiled(run):
    facts = json.loads(run("bench", NET, IMAGES, "--rounds", "1", "--json"))
    assert facts["eager"]["seconds"] > 0
    assert facts["numpy"]["first"] > 0


def test_a_function_is_traced_as_it_is(run):
    assert "mul(%x, 2)" in run("trace", "tests.tools.networks:double", "f32[3]")


# ---- mistakes


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dance"], "there is no command 'dance'"),
        (["trce"], "did you mean 'trace'?"),
        (["trace"], "Missing argument 'NETWORK'"),
        (["trace", NET], "needs inputs, such as f32[1,3,224,224]"),
        (["trace", "networks.py", IMAGES], "file.py:Class or package.module:factory, got 'networks.py'"),
        (["trace", "nowhere.py:Net", IMAGES], "there is no file nowhere.py"),
        (["trace", "no.such:Net", IMAGES], "cannot import no.such: ModuleNotFoundError"),
        (["trace", NET.replace("Net", "Nat"), IMAGES], "did you mean 'Net'?"),
        (["trace", NET.replace(":Net", ":broken"), IMAGES], "ValueError: no weights here (networks.py:18)"),
        (["trace", NET.replace(":Net", ":number"), IMAGES], "is a int, and cannot be called"),
        (["trace", NET, "f32[2,x]"], "got 'f32[2,x]'"),
        (["trace", NET, "q8[2]"], "there is no dtype 'q8'"),
        (["trace", NET.replace("Net", "double"), "f32[2]", "--train"], "is no module"),
        (["opt", "nowhere.ir", "--passes", "dead-code"], "cannot read nowhere.ir: No such file"),
        (["opt", "nowhere.ir"], "give either --passes or --pipeline"),
        (["opt", "nowhere.ir", "--passes", "fuse-linear-rel"], "did you mean 'fuse-linear-relu'?"),
        (["trace", NET, IMAGES, "--out", "/nowhere/net.ir"], "cannot write /nowhere/net.ir"),
        (["draw", NET, IMAGES, "--out", "/nowhere/net.svg"], "cannot write /nowhere/net.svg"),
        (["draw", NET, IMAGES, "--out", "net.jpg"], "a drawing is written as one of .svg"),
        (["summary", NET.replace("Net", "double"), "f32[2]"], "is no module"),
    ],
    ids=lambda part: " ".join(part)[-40:] if isinstance(part, list) else "",
)
def test_bad_input_gets_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("graphnn: ")
    assert captured.err.count("\n") == 1
    assert told in captured.err
    assert not list(tmp_path.iterdir())


def test_text_that_does_not_parse_is_told_with_its_place(capsys, tmp_path):
    bad = tmp_path / "bad.ir"
    bad.write_text("graph @g(%x: f32[2]) -> (f32[2]) {\n  %0: f32[2] = rleu(%x)\n  return %0\n}\n")
    assert cli.main(["plan", str(bad)]) == 2
    assert "rleu" in capsys.readouterr().err


def test_a_file_that_does_not_import_is_told_with_its_line(capsys, tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("import graphnn\n\nraise RuntimeError('not today')\n")
    assert cli.main(["trace", f"{bad}:Net", "f32[1]"]) == 2
    assert "RuntimeError: not today (bad.py:3)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"), [(GraphnnError("no good"), 1), (OSError("no good"), 1), (KeyboardInterrupt(), 130)]
)
def test_errors_end_it_with_one_line_and_a_code(monkeypatch, capsys, error, code):
    def fail(*args):
        raise error

    monkeypatch.setattr(demo, "run_demo", fail)
    assert cli.main(["demo"]) == code
    assert capsys.readouterr().err.strip() in ("graphnn: no good", "graphnn: interrupted")


def test_runs_as_a_program(tmp_path):
    command = [sys.executable, "-m", "graphnn.tools.cli", "trace", NET, IMAGES]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("graph @Net(")
    assert done.stderr == ""


def test_refused_settings_are_wrong_arguments(capsys):
    assert cli.main(["demo", "--epochs", "0"]) == 2
    assert capsys.readouterr().err == "graphnn: the demo needs at least 1 epoch, got 0\n"


def test_a_thread_setting_of_the_user_is_kept(monkeypatch):
    seen = []
    monkeypatch.setattr(demo, "run_demo", lambda *args: seen.append(os.environ["OPENBLAS_NUM_THREADS"]))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    cli.main(["demo"])
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    cli.main(["demo"])
    assert seen == ["3", "1"]


def test_loads_numpy_only_when_it_works():
    code = "import sys, graphnn.tools.cli; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_tools_are_exported_lazily_and_unknown_names_are_refused():
    assert graphnn.tools.draw_graph is graphnn.tools.draw_graph
    assert {"draw_graph", "draw_grad_fn", "grad_fn_text", "profile", "summarize"} <= set(dir(graphnn.tools))
    with pytest.raises(AttributeError, match="no attribute 'draw'; it has draw_graph"):
        _ = graphnn.tools.draw
