"""`graphnn demo`, end to end with tiny settings, and its parts."""

import numpy as np
import pytest

from graphnn.errors import ArgumentError
from graphnn.tools.cli import main
from graphnn.tools.demo import run as demo
from graphnn.tools.demo.digits import enlarge, load

PICTURES = ("grad_fn", "forward-before-passes", "forward-after-passes", "step-before-passes", "step-after-passes")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """What one short run says, line by line, and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "pictures"
    said = []
    demo.run_demo(epochs=1, batch_size=512, out=folder, seed=1, say=said.append)
    return "\n".join(said), folder


def line(text, beginning):
    return next(line.strip() for line in text.splitlines() if line.strip().startswith(beginning))


def test_eager_and_compiled_training_have_the_same_losses(result):
    for what in ("first loss", "last loss"):
        eager, compiled = line(result[0], what).split()[-2:]
        assert float(eager) == pytest.approx(float(compiled), abs=1e-4)
    assert float(line(result[0], "largest difference").split()[-1]) < 1e-4


def test_training_lowers_the_loss(result):
    assert float(line(result[0], "last loss").split()[-1]) < float(line(result[0], "first loss").split()[-1])


def test_says_accuracy_and_time_of_both(result):
    assert line(result[0], "accuracy on held-out digits").count("%") == 2
    assert line(result[0], "time of a step (median)").count("ms") == 2


def test_one_plan_serves_all_learning_rates(result):
    assert line(result[0], "plans made").endswith(": 1")


def test_says_the_memory_against_its_bounds(result):
    ratio = float(line(result[0], "lower bound").split("is ")[1].split()[0])
    assert 1.0 <= ratio <= 1.02
    assert float(line(result[0], "sum of all buffers").split()[-4]) > 1.5


def test_says_the_nodes_before_and_after_each_pass(result):
    assert line(result[0], "pass ").split() == ["pass", "nodes", "before", "after", "ms"]
    before, after = line(result[0], "total").split()[2:4]
    assert int(after) < int(before)


def test_shows_the_grad_fn_chain(result):
    assert "input -> conv2d -> relu -> maxpool2d" in result[0]
    assert "-> CrossEntropyLoss" in result[0]


def test_names_the_folder_of_its_pictures(result):
    said, folder = result
    assert f"pictures in {folder}" in said
    for name in PICTURES:
        assert f"{name}.svg" in said
        assert (folder / f"{name}.svg").read_text().startswith("<?xml")


def test_the_command_prints_to_stdout_and_draws_no_bars_into_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert main(["demo", "--epochs", "1", "--batch-size", "700", "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "done in" in captured.out
    assert captured.err == ""


def test_without_dot_simpler_pictures_are_drawn_and_it_is_said_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert main(["demo", "--epochs", "1", "--batch-size", "700", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("apt install graphviz") == 1
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{name}.{suffix}" for name in PICTURES for suffix in ("dot", "svg")}


def test_missing_packages_are_named_with_the_way_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert main(["demo", "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == 'graphnn: the demo needs scikit-learn and tqdm: pip install -e ".[demo]"\n'
    assert not (tmp_path / "out").exists()


def test_only_the_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == "tqdm" else object())
    with pytest.raises(demo.MissingPackages, match=r"^the demo needs tqdm: "):
        demo.run_demo(1, 64, None, 0)


@pytest.mark.parametrize(
    ("epochs", "batch_size", "complaint"), [(0, 64, "at least 1 epoch"), (1, 0, "1 to 1000 digits, got 0")]
)
def test_settings_that_cannot_be_trained_with_are_refused(tmp_path, epochs, batch_size, complaint):
    with pytest.raises(ArgumentError, match=complaint):
        demo.run_demo(epochs, batch_size, tmp_path, 0)


def test_an_out_folder_that_cannot_be_made_is_an_error(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["demo", "--out", str(tmp_path / "taken" / "inside")]) == 1
    assert capsys.readouterr().err.startswith("graphnn: ")


# ---- the digits


def test_enlarging_keeps_constant_images_and_the_order_of_pixels():
    assert np.allclose(enlarge(np.full((1, 8, 8), 3.0), 32), 3.0)
    ramp = enlarge(np.tile(np.arange(8.0), (1, 8, 1)), 32)[0]
    assert (np.diff(ramp, axis=1) >= 0).all()
    assert ramp.min() == 0.0
    assert ramp.max() == 7.0


def test_enlarging_is_pytorchs_bilinear_interpolation():
    torch = pytest.importorskip("torch")
    images = np.random.default_rng(0).normal(size=(2, 8, 8))
    scaled = torch.nn.functional.interpolate(torch.tensor(images)[:, None], size=(32, 32), mode="bilinear")
    assert np.allclose(enlarge(images, 32), scaled[:, 0].numpy())


def test_the_digits_are_split_without_overlap_and_normalised():
    digits = load(seed=3)
    assert digits.train_images.shape[1:] == digits.test_images.shape[1:] == (1, 32, 32)
    assert len(digits.train_labels) + len(digits.test_labels) == 1797
    assert abs(float(digits.train_images.mean())) < 1e-3
    assert float(digits.train_images.std()) == pytest.approx(1.0, abs=1e-3)
    seen = {image.tobytes() for image in digits.train_images}
    assert sum(image.tobytes() in seen for image in digits.test_images) == 0
