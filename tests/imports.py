"""Which module of graphnn imports which, read from the source text; the layer tests ask their questions of it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

MAPPED = {"passes": "graphnn.passes", "tools": "graphnn.tools"}


@dataclass(frozen=True)
class Import:
    """One import of a module of graphnn. `when` is "load", "call" (inside a function) or "types" (TYPE_CHECKING)."""

    importer: str
    imported: str
    when: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.importer} imports {self.imported} ({self.when})"


def find_modules(root: Path) -> dict[str, Path]:
    """Dotted names, as installed, of all modules under `root`, with their files."""
    names = {}
    for folder in ("graphnn", *MAPPED):
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            parts = (MAPPED.get(parts[0], parts[0]), *parts[1:])
            names[".".join(parts).removesuffix(".__init__")] = path
    return names


def read_imports(modules: dict[str, Path]) -> list[Import]:
    """All imports between the modules, in the order of the source."""
    return [found for name, path in modules.items() for found in _read_file(name, path, modules)]


def import_cycles(imports: list[Import]) -> list[list[str]]:
    """Groups of modules that import each other while they load."""
    graph = nx.DiGraph((found.importer, found.imported) for found in imports if found.when == "load")
    cyclic = [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]
    return sorted(cyclic + [[node] for node in nx.nodes_with_selfloops(graph)])


def _read_file(name: str, path: Path, modules: dict[str, Path]) -> Iterator[Import]:
    for statement, when in _statements(ast.parse(path.read_text(encoding="utf-8")), "load"):
        for imported in _targets(statement, modules):
            yield Import(name, imported, when, path, statement.lineno)


def _statements(node: ast.AST, when: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, when
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        when = "call"
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        when = "types"
    for child in ast.iter_child_nodes(node):
        yield from _statements(child, when)


def _targets(statement: ast.Import | ast.ImportFrom, modules: dict[str, Path]) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names if alias.name.split(".")[0] == "graphnn")
        return
    base = statement.module or ""
    if base.split(".")[0] != "graphnn":
        return
    for alias in statement.names:
        submodule = f"{base}.{alias.name}"
        yield submodule if submodule in modules else base
