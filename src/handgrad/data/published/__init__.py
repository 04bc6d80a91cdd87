"""Published data sets: where they are, how they are downloaded, and where the user keeps them."""

__all__: list[str] = []
