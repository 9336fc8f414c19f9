"""Saving and loading: tensors, and dicts, lists and numbers around them, in files that hold no code.

Enter with `save(obj, path)` and `load(path)` in `files.py`; the path's suffix names the format. `tree.py` takes what is
saved apart into named arrays and a description of what stood around them, and puts it together again;
`safetensors_file.py` and `npz_file.py` write and read the two; `atomic.py` keeps the old file until the new one is
whole; `recognize.py` tells what a file is that is not what its name says.
"""

from graphnn.io.files import load, save

__all__ = ["load", "save"]
