"""Pictures by graphviz: of graphs (`graph.py`) and of the grad_fn nodes behind a tensor (`grad_fn.py`).

`style.py` says how each kind of box looks, `labels.py` what is written on it, `clusters.py` which nodes are framed
together, `canvas.py` puts boxes, edges and the legend on a graphviz.Digraph, `render.py` writes the file.
"""
