"""Looks for one small change of the learner's own code that makes a task right, where no known mistake explains it."""

__all__: list[str] = []
