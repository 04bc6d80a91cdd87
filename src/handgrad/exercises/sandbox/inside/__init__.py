"""The program inside the sandbox: all of handgrad that a submission can see."""

__all__: list[str] = []
