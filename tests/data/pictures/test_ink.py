"""One digit in pictures of every kind: the same ink is found as in a clean drawing."""

import resource
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from sampling import sampled

from handgrad.data import read_image
from handgrad.errors import DataError

FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
SIZE = 300
Y, X = np.mgrid[:SIZE, :SIZE] / (SIZE - 1)
RAMP = (X + Y) / 2


def drawn(text: str, place: tuple[int, int] = (110, 60), height: int = 150) -> np.ndarray:
    """Return the ink of a text, 0 or 1."""
    picture = Image.new("L", (SIZE, SIZE))
    ImageDraw.Draw(picture).text(place, text, fill=255, font=ImageFont.truetype(FONT, height))
    return np.asarray(picture) / 255


def on_paper(ink: np.ndarray, dark: float = 50, light: float = 230) -> np.ndarray:
    """Return the brightness of ink on paper."""
    return light - (light - dark) * ink


def noise(strength: float) -> np.ndarray:
    """Return noise of a camera."""
    return np.random.default_rng(0).normal(0, strength, (SIZE, SIZE))


def with_specks(ink: np.ndarray, *places: tuple[float, float]) -> np.ndarray:
    """Add round specks of dirt."""
    return np.maximum(ink, sum((X - x) ** 2 + (Y - y) ** 2 < 0.012**2 for x, y in places))


def on_a_table(page: np.ndarray, left: int = 25) -> np.ndarray:
    """Put a page, scaled down, on a dark table."""
    table = np.full((SIZE, SIZE), 40.0)
    table[40:240, left : left + 200] = np.asarray(Image.fromarray(page.astype(np.uint8)).resize((200, 200)))
    return table


def turned_on_a_table(ink: np.ndarray, angle: float, table: float, paper: float, ink_shade: float) -> np.ndarray:
    """Lay a sheet on a table, turned by an angle in degrees."""
    page = Image.fromarray(on_paper(ink, ink_shade, paper).astype(np.uint8)).resize((200, 200))
    picture = Image.new("L", (SIZE, SIZE), int(table))
    mask = Image.new("L", page.size, 255).rotate(angle, expand=True)
    picture.paste(page.rotate(angle, Image.Resampling.BICUBIC, expand=True), (35, 30), mask)
    return np.asarray(picture).astype(float)


def in_a_frame(page: np.ndarray, outside: int, width: int) -> np.ndarray:
    """Draw a dark frame around a page, at a distance from the border of the picture."""
    depth = np.minimum(np.minimum(X, 1 - X), np.minimum(Y, 1 - Y)) * (SIZE - 1)
    return np.where((depth >= outside) & (depth < outside + width), 25, page)


def with_rules(page: np.ndarray, *, squared: bool) -> np.ndarray:
    """Print the lines or squares of a notebook's page below the ink."""
    at = np.arange(SIZE) % 30 < 2
    rules = at[:, np.newaxis] | (at & squared)
    return np.where(rules, np.minimum(page, 160), page)


KINDS = {
    "light on dark": lambda ink: on_paper(ink, 230, 30),
    "shadow of 30 %": lambda ink: on_paper(ink) * (1 - 0.3 * RAMP),
    "shadow of 45 %": lambda ink: on_paper(ink) * (1 - 0.45 * RAMP),
    "shadow with an edge": lambda ink: on_paper(ink) * np.where(X + 0.3 * Y < 0.6, 0.65, 1),
    "faint pencil in a shadow of 15 %": lambda ink: on_paper(ink, 170) * (1 - 0.15 * RAMP) + noise(2),
    "paper on a dark table": lambda ink: on_a_table(on_paper(ink)),
    "paper on a table at the left only": lambda ink: np.where(X < 0.12, 40, on_paper(ink)),
    "dark frame": lambda ink: in_a_frame(on_paper(ink), 0, 15),
    "drawn frame": lambda ink: in_a_frame(on_paper(ink), 12, 3),
    "one speck": lambda ink: on_paper(with_specks(ink, (0.1, 0.9))),
    "specks": lambda ink: on_paper(with_specks(ink, (0.1, 0.9), (0.8, 0.1), (0.9, 0.7), (0.1, 0.2))),
    "lined paper": lambda ink: with_rules(on_paper(ink), squared=False),
    "rules printed over the ink": lambda ink: np.where(np.arange(SIZE)[:, np.newaxis] % 34 < 2, 175, on_paper(ink)),
    "squared paper": lambda ink: with_rules(on_paper(ink), squared=True),
    "noise": lambda ink: on_paper(ink) + noise(30),
    "vignette": lambda ink: on_paper(ink) * (1 - (X - 0.5) ** 2 - (Y - 0.5) ** 2) + noise(3),
    "blackboard in a shadow": lambda ink: on_paper(ink, 200, 40) * (1 - 0.3 * RAMP),
}


def read(pixels: np.ndarray, folder: Path) -> np.ndarray:
    """Write a picture and read it for a network."""
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / "picture.png")
    return read_image(folder / "picture.png", (28, 28))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlate two images, one of them moved by at most a pixel: rounding decides where a symmetric digit lies."""
    moved = (np.roll(one.reshape(28, 28), step, (0, 1)) for step in np.ndindex(3, 3))
    return max(np.corrcoef(np.roll(image, (-1, -1), (0, 1)).reshape(-1), other)[0, 1] for image in moved)


@pytest.mark.parametrize("kind", sampled(KINDS, 6))
def test_the_kind_of_paper_does_not_matter(kind: str, tmp_path: Path) -> None:
    """A digit looks nearly as it does when drawn dark on clean light paper."""
    for digit in "02457":
        clean = read(on_paper(drawn(digit)), tmp_path)
        found = read(KINDS[kind](drawn(digit)), tmp_path)
        assert likeness(found, clean) > 0.9, digit


@pytest.mark.parametrize("falling", [0, 0.5], ids=["even light", "falling light"])
@pytest.mark.parametrize(
    ("table", "paper", "shade"), sampled([(40, 230, 50), (165, 225, 60), (215, 110, 30), (90, 200, 110)], 2)
)
@pytest.mark.parametrize("angle", sampled([8, 0, -11], 3))
def test_a_sheet_may_lie_turned_on_a_table(
    angle: float, table: float, paper: float, shade: float, falling: float, tmp_path: Path
) -> None:
    """On a dark or light table, the paper is found whatever the light, and nothing else counts as ink."""
    for digit in "257":
        ink = drawn(digit)
        turned = np.asarray(Image.fromarray(ink.astype(np.float32)).rotate(angle, Image.Resampling.BICUBIC))
        page = turned_on_a_table(ink, angle, table, paper, shade) * (1 - falling * RAMP) + noise(3)
        assert likeness(read(page, tmp_path), read(on_paper(turned), tmp_path)) > 0.9, digit


@pytest.mark.parametrize(
    ("place", "height"), [((1, -3), 13), ((14, 12), 13), ((5, -6), 36)], ids=["corner", "other", "full"]
)
@pytest.mark.parametrize("dark", [0, 255], ids=["light on dark", "dark on light"])
def test_a_drawing_of_the_networks_size_is_centred_and_scaled(
    place: tuple[int, int], height: int, dark: int, tmp_path: Path
) -> None:
    """In a corner of 28x28 pixels or filling them, a digit looks as it does in a large drawing."""
    for digit in "0258":
        small = np.abs(dark - 255.0 * drawn(digit, place, height)[:28, :28])
        found, large = read(small, tmp_path), read(on_paper(drawn(digit)), tmp_path)
        assert likeness(found, large) > 0.8, digit
        assert abs(found.reshape(28, 28).sum(axis=0) @ np.arange(28) / found.sum() - 14) < 0.51


@pytest.mark.parametrize(("width", "height"), [(320, 28), (28, 320), (319, 55)])
def test_a_digit_on_a_strip_of_paper(width: int, height: int, tmp_path: Path) -> None:
    """However long the picture, the memory stays small, and the ink is the same."""
    picture = Image.new("L", (width, height), "white")
    left, top = width // 2, height // 2 - 9
    picture.paste(0, (left, top, left + 4, top + 18))
    picture.save(tmp_path / "strip.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    image = read_image(tmp_path / "strip.png", (28, 28)).reshape(28, 28)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    assert np.ptp(np.flatnonzero(image.any(axis=1))) == 19
    assert np.ptp(np.flatnonzero(image.any(axis=0))) < 6


def test_a_fine_pen_is_thickened(tmp_path: Path) -> None:
    """A line of one pixel in 300 becomes a stroke that the network can see."""
    pixels = np.full((SIZE, SIZE), 255)
    pixels[60:240, 150] = 0
    image = read(pixels, tmp_path).reshape(28, 28)
    assert (image[8:20].sum(axis=1) > 1.2).all()


def test_a_bold_one_is_no_sheet(tmp_path: Path) -> None:
    """A thick stroke, large in the picture and soft at its edges, is kept as wide as it is."""
    distance = np.hypot(X - 0.5, Y - np.clip(Y, 0.2, 0.8)) * SIZE
    bold = read(255 * np.clip((distance - 22) / 20, 0, 1), tmp_path).reshape(28, 28)
    assert (bold[8:20].sum(axis=1) > 4).all()


def test_two_digits_are_refused(refused, tmp_path: Path) -> None:
    """A number of two digits is refused with what the picture shows."""
    with refused(DataError, "two pieces of ink", "one digit"):
        read(on_paper(drawn("42", (60, 60))), tmp_path)


@pytest.mark.parametrize("shade", [0, 120])
@pytest.mark.parametrize("shape", ["ellipse", "rectangle"])
@pytest.mark.parametrize("inset", [60, 15])
def test_a_filled_shape_is_not_called_two_pieces(refused, tmp_path: Path, shape: str, inset: int, shade: int) -> None:
    """A disc or a square that is wider than any stroke leaves pieces or nothing, and is called what it is."""
    picture = Image.new("L", (SIZE, SIZE), 255)
    getattr(ImageDraw.Draw(picture), shape)((inset, inset, SIZE - inset, SIZE - inset), fill=shade)
    with refused(DataError, "filled shape", "one digit"):
        read(np.asarray(picture), tmp_path)


@pytest.mark.parametrize("size", [40, 100, 300])
def test_noise_is_no_digit(refused, tmp_path: Path, size: int) -> None:
    """Pixels drawn at random, grey or mostly white, are called scattered ink."""
    random = np.random.default_rng(0)
    for pixels in (random.uniform(0, 255, (size, size)), np.where(random.random((size, size)) < 0.05, 0, 255)):
        with refused(DataError, "scattered", "one digit"):
            read(pixels, tmp_path)


@pytest.mark.parametrize("size", [28, 300])
def test_a_small_solid_rectangle_is_no_digit(refused, tmp_path: Path, size: int) -> None:
    """A rectangle is called a filled shape even where it is no wider than a stroke, unless it is as narrow as a one."""
    for width in (0.35, 0.08):
        pixels = np.full((size, size), 255)
        pixels[size // 4 : size * 3 // 4, size // 4 : round((0.25 + width) * size)] = 0
        if width > 0.1:
            with refused(DataError, "filled shape", "one digit"):
                read(pixels, tmp_path)
        else:
            assert read(pixels, tmp_path).any()


@pytest.mark.parametrize("text", ["42", "11", "88"])
def test_two_digits_in_a_shadow_are_no_filled_shape(refused, tmp_path: Path, text: str) -> None:
    """What is dark between two digits is the paper."""
    with refused(DataError, "two pieces of ink", "one digit"):
        read(on_paper(drawn(text, (60, 60))) * (1 - 0.5 * RAMP), tmp_path)


def test_a_digit_of_two_pieces_is_one(tmp_path: Path) -> None:
    """A five whose upper bar is apart from its belly is kept whole."""
    ink = drawn("5")
    rows = np.flatnonzero(ink.any(axis=1))
    cut = ink.copy()
    cut[rows[0] + 18 : rows[0] + 24] = 0
    whole, broken = read(on_paper(ink), tmp_path), read(on_paper(cut), tmp_path)
    assert likeness(whole, broken) > 0.9
