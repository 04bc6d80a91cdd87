"""Read a picture of a digit, from a camera or a paint program, and make it look like the training images.

MNIST's images were scaled to fit a box of 20x20, keeping their proportions, and placed in 28x28 pixels with the
centre of mass in the middle. :func:`read_image` does the same with any picture:

1. rotate it upright (EXIF), put transparent pixels on white, and convert it to grey;
2. decide by the median of its border whether it is dark on light, and if so invert it;
3. map the border to black and the brightest ink to white, and remove anything fainter than paper grain;
4. crop it to the ink, scale the ink to 20/28 of the network's height and width (to all of it for images below 16
   pixels, such as scikit-learn's 8x8 digits, whose ink fills the height), and centre its mass.

A picture of the network's size, light on dark, is used as it is.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.errors import DataError, FormatError

MAX_PIXELS = 40_000_000
BLANK = 0.1  # a picture with a smaller difference between its darkest and brightest pixels is blank
GRAIN = 0.1  # fainter ink is paper grain
EDGE = 0.25  # fainter ink does not count for the box around the ink
_SMALL = 16


def read_image(path: str | os.PathLike[str], image_shape: tuple[int, int]) -> NDArray[np.float32]:
    """Read a PNG or JPEG picture of one digit, of any size, as input for the network.

    Parameters
    ----------
    path : path
    image_shape : (height, width)
        The shape of the training images.

    Returns
    -------
    array of shape (height * width,)
        Light ink on a dark background, in 0..1.

    Raises
    ------
    FormatError
        If the file is not such a picture, is damaged, or has more than 40 million pixels.
    DataError
        If the picture is blank.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image, ImageDraw
    >>> picture = Image.new("L", (200, 300), "white")
    >>> ImageDraw.Draw(picture).line([(120, 40), (120, 240)], fill="black", width=24)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture.save(Path(folder) / "one.png")
    ...     one = read_image(Path(folder) / "one.png", (28, 28)).reshape(28, 28)
    >>> np.flatnonzero(one.any(axis=1)), float(one.max())
    (array([ 4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
           21, 22, 23]), 1.0)
    """
    path = Path(path)
    with files.opened(path) as file:
        grey = _read_grey(file, path)
    low, high = float(grey.min()), float(grey.max())
    if high - low < BLANK:
        raise DataError(f"{path} is blank", "a picture of one digit", "check that the drawing is not transparent")
    ground = float(np.median(_border(grey)))
    light_on_dark = ground < (low + high) / 2
    if light_on_dark and grey.shape == tuple(image_shape):
        return grey.reshape(-1)
    ink = grey - ground if light_on_dark else ground - grey
    ink = np.clip(ink / ink.max(), 0, 1)
    ink[ink < GRAIN] = 0
    return _centred(_scaled(_cut_out(ink), image_shape), image_shape).reshape(-1)


def _read_grey(file: BinaryIO, path: Path) -> NDArray[np.float32]:
    """Decode a picture into brightness (height, width) in 0..1, upright, on white."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the next lines are stricter
            picture: Image.Image = Image.open(file, formats=("PNG", "JPEG"))
        if picture.width * picture.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I"):  # 16 bits a pixel
            return np.asarray(picture).astype(np.float32) / np.float32(65535)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return np.asarray(picture.convert("L")).astype(np.float32) / np.float32(255)
    except Image.DecompressionBombError as error:
        raise FormatError(
            f"{path} has more than {MAX_PIXELS:,} pixels", f"at most {MAX_PIXELS:,}", "scale the picture down"
        ) from error
    except Exception as error:  # Pillow's decoders raise exceptions of many types
        raise FormatError(
            f"{path} cannot be decoded ({type(error).__name__})",
            "a complete PNG or JPEG picture",
            "save the picture again",
        ) from error


def _border(X: NDArray[Any]) -> NDArray[Any]:
    """Return the outermost pixels of a picture."""
    return np.concatenate([X[0], X[-1], X[1:-1, 0], X[1:-1, -1]])


def _cut_out(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Crop a picture to the box around its ink."""
    rows, columns = np.flatnonzero((ink > EDGE).any(axis=1)), np.flatnonzero((ink > EDGE).any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(ink: NDArray[np.float32], image_shape: tuple[int, int]) -> NDArray[np.float32]:
    """Scale the ink to fit the inner box, keeping its proportions; the strongest ink becomes 1 again."""
    from PIL import Image

    box = [length if length < _SMALL else round(length * 20 / 28) for length in image_shape]
    factor = min(box[0] / ink.shape[0], box[1] / ink.shape[1])
    height, width = (max(1, round(length * factor)) for length in ink.shape)
    if (height, width) == ink.shape:
        return ink
    small = Image.fromarray(np.ascontiguousarray(ink)).resize((width, height), Image.Resampling.BILINEAR)
    scaled = np.asarray(small).astype(np.float32)
    return np.asarray(scaled / scaled.max(), np.float32)


def _centred(ink: NDArray[np.float32], image_shape: tuple[int, int]) -> NDArray[np.float32]:
    """Place the ink in the image with its centre of mass in the middle, or as close to it as nothing is cut off.

    The middle of 28 pixels is pixel 14, counted from 0, as in MNIST. Below 16 pixels it is (length - 1) / 2.
    """
    image, corner = np.zeros(image_shape, np.float32), []
    for axis, length in enumerate(image_shape):
        profile = ink.sum(axis=1 - axis)
        mass = float(profile @ np.arange(len(profile))) / float(profile.sum())
        middle = length / 2 if length >= _SMALL else (length - 1) / 2
        corner.append(min(max(0, round(middle - mass)), length - len(profile)))
    image[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = ink
    return image
