"""The wheel is tested, not the tree: it is built from a copy of the sources and installed into a fresh environment."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.imports import find_modules

ROOT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "graphnn", "passes", "tools")


def run(*command: str | Path, cwd: Path) -> str:
    """The command's output; a failure shows it."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that neither stale build folders get in nor new ones stay behind."""
    copy = tmp_path_factory.mktemp("copy")
    for name in SOURCES:
        ignore = shutil.ignore_patterns("__pycache__")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, copy / name)
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", copy / "dist", copy, cwd=copy)
    return next((copy / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an environment that holds the wheel.

    The libraries graphnn depends on are seen through a path file: a folder named there is searched, and the path files
    in it, an editable install's among them, are not read.
    """
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    paths = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    scripts = Path(sysconfig.get_path("scripts", "venv", paths))
    install = ("install", "--quiet", "--no-deps", "--disable-pip-version-check", "--force-reinstall", wheel)
    run(sys.executable, "-m", "pip", "--python", scripts / "python", *install, cwd=folder)
    return scripts


def names_in(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_every_module_of_the_checkout(wheel):
    installed = {name for name in names_in(wheel) if name.endswith(".py")}
    assert installed == {installed_name(module, path) for module, path in find_modules(ROOT).items()}


def installed_name(module: str, path: Path) -> str:
    return module.replace(".", "/") + ("/__init__.py" if path.name == "__init__.py" else ".py")


def test_the_wheel_puts_only_the_name_graphnn_into_site_packages(wheel):
    tops = {name.split("/")[0] for name in names_in(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"graphnn"}


def test_the_wheel_says_that_it_is_typed(wheel):
    assert "graphnn/py.typed" in names_in(wheel)


def test_the_wheel_holds_the_c_that_generated_programs_include(wheel):
    include = Path("graphnn/backends/native/include")
    wanted = {str(include / path.name) for path in (ROOT / include).iterdir()}
    assert {name for name in names_in(wheel) if name.endswith((".h", ".c"))} == wanted


def test_the_wheel_traces_compiles_and_draws_outside_the_checkout(fresh, tmp_path):
    printed = run(fresh / "python", "-I", ROOT / "tests" / "packaging" / "smoke.py", cwd=tmp_path)
    assert "linear(" in printed
    assert (tmp_path / "smoke.dot").read_text(encoding="utf-8").startswith(("digraph", "//"))


def test_the_wheel_installs_the_console_script(fresh, tmp_path):
    assert "demo" in run(fresh / "graphnn", "--help", cwd=tmp_path)
