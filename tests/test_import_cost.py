import subprocess
import sys

HEAVY = ("networkx", "graphviz", "matplotlib", "torch", "tqdm", "sklearn", "onnx", "safetensors", "PIL", "ml_dtypes")


def modules_after(statement: str) -> set[str]:
    """Names in sys.modules of a fresh interpreter that has run the statement."""
    command = [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_importing_graphnn_loads_none_of_the_heavy_libraries():
    assert modules_after("import graphnn") & set(HEAVY) == set()


def test_importing_graphnn_loads_neither_passes_nor_tools():
    loaded = modules_after("import graphnn")
    assert {name for name in loaded if name.startswith(("graphnn.passes", "graphnn.tools"))} == set()


def test_the_passes_load_without_the_heavy_libraries():
    assert modules_after("import graphnn.passes") & set(HEAVY) == set()
