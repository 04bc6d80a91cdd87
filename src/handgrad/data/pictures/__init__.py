"""Pictures of digits: the paper, the ink on it, and how they become images like those of a training set."""

__all__: list[str] = []
