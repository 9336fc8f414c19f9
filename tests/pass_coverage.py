"""Which op met which pass on the random graphs, counted while they run; the table is printed at the session's end."""

from collections import Counter

from graphnn.ir.graph import Graph

GRAPHS: Counter[str] = Counter()  # op -> random graphs that it was in, on each of which every pass was run
TAKEN: Counter[tuple[str, str]] = Counter()  # (op, pass) -> nodes of the op that the pass took away


def count_graph(graph: Graph) -> None:
    GRAPHS.update({node.op.name for node in graph.nodes})


def count_pass(name: str, before: Graph, after: Graph) -> None:
    there, left = (Counter(node.op.name for node in graph.nodes) for graph in (before, after))
    for op, lost in (there - left).items():
        TAKEN[op, name] += lost


def table() -> list[str]:
    """One line an op: how many graphs had it, then how many of its nodes each pass took away."""
    passes = sorted({name for _, name in TAKEN})
    width = max((len(op) for op in GRAPHS), default=0)
    head = f"{'op':{width}}  graphs  {'  '.join(passes)}"
    lines = [_line(op, width, passes) for op in sorted(GRAPHS)]
    return [f"{len(GRAPHS)} ops in random graphs, and how many of their nodes each pass took away", head, *lines]


def _line(op: str, width: int, passes: list[str]) -> str:
    cells = (str(TAKEN[op, name] or ".").rjust(len(name)) for name in passes)
    return f"{op:{width}}  {GRAPHS[op]:6}  {'  '.join(cells)}"
