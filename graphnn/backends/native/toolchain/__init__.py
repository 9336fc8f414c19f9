"""From C texts to functions that can be called.

`build.py` is the way in: it compiles several units side by side, links them and loads the result (`library.py`), or
finds all that in the cache. `compiler.py` finds the compiler and learns its flags, `machine.py` says what it compiles
for, `cache.py` and `folder.py` keep what was built where only this user can write. `pool.py` gives the process's one
pool of threads to generated programs.
"""
