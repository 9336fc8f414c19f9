"""What a graph is: typed SSA values, nodes in order with use lists, a text form, and the checks that hold it.

Enter with `Graph` (graph.py, which builds on value.py, types.py, dtypes.py and attrs.py). `parse` and `str(graph)` are
the text form (parser.py and lexer.py against printer.py, arrays in dense.py), `verify` says which rule a graph breaks,
`structurally_equal` and `difference` compare two graphs, networkx_view.py hands a graph to networkx, pickling.py to
pickle. What an op means is not known here: registry.py is the table through which `graphnn.ops` gives it.
"""

from __future__ import annotations

from graphnn.ir.attrs import Attrs, Constant
from graphnn.ir.dtypes import DType
from graphnn.ir.equality import difference, structurally_equal
from graphnn.ir.graph import Graph
from graphnn.ir.origin import Origin
from graphnn.ir.parser import parse
from graphnn.ir.printer import format_graph, format_node
from graphnn.ir.registry import OPS, Trait, lookup
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node, Value
from graphnn.ir.verify import verify
