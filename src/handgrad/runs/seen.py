"""Pictures of what a network saw, written beside the pictures that it was shown."""

from __future__ import annotations

import os
import warnings
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.pictures.images import SEEN, SEEN_OF

_SOURCE = "Source"  # one of the keywords that PNG defines for texts


def write_seen(source: Path, image: NDArray[Any]) -> Path:
    """Write what a network saw of a picture as a PNG file beside it, enlarged ten times.

    An older one of the same picture is replaced, and no other file: ``a.seen.png`` gives way to ``a.png.seen.png``, and
    so on.

    Parameters
    ----------
    source : Path
        The picture.
    image : array of shape (height, width)
        In 0..1.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    whose = SEEN_OF + files.as_text(source.name)
    names = chain(
        (source.with_suffix(SEEN).name, source.name + SEEN), (f"{source.name}.{number}{SEEN}" for number in count(2))
    )
    path = next(path for path in map(source.with_name, names) if _is_free(path, whose))
    text = PngInfo()
    text.add_itxt(_SOURCE, whose)
    pixels = np.rint(image * 255).astype(np.uint8)
    with files.written(path) as file:
        Image.fromarray(np.kron(pixels, np.ones((10, 10), np.uint8))).save(file, format="PNG", pnginfo=text)
    return path


def _is_free(path: Path, whose: str) -> bool:
    """Say whether nothing is there, or an older picture of what a network saw of the same one."""
    from PIL import Image

    if not os.path.lexists(path):
        return True
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=("PNG",)) as picture:
            return not path.is_symlink() and bool(picture.info.get(_SOURCE) == whose)
    except Exception:  # Pillow's decoders raise exceptions of many types
        return False
