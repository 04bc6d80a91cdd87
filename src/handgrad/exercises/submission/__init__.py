"""Reading a learner's notebook or module without executing anything."""

__all__: list[str] = []
