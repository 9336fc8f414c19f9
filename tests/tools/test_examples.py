"""The examples run, and show what they say they show."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOWN = {
    "add_a_backend.py": "running linear_relu, linear",
    "first_network.py": "the same answers: True",
    "add_an_op.py": "compiled: [1.0, 8.0, 27.0]",
    "character_transformer.py": "it writes: rain on the roof",
    "digits_step.py": "digits that it has not seen are right",
    "fold_batch_norm.py": "of the eager one",
    "lstm_tagger.py": "15 of 15 words are tagged right",
    "own_pass.py": "linear_relu(",
    "reading_a_plan.py": "peak",
}


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example_runs_and_shows_what_it_is_for(tmp_path, name):
    done = subprocess.run([sys.executable, EXAMPLES / name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert SHOWN[name] in done.stdout
