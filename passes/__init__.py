"""The passes: each rewrites a valid graph into a valid graph, one pass a file; imported as `graphnn.passes`.

A pass is a frozen dataclass with a kebab-case `name`, its options as fields and `run(graph) -> PassResult`; the
machinery (`Pass`, `PassManager`, patterns) is in `graphnn.rewrite`. `pipelines.py` holds the orders that are used, with
a reason for each place. Pass classes are exported from here, and load when they are first named.
"""
