"""The words of the checker in English and German, and their one loader."""

__all__: list[str] = []
