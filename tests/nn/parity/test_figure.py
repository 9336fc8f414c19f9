"""The README's figure of classes is what the table shows, out of PyTorch's own list."""

from pathlib import Path

from tests.nn.parity import classes
from tests.nn.parity.tables import ROWS


def test_the_readme_gives_the_figure_of_classes():
    wanted = classes.wanted()
    have = len(wanted & {row.name for row in ROWS})
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert f"it has {have} of {len(wanted)}" in readme
