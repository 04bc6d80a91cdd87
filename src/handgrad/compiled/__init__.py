"""The same mathematics as ``network/mlp.py``, compiled: nothing but speed lives here. It needs numba and SciPy.

Read ``span.py`` first. numba compiles anew where the file of a cached function has changed, and looks at no other:
after an edit elsewhere in this folder, remove its ``__pycache__``.
"""

__all__: list[str] = []
