"""Runs: their settings, the training, its folder, and the use of the trained network."""

__all__: list[str] = []
