"""Tables that are text: their encodings, lines, separators and marks, and the formats ARFF and libsvm."""

__all__: list[str] = []
