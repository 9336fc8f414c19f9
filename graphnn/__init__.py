"""graphnn: networks written as in PyTorch, traced once into a graph, rewritten, planned into one arena and run.

Enter with `graphnn.trace` (a model becomes a Graph to read and rewrite) or `graphnn.compile` (the same call, planned).
"""

__version__ = "0.1.0"
