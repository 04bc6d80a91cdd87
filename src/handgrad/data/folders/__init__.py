"""Folders and archives of files: what is in them, and how it becomes one data set."""

__all__: list[str] = []
