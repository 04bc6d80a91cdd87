"""The catalogue of mistakes: what each is, how it computes, and what a learner is told about it."""

__all__: list[str] = []
