"""Tables of every kind: which column is the label, and how the others become numbers."""

__all__: list[str] = []
