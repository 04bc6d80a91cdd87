"""Find the sheet of paper in a photo, and leave out the table or frame around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LEVELS = 24  # of brightness, at which a sheet is looked for: in uneven light, no single one parts it from its table
_SIDE = 160  # pixels; more show no more of a sheet
_SMALLEST = 0.08  # of the picture; a smaller piece is no sheet
_STRAIGHT = 0.86  # the least share of the smallest rectangle around it that a sheet fills, also in perspective
_NARROWEST = 0.35  # the least width of a sheet, as a share of its length; a one is narrower
_STEP = 0.01  # per pixel; what fades more softly is a shadow


def paper_only(grey: Picture) -> Picture:
    """Crop a picture to its sheet of paper, and continue the paper over what is left of its surroundings.

    The sheet is a large piece, brighter or darker than the rest, and straight at its edges, though it may be turned.
    A picture that is all paper, or has no such sheet, is returned as it is.
    """
    from scipy import ndimage

    sheet = _sheet(grey)
    if sheet is None:
        return grey
    box = ndimage.find_objects(sheet.astype(np.int8))[0]
    inside = ndimage.binary_erosion(sheet, iterations=max(2, min(grey.shape) // 50))
    smooth = ndimage.median_filter(grey, 5)
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return np.asarray(np.where(inside, grey, smooth[tuple(nearest)])[box], np.float32)


def _sheet(grey: Picture) -> Mask | None:
    """Return where the sheet is: of the pieces that could be one, that whose edge is sharpest all around."""
    from scipy import ndimage

    step = -(-max(grey.shape) // _SIDE)
    small = ndimage.uniform_filter(grey, step)[::step, ::step]
    slope = ndimage.gaussian_gradient_magnitude(small, 1)
    best, sharpest = None, _STEP
    for level in np.linspace(small.min(), small.max(), _LEVELS + 2)[1:-1]:
        bright = small > level
        for side in (bright, ~bright):
            sheet = _largest(side)
            if sheet is None:
                continue
            edge = sheet & ~ndimage.binary_erosion(sheet, border_value=1)
            sharpness = float(np.percentile(slope[edge], 20)) if edge.any() else 0.0
            if sharpness > sharpest and _is_straight(sheet) and _is_written(slope, sheet):
                best, sharpest = sheet, sharpness
    if best is None:
        return None
    return np.asarray(best.repeat(step, 0).repeat(step, 1)[: grey.shape[0], : grey.shape[1]])


def _largest(side: Mask) -> Mask | None:
    """Return the largest piece with what is written in its holes, if it may be a sheet with something around it."""
    from scipy import ndimage

    if border(side).mean() > 0.2:
        return None
    labels, count = ndimage.label(side)
    if not count:
        return None
    main = labels == np.bincount(labels.flat)[1:].argmax() + 1
    sheet = ndimage.binary_fill_holes(main)
    return sheet if sheet.mean() > _SMALLEST and main.sum() > 0.6 * sheet.sum() else None


def _is_straight(sheet: Mask) -> bool:
    """Tell whether a piece fills the smallest rectangle around it, turned by any angle, and is no thick stroke."""
    from scipy import ndimage

    y, x = np.nonzero(sheet & ~ndimage.binary_erosion(sheet))
    angles = np.deg2rad(np.arange(0, 90, 2))[:, np.newaxis]
    along, across = x * np.cos(angles) + y * np.sin(angles), y * np.cos(angles) - x * np.sin(angles)
    sides = np.stack([np.ptp(along, axis=1), np.ptp(across, axis=1)]) + 1
    one, other = sides[:, sides.prod(axis=0).argmin()]
    return bool(sheet.sum() > _STRAIGHT * one * other and min(one, other) > _NARROWEST * max(one, other))


def _is_written(slope: Picture, sheet: Mask) -> bool:
    """Tell whether something is on a sheet: a filled shape, or the hole of a digit, is empty."""
    from scipy import ndimage

    inside = slope[ndimage.binary_erosion(sheet, iterations=5)]
    return bool(inside.size and (inside > max(0.02, 4 * np.median(inside))).mean() > 0.002)


def border(values: NDArray[Any]) -> NDArray[Any]:
    """Return the outermost pixels of a picture."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])
