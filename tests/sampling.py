"""Parameters of tests of which only a sample runs by default."""

from collections.abc import Iterable, Sequence

import pytest


def sampled(values: Iterable[object], every: int, ids: Sequence[str] | None = None) -> list[object]:
    """Mark all values as slow but the first and each ``every``-th one after it; a tuple holds several arguments."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=[pytest.mark.slow] if place % every else [],
            id=ids[place] if ids else None,
        )
        for place, value in enumerate(values)
    ]
