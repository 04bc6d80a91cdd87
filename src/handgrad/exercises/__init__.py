"""The exercise: the sheet, the checker, the catalogue of mistakes, the isolated runner, the grader."""

__all__: list[str] = []
