"""Marking a whole class."""

__all__: list[str] = []
