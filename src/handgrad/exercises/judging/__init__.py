"""Judging what a submission's code returned, task by task."""

__all__: list[str] = []
