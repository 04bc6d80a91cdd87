"""Find the ink of one digit in a picture: a drawing, a scan, or a photo with uneven light and things around the paper.

:func:`find_ink` works in these steps, each a function below:

1. leave out what lies around the paper, a table or a frame (:mod:`handgrad.data.pictures.paper`);
2. level the light: what is ink differs from the ground around it, which changes only slowly or in one step;
3. decide by area whether the ink is dark or light: it is whatever covers less of the picture;
4. remove the rules of lined and squared paper, which run from edge to edge;
5. keep the main piece of ink and what belongs to it; specks, edges and frames go, and a second digit is an error;
6. map the paper to 0 and the ink to 1, and thicken the strokes of a fine pen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.pictures.paper import Mask, Picture, border, paper_only
from handgrad.errors import DataError

GRAIN = 0.1  # fainter ink is paper grain
EDGE = 0.25  # fainter ink does not count for the box around the ink
_PHOTO = 64  # smaller pictures are drawings: nothing lies around their paper, and it has no rules
_BLUR = 0.8  # pixels, against noise
_WINDOW = 45  # pixels, in which the ground is looked for; a long picture must not ask for more and more memory
_STROKE = 0.4  # no stroke is wider than this share of the picture's shorter side
_RULE = 0.03  # and no rule of lined paper wider than this
_FINE = 1 / 12  # strokes finer than this share of the digit are thickened; MNIST's are about a seventh of it
_SPECK = 0.03  # a piece with less than this share of the main one's ink is dirt
_SECOND = 0.4  # one with more than this, beside it, is another digit
_SCATTERED = 12  # holes, further pieces and places at the border, together: no digit has as many
_SOLID = 0.85  # ink that fills more of its box is no digit, unless it is as narrow as a one
_NARROW = 1 / 3


def find_ink(grey: Picture, name: str) -> Picture:
    """Return the ink of a picture's one digit, cropped to it.

    Parameters
    ----------
    grey : array of shape (height, width)
        Brightness in 0..1, from black to white.
    name : str
        What the error calls the picture.

    Returns
    -------
    array of shape (h, w)
        0 for paper and 1 for ink.

    Raises
    ------
    DataError
        If the picture shows no ink, or two digits.

    Examples
    --------
    >>> page = np.tile(np.linspace(0.9, 0.5, 100, dtype=np.float32), (100, 1))  # in a shadow
    >>> page[20:70, 40:50] -= 0.3
    >>> find_ink(page, "one.png").shape
    (50, 10)
    """
    from scipy import ndimage

    if min(grey.shape) < 3:
        return any_ink(grey)
    width = max(3, round(_STROKE * min(grey.shape)))
    if min(grey.shape) < _PHOTO:
        padded = np.pad(grey, width, constant_values=np.median(border(grey)))
    else:
        grey = ndimage.gaussian_filter(paper_only(grey), _BLUR)
        padded = np.pad(grey, width, mode="edge")
    inner = (slice(width, -width),) * 2
    dark = ndimage.black_tophat(padded, (width, width))[inner]
    light = ndimage.white_tophat(padded, (width, width))[inner]
    ink = _above_noise(light if _is_light_on_dark(grey) else dark)
    if min(grey.shape) >= _PHOTO:
        ink = _without_rules(ink)
    try:
        if ink.max() <= 0:
            wanted, remedy = "a picture of one digit", "write with a thicker pen, on plain paper"
            raise DataError(f"{name} shows no ink", wanted, remedy)
        kept = _main_pieces(ink > min(_threshold(ink), 0.5 * ink.max()), ink, name)
        if _is_solid(kept):
            raise _filled(name)
    except DataError as error:
        if not _is_filled(grey, width):
            raise
        raise _filled(name) from error
    return _even(ink, kept)


def _filled(name: str) -> DataError:
    found = f"{name} shows a filled shape, wider than any stroke of a digit"
    return DataError(found, "a picture of one digit", "write the digit with a pen, on plain paper")


def any_ink(grey: Picture) -> Picture:
    """Return whatever differs from the border of a picture, cropped to it: for classes that are no digits."""
    low, high, ground = float(grey.min()), float(grey.max()), float(np.median(border(grey)))
    ink = grey - ground if ground < (low + high) / 2 else ground - grey
    ink = np.asarray(np.clip(ink / ink.max(), 0, 1), np.float32)
    ink[ink < GRAIN] = 0
    rows, columns = (np.flatnonzero((ink > EDGE).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _is_light_on_dark(grey: Picture) -> bool:
    """Compare each pixel with the ground around it: whether the lighter ones deviate more than the darker ones."""
    from scipy import ndimage

    step = max(1, min(grey.shape) // 28)
    small = ndimage.uniform_filter(grey, step)[step // 2 :: step, step // 2 :: step]
    reach = max(small.shape) // 2
    padded = np.pad(small, min(reach, min(small.shape) - 1), mode="reflect", reflect_type="odd")
    margin = (padded.shape[0] - small.shape[0]) // 2
    window = min(2 * (max(small.shape) * 2 // 5) + 1, _WINDOW)
    ground = ndimage.median_filter(padded, window)
    difference = small - ground[margin : margin + small.shape[0], margin : margin + small.shape[1]]
    return bool((difference**5).sum() > 0)  # strong deviations decide, not noise or the rules of the paper


def _above_noise(ink: Picture) -> Picture:
    """Subtract what noise leaves everywhere: most of the picture is paper."""
    return np.asarray(np.clip(ink - np.median(ink), 0, None), np.float32)


def _without_rules(ink: Picture) -> Picture:
    """Remove straight thin lines that cross nearly the whole picture."""
    from scipy import ndimage

    thin = max(2, round(_RULE * min(ink.shape)))
    for axis in (0, 1):
        along, across = [1, 1], [1, 1]
        along[axis], across[1 - axis] = round(0.8 * ink.shape[axis]), thin + 1
        lines = ndimage.grey_opening(ink, along)
        ink = ink - np.clip(lines - ndimage.grey_opening(lines, across), 0, None)
    return np.asarray(ink, np.float32)


def _main_pieces(mask: Mask, ink: Picture, name: str) -> Mask:
    """Return where the digit is: the piece with the most ink, and others near it that are no dirt.

    Pieces that touch the border count for a tenth, and a hollow piece around all the others is a frame.
    """
    from scipy import ndimage

    reach = min(mask.shape) // 100  # what a printed rule cuts apart is one piece
    near = ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=reach) if reach else mask
    labels, count = ndimage.label(near, np.ones((3, 3)))
    labels[~mask] = 0
    boxes = ndimage.find_objects(labels)
    mass = np.asarray(ndimage.sum_labels(ink, labels, range(1, count + 1)))
    score = mass * [0.1 if border(labels == k + 1).any() else 1.0 for k in range(count)]
    for k, box in enumerate(boxes):
        large = all(side.stop - side.start > 0.7 * length for side, length in zip(box, ink.shape, strict=True))
        within = sum(mass[i] for i in range(count) if i != k and _inside(boxes[i], box))
        if large and within > 0.1 * mass[k]:
            score[k] = 0
    main = int(score.argmax())
    size = max(side.stop - side.start for side in boxes[main])
    kept = labels == main + 1
    others = int((score > _SPECK * score[main]).sum()) - 1
    if others + _openings(kept) >= _SCATTERED:
        found = f"{name} shows ink scattered all over, as in noise or a pattern"
        raise DataError(found, "a picture of one digit", "write the digit with a pen, on plain paper")
    for k in range(count):
        if k == main or score[k] < _SPECK * score[main]:
            continue
        if score[k] > _SECOND * score[main] and _beside(boxes[k], boxes[main]):
            found = f"{name} shows two pieces of ink side by side"
            raise DataError(found, "a picture of one digit", "crop it to one digit")
        if _gap(boxes[k], boxes[main]) < 0.2 * size:
            kept |= labels == k + 1
    return np.asarray(kept)


def _inside(inner: tuple[slice, ...], outer: tuple[slice, ...]) -> bool:
    """Tell whether one box is inside another."""
    return all(o.start <= i.start and i.stop <= o.stop for i, o in zip(inner, outer, strict=True))


def _beside(box: tuple[slice, ...], main: tuple[slice, ...]) -> bool:
    """Tell whether a box lies left or right of another, with a gap, and is about as high."""
    height, other = (rows.stop - rows.start for rows in (box[0], main[0]))
    apart = max(box[1].start - main[1].stop, main[1].start - box[1].stop)
    return bool(height > 0.6 * other and apart > 0.04 * other)


def _is_filled(grey: Picture, width: int) -> bool:
    """Tell whether a piece that is wider than any stroke lies on the paper; a shadow would reach the border."""
    from scipy import ndimage

    ground = float(np.median(border(grey)))
    labels, _ = ndimage.label(abs(grey - ground) > 0.5 * abs(grey - ground).max())
    free = ~np.isin(labels, np.unique(border(labels))) & (labels > 0)
    return bool(2 * ndimage.distance_transform_edt(np.pad(free, 1)).max() > width)


def _openings(kept: Mask) -> int:
    """Count the holes of a piece, and the places where it touches the border of the picture."""
    from scipy import ndimage

    holes = ndimage.label(~np.pad(kept, 1))[1] - 1
    ring = np.concatenate([kept[0], kept[1:, -1], kept[-1, -2::-1], kept[-2:0:-1, 0]])
    return int(holes + ndimage.label(ring)[1])


def _is_solid(kept: Mask) -> bool:
    """Tell whether the ink fills a box that is too wide for a one."""
    rows, columns = (np.flatnonzero(kept.any(axis=axis)) for axis in (1, 0))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    narrow = min(height, width) <= _NARROW * max(height, width)
    return bool(max(height, width) >= 10 and not narrow and kept.sum() > _SOLID * height * width)


def _gap(box: tuple[slice, ...], main: tuple[slice, ...]) -> int:
    """Return the distance between two boxes, in pixels."""
    return int(max(0, *(max(a.start - b.stop, b.start - a.stop) for a, b in zip(box, main, strict=True))))


def _even(ink: Picture, kept: Mask) -> Picture:
    """Crop the ink to the digit, map its usual strength to 1, and thicken fine strokes."""
    from scipy import ndimage

    full = np.percentile(ink[kept], 60)
    ink = np.where(ndimage.binary_dilation(kept, np.ones((3, 3))), np.clip(ink / full, 0, 1), 0).astype(np.float32)
    ink[ink < GRAIN] = 0
    depth = ndimage.distance_transform_edt(np.pad(kept, 1))
    stroke = 2 * np.median(depth[(depth > 0) & (depth == ndimage.maximum_filter(depth, 3))])  # on the middle line
    box = ndimage.find_objects(kept.astype(np.int8))[0]
    size = max(side.stop - side.start for side in box)
    missing = round(_FINE * size - stroke)
    if missing > 0 and size > 28:
        ink = ndimage.grey_dilation(np.pad(ink, missing), (missing + 1, missing + 1))
        box = tuple(slice(side.start, side.stop + 2 * missing) for side in box)
    return np.ascontiguousarray(ink[box])


def _threshold(values: NDArray[Any]) -> float:
    """Return Otsu's threshold: the one that separates two classes with the largest variance between them."""
    counts, edges = np.histogram(values, 128)
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above) ** 2
    return float(edges[1:-1][np.nan_to_num(variance).argmax()])
