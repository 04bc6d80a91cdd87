"""The proof of the checker: what is known to be wrong is named, what is known to be right is right."""

__all__: list[str] = []
