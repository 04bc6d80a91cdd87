"""Read a picture of a digit, from a camera or a paint program, and make it look like the training images.

MNIST's images were scaled to fit a box of 20x20, keeping their proportions, and placed in 28x28 pixels with the
centre of mass in the middle. :func:`read_image` does the same with any picture:

1. decode it, large ones scaled down; rotate it upright (EXIF), and convert it to grey; transparent pixels are paper;
2. find the ink, whatever the paper, the light and the surroundings (:mod:`handgrad.data.pictures.ink`);
3. crop it to the ink, scale the ink to 20/28 of the network's height and width (to all of it for images below 16
   pixels, such as scikit-learn's 8x8 digits, whose ink fills the height), and centre its mass.

A picture of the network's size is used as it is, light on dark, if its ink lies as in MNIST.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from handgrad import files, limits
from handgrad.data.pictures.ink import any_ink, find_ink
from handgrad.errors import DataError, FormatError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

BLANK = 0.1  # a picture with a smaller difference between its darkest and brightest pixels is blank
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF")
# A picture of what a network saw, which is not an example itself, has a name and a beginning like these.
SEEN, SEEN_OF = ".seen.png", "handgrad: what a network saw of "
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".avif")
# The first bytes of PNG, JPEG, GIF, TIFF and PPM.
_STARTS = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"II*\0", b"MM\0*", b"P5\n", b"P6\n")
_MOVING = ("GIF", "PNG", "WEBP", "AVIF")  # formats of animations; further pictures in JPEG are previews and depths
_COLOURED = 48  # of 255: the distance between red, green and blue
_SMALL = 16
_START = 4096  # bytes
_DIGITS = {*"0123456789"}
_PREVIEW = 254  # the number of the tag that says so, in TIFF
_WORK = 320  # pixels; more show no more of a digit
_OTHERS = {  # by how the file begins
    b"%pdf": "a PDF document",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML file, perhaps an SVG drawing",
    b"<!doctype html": "an HTML page",
    b"<html": "an HTML page",
    b"8bps": "a Photoshop file",
    b"pk\x03\x04": "a ZIP archive or an Office document",
}


def begins_as_picture(content: bytes) -> bool:
    """Say whether bytes begin as those of a picture do."""
    if content.startswith((b"BM", b"RIFF")):  # as a table does whose first column is called BMI
        return content[6:10] == bytes(4) or content[8:12] == b"WEBP"
    return content.startswith(_STARTS) or (content[4:8] == b"ftyp" and content[:2] == bytes(2))


def read_image(
    path: str | os.PathLike[str], image_shape: tuple[int, int], *, digits: bool = True
) -> NDArray[np.float32]:
    """Read a picture of one digit, of any size, as input for the network.

    Parameters
    ----------
    path : path
        A PNG, JPEG, BMP, GIF, TIFF, WebP, PPM or AVIF file.
    image_shape : (height, width)
        The shape of the training images.
    digits : bool
        Whether the classes are the digits. If not, any ink counts, and a picture of the network's size is used as it
        is, light on dark, because the training images may lie otherwise than MNIST's (Fashion-MNIST's fill the image).

    Returns
    -------
    array of shape (height * width,)
        Light ink on a dark background, in 0..1.

    Raises
    ------
    FormatError
        If the file is not such a picture, is damaged, or has more than 120 million pixels.
    DataError
        If the picture is blank, or shows two digits.

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
        grey, _ = read_grey(file, path)
    return prepare(grey, image_shape, str(path), digits=digits).reshape(-1)


def prepare(
    grey: NDArray[np.float32], image_shape: tuple[int, int], where: str, *, digits: bool
) -> NDArray[np.float32]:
    """Make a decoded picture look like the training images; ``where`` names it in messages."""
    if np.ptp(grey) < BLANK:
        raise DataError(
            f"{where} is blank or equally bright everywhere",
            "a picture of one digit, much darker or lighter than its ground",
            "check that the drawing is neither transparent nor too faint or too small to be seen; colours do not count",
        )
    if grey.shape == tuple(image_shape):
        light = grey if is_light_on_dark(grey) else grey.max() - grey
        if not (digits and _lies_elsewhere(light)):
            return light
    ink = find_ink(grey, where) if digits else any_ink(grey)
    return _centred(_scaled(ink, image_shape), image_shape)


def are_digits(classes: Collection[str]) -> bool:
    """Say whether classes are digits up to 9, some of which may be absent; 0 and 1 alone are as often no and yes."""
    return {"0", "9"} <= set(classes) <= _DIGITS


def is_picture_name(path: Path) -> bool:
    """Tell whether a file is meant as a picture, by the end of its name."""
    return path.suffix.lower() in (*ENDINGS, ".heic", ".heif", ".pdf", ".svg", ".psd")


def is_example(path: Path) -> bool:
    """Tell whether a file in a folder is meant as an example: a picture, but not one of what a network saw."""
    return is_picture_name(path) and not (path.name.endswith(SEEN) and _shows_what_was_seen(path))


def _shows_what_was_seen(path: Path) -> bool:
    """Tell whether the program wrote a picture of such a name."""
    try:
        with files.opened(path) as file:
            return SEEN_OF.encode() in file.read(_START)
    except DataError:
        return False


def is_light_on_dark(grey: NDArray[Any]) -> bool:
    """Tell by the border whether a drawing of the network's size is light on dark."""
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    return bool(np.median(border) < (float(grey.min()) + float(grey.max())) / 2)


def _lies_elsewhere(grey: NDArray[np.float32]) -> bool:
    """Tell whether a digit of the network's size, light on dark, lies or is scaled otherwise than MNIST's images.

    Images below 16 pixels lie as they should.
    """
    if max(grey.shape) < _SMALL:
        return False
    profiles = [grey.sum(axis=1 - axis) for axis in (0, 1)]
    masses = [float(profile @ np.arange(len(profile))) / float(profile.sum()) for profile in profiles]
    extent = max(np.ptp(np.flatnonzero(profile)) + 1 for profile in profiles)
    off_centre = any(abs(mass - length / 2) > 1.5 for mass, length in zip(masses, grey.shape, strict=True))
    return off_centre or abs(extent - max(grey.shape) * 20 / 28) > 1


def read_grey(file: BinaryIO, path: Path) -> tuple[NDArray[np.float32], bool]:
    """Decode a picture into brightness (height, width) in 0..1, upright, at most 320 pixels long.

    Returns
    -------
    grey : array of shape (height, width)
    coloured : bool
        Whether the picture has colours, which are lost.
    """
    from PIL import Image, ImageOps

    _refuse_others(file, path)
    most = limits.most("pixels", limits.PIXELS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size: the next lines are stricter; of damaged EXIF: it is not needed
            picture: Picture = Image.open(file, formats=FORMATS)
            _refuse_pages(picture, path)
            picture.draft(None, (2 * _WORK, 2 * _WORK))  # a JPEG file is scaled while it is decoded
            if picture.width * picture.height > most:
                raise Image.DecompressionBombError
            if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):  # before they take more memory
                picture.thumbnail((_WORK, _WORK), Image.Resampling.BOX)
            coloured = _has_colours(picture)
            picture = _greyscale(ImageOps.exif_transpose(picture))
        picture.thumbnail((_WORK, _WORK), Image.Resampling.BOX)
        return np.asarray(picture).astype(np.float32), coloured
    except Image.DecompressionBombError as error:
        raise FormatError(
            f"{path} has more than {most:,} pixels", f"at most {most:,}", "scale it down, or set HANDGRAD_MAX_PIXELS"
        ) from error
    except FormatError:
        raise
    except Exception as error:  # Pillow's decoders raise exceptions of many types
        cut_off = any(word in str(error).lower() for word in ("truncated", "end of file", "not enough", "broken png"))
        raise FormatError(
            f"{path} is cut off" if cut_off else f"{path} cannot be decoded ({type(error).__name__})",
            "a complete picture, such as PNG or JPEG",
            "copy the picture again" if cut_off else "save the picture as PNG or JPEG",
        ) from error


def _refuse_pages(picture: Picture, path: Path) -> None:
    """Refuse animations, and TIFF files of several pages; a smaller version of the picture, a preview, is none."""
    from PIL.TiffImagePlugin import TiffImageFile

    if picture.format in _MOVING and getattr(picture, "is_animated", False):
        raise FormatError(f"{path} is an animation", "a picture of one digit", "save the frame that you mean as PNG")
    if not isinstance(picture, TiffImageFile):
        return
    pages = 0
    for number in reversed(range(picture.n_frames)):
        picture.seek(number)
        pages += picture.tag_v2.get(_PREVIEW, 0) & 1 == 0
    if pages > 1:
        raise FormatError(f"{path} has {pages} pages", "a picture of one digit", "save each page as a PNG file")


def _has_colours(picture: Picture) -> bool:
    """Say whether some pixels of a picture are coloured, and more than JPEG colours what is grey."""
    if picture.mode.startswith(("1", "L", "I", "F")) and picture.mode != "LAB":
        return False
    spread = np.ptp(np.asarray(picture.convert("RGB")), axis=2)
    return bool((spread > _COLOURED).mean() > 1 / 100)


def _greyscale(picture: Picture) -> Picture:
    """Convert a picture to brightness in 0..1, one float for a pixel. If most of it is transparent, the rest is ink."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):  # 16 bits for a pixel, often only 8 or 12 of them used
        values = np.asarray(picture).astype(np.float32)
        values -= min(0, float(values.min()))
        bits = max(1, int(np.ceil(np.log2(float(values.max()) + 1))))
        return Image.fromarray(values / np.float32(2**bits - 1))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = picture.getchannel("A")
        if np.asarray(alpha).mean() < 128:
            picture = alpha
        else:
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.float32) / np.float32(255))


def _refuse_others(file: BinaryIO, path: Path) -> None:
    """Refuse files that are often taken for pictures, and name what they are."""
    start = file.read(64)
    file.seek(0)
    begins = start.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    kind = next((name for first, name in _OTHERS.items() if begins.startswith(first)), None)
    if start[4:8] == b"ftyp" and not start[8:12].startswith((b"avif", b"avis")):
        kind = "a HEIC picture" if start[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc") else "a video"
        if b"avif" in start:
            return
    if not start:
        raise FormatError(f"{path} is empty", "a picture, such as PNG or JPEG", "copy the picture again")
    if kind:
        raise FormatError(f"{path} is {kind}", "a picture, such as PNG or JPEG", "export it as PNG or JPEG")


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
