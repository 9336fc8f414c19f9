"""The HTML report: the facts in it, and the page in a real browser."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from graphnn.tools import cli

HERE = Path(__file__).parent
NET = f"{HERE / 'networks.py'}:Net"
IMAGES = "f32[2,1,8,8]"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDED = bool(os.environ.get("GRAPHNN_BROWSER_TESTS"))  # set where a browser must be there


def report(folder, *more):
    out = folder / "report.html"
    assert cli.main(["report", NET, IMAGES, "--out", str(out), "--runs", "1", "--backend", "numpy", *more]) == 0
    return out


def facts(page):
    text = page.read_text()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


@pytest.fixture(scope="module")
def step(tmp_path_factory):
    """The report of a training step."""
    return report(tmp_path_factory.mktemp("step"), "--train")


def test_loads_nothing_from_anywhere(step):
    text = step.read_text()
    assert not re.findall(r'(?:src|href)="', text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<!--" not in text


def test_has_every_stage_with_what_it_does(tmp_path):
    data = facts(report(tmp_path))
    names = [stage["name"] for stage in data["stages"]]
    assert names[0] == "traced"
    assert names[-1] == "planned"
    assert "fold-batch-norm" in names
    fused = data["stages"][names.index("fuse-conv-relu")]
    assert "conv2d_relu" in {data["nodes"][n]["op"] for n in fused["nodes"]}
    assert "relu(conv2d(x, w, b))" in fused["what"]


def test_has_times_lines_memory_and_gradients(step):
    data = facts(step)
    assert min(data["steps"].values()) >= 0
    assert sum(data["steps"].values()) > 0
    assert "nn.Conv2d(1, 4, 3)" in "".join(data["sources"]["networks.py"].values())
    assert data["plan"]["arena"] >= data["plan"]["bound"] == max(data["plan"]["live"])
    assert data["grad_fn"][0][0] == "NllLossBackward0"
    phases = {data["nodes"][n]["phase"] for n in data["stages"][0]["nodes"]}
    assert phases == {"forward", "backward", "update"}


def test_text_in_the_data_cannot_end_the_script(tmp_path):
    source = tmp_path / "odd.py"
    source.write_text("def double(x):\n    return x * 2  # </script><b>\n")
    out = tmp_path / "odd.html"
    assert cli.main(["report", f"{source}:double", "f32[2]", "--backend", "numpy", "--out", str(out)]) == 0
    assert "</script><b>" not in out.read_text()
    assert "</script><b>" in facts(out)["sources"]["odd.py"]["2"]


def test_a_folder_that_is_not_there_is_told_before_any_work(capsys):
    assert cli.main(["report", NET, IMAGES, "--out", "/nowhere/report.html"]) == 2
    assert capsys.readouterr().err == "graphnn: cannot write /nowhere/report.html: there is no folder /nowhere\n"


# ---- in a browser


@pytest.fixture(scope="module")
def browser():
    if not NEEDED:
        pytest.importorskip("playwright")
        if BROWSER is None:
            pytest.skip("needs a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, step):
    """The report, opened; fails at the end if the page complained."""
    page = browser.new_page(viewport={"width": 1300, "height": 800})
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(step.as_uri())
    page.wait_for_selector(".node")
    yield page
    page.close()
    assert complaints == []


def names(page):
    return set(page.locator(".node text:not(.small)").all_text_contents())


def test_modules_open_and_close(page):
    page.click("#collapse")
    assert names(page) >= {"+ forward", "+ backward", "+ update"}
    page.locator(".node", has_text="+ forward").dblclick()
    assert "+ features" in names(page)
    page.locator(".frame > text", has_text="forward").first.click()
    assert "+ features" not in names(page)
    page.click("#expand")
    assert {"conv2d", "cross_entropy"} <= names(page)


def test_boxes_do_not_overlap(page):
    page.click("#expand")
    boxes = page.evaluate("graphView.items.map(({item}) => [item.ax, item.ay, item.ax + item.w, item.ay + item.h])")
    for i, (left, top, right, bottom) in enumerate(boxes):
        for a, b, c, d in boxes[:i]:
            assert right <= a or c <= left or bottom <= b or d <= top


def test_text_fits_into_its_box(page):
    page.click("#expand")
    wide = page.evaluate(
        "[...document.querySelectorAll('.node')].filter((n) => [...n.querySelectorAll('text')].some((t) => "
        "t.getBBox().width > n.querySelector('rect').getBBox().width)).map((n) => n.textContent)"
    )
    assert wide == []


def test_search_finds_and_shows(page):
    page.click("#collapse")
    page.keyboard.press("/")
    page.keyboard.type("batch_norm_grad")
    assert "1 found" in page.locator("#found").text_content()
    page.keyboard.press("Enter")
    assert page.locator(".node.selected").text_content().startswith("batch_norm_grad")
    assert "batch_norm_grad" in page.locator("#details").text_content()


def test_a_click_tells_line_shapes_and_source(page):
    page.click("#expand")
    page.locator(".node", has_text="max_pool2d").first.click()
    told = page.locator("#details").text_content()
    assert "networks.py:" in told
    assert "kernel_size=[2, 2]" in told
    assert "f32[2, 4, 3, 3]" in told


def test_the_slider_goes_through_the_passes(page):
    page.click("[data-view=passes]")
    stages = page.evaluate("DATA.stages.map((s) => s.name)")
    page.locator("#stage").fill(str(stages.index("fuse-linear-relu") - 1))
    page.keyboard.press("]")
    assert "fuse-linear-relu" in page.locator("#stagename").text_content()
    for name in stages:
        page.locator("#stage").fill(str(stages.index(name)))
        if page.locator(".code .removed").count():
            assert page.locator("h2").text_content() == name
            return
    raise AssertionError("no pass shows a change")


def test_memory_tells_what_lies_under_the_pointer(page):
    page.click("[data-view=memory]")
    box = page.locator("#memory").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 60)
    page.wait_for_selector("#memorytip:not([hidden])")
    assert "steps" in page.locator("#memorytip").text_content()


def test_the_table_sorts_and_filters(page):
    page.click("[data-view=table]")
    page.click("th[data-key=flops]")
    column = page.evaluate("COLUMNS.findIndex(([key]) => key === 'flops')")
    first = page.locator("tbody tr").first.locator("td").nth(column).text_content()
    most = page.evaluate("flops(Math.max(...DATA.stages[state.stage].nodes.map((n) => DATA.nodes[n].flops)))")
    assert first == most
    page.fill("#filter", "cross_entropy_grad")
    assert page.locator("tbody tr").count() == 1


def test_gradients_and_both_themes_show(page):
    page.click("[data-view=gradients]")
    assert "NllLossBackward0" in page.locator(".chain li").first.text_content()
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
