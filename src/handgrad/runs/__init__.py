"""A run: what a training can be asked, its folder, the training itself, and the use of what came out of it."""

__all__: list[str] = []
