"""Messages on stderr while a command works: downloads, and assumptions about the data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from handgrad.data.text.names import visible

if TYPE_CHECKING:
    from pathlib import Path

    from handgrad.data import Dataset, DataSettings
    from handgrad.data.published.download import Progress


def tell(sentence: str) -> None:
    """Print a sentence on stderr."""
    print(visible(sentence), file=sys.stderr, flush=True)


def load(settings: DataSettings) -> Dataset:
    """Load data, and print on stderr which assumptions were made."""
    from handgrad.data import load_sets

    dataset = load_sets(settings, download_progress())
    for note in dataset.notes:
        tell(f"{dataset.name}: {note}")
    return dataset


def load_again(run: Path, settings: DataSettings) -> Dataset:
    """Load the data of a run once more, as :func:`load` does."""
    from handgrad.runs.places import PATHS, refuse_absent

    for name in PATHS:
        refuse_absent(run, getattr(settings, name), "the data with which it was begun", "put them back there")
    return load(settings)


def download_progress() -> Progress:
    """Return a callback that prints on stderr, once for each file, that it is being downloaded."""
    seen: set[str] = set()

    def progress(name: str, *_: int) -> None:
        if name not in seen:
            seen.add(name)
            tell(f"downloading {name}")

    return progress
