"""Sheets to hand out: the text and code of a part in one language, as a notebook or as a module with ``# %%`` cells.

The code and the order of the cells are in ``part3.template`` and ``part4.template``, the texts in ``words.*.toml``, the
equations in ``shared.toml``.
"""

from handgrad.exercises.sheet.writing import solved_sheet, write_sheet

__all__ = ["solved_sheet", "write_sheet"]
