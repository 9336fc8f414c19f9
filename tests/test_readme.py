"""The README's example prints what the README says it prints."""

import contextlib
import io
import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_example_prints_what_stands_below_it():
    (code,), (printed,) = blocks("python"), blocks("text")
    found = io.StringIO()
    with contextlib.redirect_stdout(found):
        exec(compile(code, "example.py", "exec"), {"__name__": "example"})
    assert found.getvalue() == printed


def test_every_file_that_it_links_to_is_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (Path(__file__).parents[1] / link).exists()] == []
