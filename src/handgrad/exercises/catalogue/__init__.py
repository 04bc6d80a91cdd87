"""The catalogue of mistakes: what each one computes, and the explanation that a learner gets."""

__all__: list[str] = []
