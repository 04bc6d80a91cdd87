"""Running a submission's code where it can do no harm."""

__all__: list[str] = []
