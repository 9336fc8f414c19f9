"""What is done with graphs from outside the engine: the command line, drawing and reports; imported as `graphnn.tools`.

Tools use only what graphnn makes public, and nothing in the engine imports them. Heavy libraries (graphviz, matplotlib,
tqdm, scikit-learn) are imported inside the functions that need them.
"""
