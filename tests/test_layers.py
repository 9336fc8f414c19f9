"""The order of the layers: a module imports from lower rows only, siblings never import each other, nothing is cyclic.

ROWS is the order. A new module or package of graphnn gets its place in it.
"""

import ast
from pathlib import Path

import pytest

from tests.imports import MAPPED, Import, find_modules, import_cycles, read_imports

ROOT = Path(__file__).parents[1]

ROWS = (
    ("errors",),
    ("printing", "threads"),
    ("ir",),
    ("ops",),
    ("rewrite", "autodiff", "plan"),
    ("runtime",),
    ("backends",),
    ("tensor",),
    ("autograd",),
    ("tracing",),
    ("nn", "utils", "io"),
    ("optim",),
    ("datasets", "transforms"),
    ("interop", "functional", "linalg", "special", "accelerator", "cuda"),
    ("passes",),
    ("compiler",),
    ("graphnn",),
    ("tools",),
)
RANK = {layer: rank for rank, row in enumerate(ROWS) for layer in row}

# Layers that may use less than everything below them.
ONLY = {"passes": {"errors", "ir", "ops", "rewrite", "plan"}}

# (importer, imported) -> why this import of a higher layer, made inside a function, has to be.
UPWARD: dict[tuple[str, str], str] = {
    ("graphnn.ir.registry", "graphnn.ops"): "text is parsed and graphs are unpickled before anyone imports ops",
}


def layer_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "graphnn"


def is_breach(found: Import) -> bool:
    importer, imported = layer_of(found.importer), layer_of(found.imported)
    if importer == imported:
        return False
    if found.when != "load" and (found.importer, found.imported) in UPWARD:
        return False
    return RANK[imported] >= RANK[importer] or imported not in ONLY.get(importer, RANK)


def breaches(root: Path) -> list[str]:
    return [str(found) for found in read_imports(find_modules(root)) if is_breach(found)]


def test_every_layer_has_a_row():
    layers = {layer_of(module) for module in find_modules(ROOT)}
    assert layers - RANK.keys() == set(), "give the new layer its place in ROWS"


def test_modules_import_from_lower_rows_only():
    assert breaches(ROOT) == []


def test_no_modules_import_each_other_in_a_cycle():
    assert import_cycles(read_imports(find_modules(ROOT))) == []


def test_every_exception_to_the_order_is_still_needed():
    made = {(found.importer, found.imported) for found in read_imports(find_modules(ROOT)) if found.when != "load"}
    assert UPWARD.keys() - made == set()


def test_nothing_imports_the_mapped_folders_by_their_bare_names():
    folders = ("graphnn", *MAPPED, "tests", "examples", "benchmarks")
    sources = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert [str(path) for path in sources if imported_roots(path) & MAPPED.keys()] == []


def imported_roots(path: Path) -> set[str]:
    roots: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    return roots


def write_tree(root: Path, **sources: str) -> Path:
    """Files from keywords: `ir__types="..."` is graphnn/ir/types.py, `passes__dce` is passes/dce.py."""
    for name, source in sources.items():
        parts = name.split("__")
        path = root.joinpath(*([] if parts[0] in MAPPED else ["graphnn"]), *parts).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return root


@pytest.mark.parametrize(
    "sources",
    [
        {"ir__types": "from graphnn.ops import relu"},
        {"ir__types": "import graphnn.ops.relu"},
        {"ir__types": "from graphnn import ops", "ops__relu": ""},
        {"ir__types": "def late():\n    from graphnn.ops import relu"},
        {"ir__types": "if TYPE_CHECKING:\n    from graphnn.ops import relu"},
        {"errors": "from graphnn import __version__"},
        {"rewrite__manager": "from graphnn.plan import Plan"},
        {"passes__fuse": "from graphnn.nn import Linear"},
        {"compiler": "from graphnn.tools import draw"},
    ],
)
def test_the_check_sees_a_breach(tmp_path, sources):
    assert len(breaches(write_tree(tmp_path, **sources))) == 1


@pytest.mark.parametrize(
    "sources",
    [
        {"ops__relu": "from graphnn.ir import types"},
        {"ir__types": "from graphnn.ir.dtypes import float32"},
        {"passes__fuse": "from graphnn.plan.liveness import live"},
        {"compiler": "from graphnn.passes import pipelines"},
        {"tools__cli": "import graphnn"},
        {"tensor": "import numpy"},
    ],
)
def test_the_check_lets_downward_imports_pass(tmp_path, sources):
    assert breaches(write_tree(tmp_path, **sources)) == []


def test_the_check_sees_a_cycle_that_is_made_on_loading(tmp_path):
    write_tree(tmp_path, ir__a="import graphnn.ir.b", ir__b="from graphnn.ir import c", ir__c="import graphnn.ir.a")
    assert import_cycles(read_imports(find_modules(tmp_path))) == [["graphnn.ir.a", "graphnn.ir.b", "graphnn.ir.c"]]


def test_an_import_inside_a_function_closes_no_cycle(tmp_path):
    write_tree(tmp_path, ir__a="import graphnn.ir.b", ir__b="def late():\n    import graphnn.ir.a")
    assert import_cycles(read_imports(find_modules(tmp_path))) == []
