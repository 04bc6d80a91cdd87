"""Messages on stderr while a command works: downloads, and assumptions about the data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handgrad.data import Dataset
    from handgrad.data.download import Progress
    from handgrad.data.settings import TableOptions


def tell(sentence: str) -> None:
    """Print a sentence on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def load(data: str, options: TableOptions | None = None) -> Dataset:
    """Load a data set, and print on stderr which assumptions were made."""
    from handgrad.data import load_data

    dataset = load_data(data, download_progress(), options)
    for note in dataset.notes:
        tell(f"{dataset.name}: {note}")
    return dataset


def download_progress() -> Progress:
    """Return a callback that prints on stderr, once for each file, that it is being downloaded."""
    seen: set[str] = set()

    def progress(name: str, *_: int) -> None:
        if name not in seen:
            seen.add(name)
            tell(f"downloading {name}")

    return progress
