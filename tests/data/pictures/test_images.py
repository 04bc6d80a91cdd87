import zlib

import numpy as np
import pytest
from PIL import Image

from handgrad.data import load_data, read_image
from handgrad.data.arrays.idx import read_idx_folder
from handgrad.errors import DataError, FormatError


def save(path, pixels, **options):
    """Save an array of bytes as a picture."""
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **options)
    return path


def as_bytes(row, side):
    """Return a row of a data set as an image of bytes."""
    return np.rint(np.asarray(row).reshape(side, side) * 255).astype(np.uint8)


def on_paper(digit, factor=7, offset=(60, 15)):
    """Draw a digit large, dark on light grey, away from the middle of a sheet."""
    large = np.kron(digit, np.ones((factor, factor)))
    sheet = np.full((large.shape[0] + 90, large.shape[1] + 70), 235.0)
    rows, columns = (slice(start, start + length) for start, length in zip(offset, large.shape, strict=True))
    sheet[rows, columns] -= large * (200 / 255)
    return sheet.astype(np.uint8)


def test_every_digit_of_the_networks_size_is_taken_as_it_is(tmp_path):
    """Light on dark and 8x8 already: the pixels come back bit by bit."""
    X = load_data("digits").X_test[:100]
    for row in X:
        pixels = as_bytes(row, 8)
        read = read_image(save(tmp_path / "a.png", pixels), (8, 8))
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, pixels.reshape(-1) / np.float32(255))


def test_a_digit_drawn_on_paper_looks_like_the_original(tmp_path):
    """Dark on light, enlarged and off the middle, an 8x8 digit comes back close to itself."""
    likeness = []
    for row in load_data("digits").X_test[:50]:
        read = read_image(save(tmp_path / "a.png", on_paper(as_bytes(row, 8))), (8, 8))
        likeness.append(np.corrcoef(read, row)[0, 1])
    assert np.median(likeness) > 0.9


def test_real_mnist_pictures(tmp_path, mnist_root):
    """MNIST's own pictures pass unchanged, either way round; drawn on paper closely, and moved by a pixel at most."""
    for row in read_idx_folder(mnist_root / "mnist").X_test[:30]:
        pixels = as_bytes(row, 28)
        read = read_image(save(tmp_path / "a.png", pixels), (28, 28))
        np.testing.assert_array_equal(read, row)
        inverted = read_image(save(tmp_path / "b.png", 255 - pixels), (28, 28))
        np.testing.assert_allclose(inverted, row, atol=1e-6)
        drawn = read_image(save(tmp_path / "c.png", on_paper(pixels)), (28, 28)).reshape(28, 28)
        moved = [np.roll(drawn, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        assert max(np.corrcoef(image.reshape(-1), row)[0, 1] for image in moved) > 0.97


def bar(height=60, width=40):
    """Draw an upright bar with a foot, dark on light, in the upper left."""
    pixels = np.full((height, width), 255)
    pixels[5:35, 8:12] = pixels[29:35, 12:17] = 0
    return pixels


def test_the_ink_fills_the_box_and_its_mass_is_in_the_middle(tmp_path):
    """A bar becomes 20 rows high in 28, its proportions kept, its mass at number 14, as in MNIST."""
    image = read_image(save(tmp_path / "a.png", bar()), (28, 28)).reshape(28, 28)
    assert (image.max(), image.min()) == (1, 0)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert (rows[0], rows[-1], len(columns)) == (3, 22, 6)
    for axis in (0, 1):
        assert abs((image.sum(axis=axis) @ np.arange(28)) / image.sum() - 14) < 0.51


@pytest.mark.parametrize("kind", ["RGB", "P", "CMYK-jpeg", "1", "LA", "RGBA", "I;16", "light-on-dark", "jpeg"])
def test_the_kind_of_picture_does_not_matter(tmp_path, kind):
    """Colours, palettes, transparency, 16 bits, JPEG and either polarity show the same bar."""
    expected = read_image(save(tmp_path / "grey.png", bar()), (28, 28))
    picture, path = Image.fromarray(bar().astype(np.uint8)), tmp_path / "a.png"
    if kind == "light-on-dark":
        picture = Image.fromarray((255 - bar()).astype(np.uint8))
    elif kind == "I;16":
        picture = Image.fromarray((bar() * 257).astype(np.uint16))
    elif kind in ("LA", "RGBA"):
        picture = Image.new("L", picture.size, 0)
        picture.putalpha(Image.fromarray((255 - bar()).astype(np.uint8)))
        picture = picture.convert(kind)
    elif kind.endswith("jpeg"):
        path = tmp_path / "a.jpg"
        picture = picture.convert("CMYK" if kind.startswith("CMYK") else "L")
    else:
        picture = picture.convert(kind)
    picture.save(path)
    np.testing.assert_allclose(read_image(path, (28, 28)), expected, atol=0.15 if kind.endswith("jpeg") else 0.01)


def test_a_camera_held_sideways_is_turned_back(tmp_path):
    """The EXIF orientation is obeyed."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned by 90 degrees clockwise
    save(tmp_path / "a.png", np.rot90(bar()), exif=exif)
    expected = read_image(save(tmp_path / "b.png", bar()), (28, 28))
    np.testing.assert_allclose(read_image(tmp_path / "a.png", (28, 28)), expected, atol=1e-6)


def test_colours_of_one_brightness_are_no_blank_picture(refused, tmp_path):
    """Of a figure that differs from its ground in colour only, the error says that colours do not count."""
    picture = Image.new("RGB", (200, 200), (120, 160, 90))
    picture.paste((200, 120, 60), (80, 40, 110, 160))
    picture.save(tmp_path / "figure.png")
    with refused(DataError, "equally bright everywhere", "colours do not count"):
        read_image(tmp_path / "figure.png", (28, 28))


@pytest.mark.parametrize("pixels", [np.zeros((28, 28)), np.full((90, 50), 255), np.full((5, 5), 200) + np.eye(5)])
def test_a_blank_picture_is_refused(refused, tmp_path, pixels):
    """Nothing drawn is nothing read, whatever the colour of the paper."""
    with refused(DataError, "is blank"):
        read_image(save(tmp_path / "a.png", pixels), (28, 28))


def test_paper_with_grain_does_not_widen_the_digit(tmp_path):
    """Noise of a few grey levels leaves no trace."""
    noise = np.random.default_rng(0).integers(-8, 9, (60, 40))
    clean = read_image(save(tmp_path / "a.png", np.clip(bar(), 30, 225)), (28, 28))
    grainy = read_image(save(tmp_path / "b.png", np.clip(bar(), 30, 225) + noise), (28, 28))
    np.testing.assert_allclose(grainy, clean, atol=0.1)


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (2, 2), (1, 2)])
def test_pictures_of_extreme_shapes(tmp_path, shape):
    """A line, and a picture of very few pixels, give an image of the network's size."""
    pixels = np.full(shape, 255)
    pixels.flat[0] = 0
    assert read_image(save(tmp_path / "a.png", pixels), (28, 28)).shape == (784,)


def test_a_decompression_bomb_is_refused_unread(refused, little_memory, tmp_path):
    """A small file that claims 12,000 x 12,000 pixels or more is refused from its header."""
    content = bytearray(save(tmp_path / "a.png", bar()).read_bytes())
    for side in (12_000, 20_000, 2**31 - 1):
        content[16:24] = side.to_bytes(4, "big") * 2
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
        (tmp_path / "a.png").write_bytes(content)
        with little_memory(), refused(FormatError, "more than 120,000,000 pixels"):
            read_image(tmp_path / "a.png", (28, 28))


def test_a_photo_of_48_megapixels_is_read(little_memory, tmp_path):
    """A large JPEG file is scaled while it is decoded, and shows the same bar as a small one."""
    picture = Image.fromarray(bar().astype(np.uint8))
    picture.resize((5400, 8100), Image.Resampling.NEAREST).save(tmp_path / "large.jpg")
    picture.resize((200, 300), Image.Resampling.NEAREST).save(tmp_path / "small.png")
    expected = read_image(tmp_path / "small.png", (28, 28))
    with little_memory():
        read = read_image(tmp_path / "large.jpg", (28, 28))
    assert np.corrcoef(read, expected)[0, 1] > 0.97


@pytest.mark.parametrize("kind", ["bmp", "gif", "tiff", "webp", "ppm", "avif"])
def test_every_usual_format_is_read(tmp_path, kind):
    """BMP, GIF, TIFF, WebP, PPM and AVIF files show the same bar as PNG."""
    expected = read_image(save(tmp_path / "a.png", bar()), (28, 28))
    read = read_image(save(tmp_path / f"a.{kind}", bar()), (28, 28))
    assert np.corrcoef(read, expected)[0, 1] > 0.97


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_the_ink_of_a_transparent_picture_is_what_is_not_transparent(tmp_path, colour):
    """Black, grey and white strokes on transparency, as a canvas exports them, show the same bar."""
    picture = Image.new("L", (40, 60), colour)
    picture.putalpha(Image.fromarray((255 - bar()).astype(np.uint8)))
    picture.convert("RGBA").save(tmp_path / "a.png")
    expected = read_image(save(tmp_path / "b.png", bar()), (28, 28))
    np.testing.assert_allclose(read_image(tmp_path / "a.png", (28, 28)), expected, atol=0.01)


@pytest.mark.parametrize("factor", [1, 16, 257])
def test_16_bits_may_hold_fewer(tmp_path, factor):
    """Values of 8, 12 and 16 bits in a file of 16 bits show the same bar."""
    Image.fromarray((bar() * factor).astype(np.uint16)).save(tmp_path / "a.png")
    expected = read_image(save(tmp_path / "b.png", bar()), (28, 28))
    np.testing.assert_allclose(read_image(tmp_path / "a.png", (28, 28)), expected, atol=0.01)


OTHERS = {
    b"%PDF-1.7\n": "a PDF document",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic": "a HEIC picture",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>": "an SVG drawing",
    b"<?xml version='1.0'?><svg/>": "SVG",
    b"\n<!DOCTYPE html><title>404</title>": "an HTML page",
    b"": "is empty",
    b"no picture": "cannot be decoded",
}


@pytest.mark.parametrize("content", OTHERS, ids=OTHERS.values())
def test_what_is_no_picture_is_named(refused, tmp_path, content):
    """A document, a page, a drawing of lines, nothing and text are refused, each as what it is."""
    (tmp_path / "b.png").write_bytes(content)
    with refused(FormatError, OTHERS[content], "PNG or JPEG"):
        read_image(tmp_path / "b.png", (28, 28))


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp", "tiff", "webp"])
def test_a_cut_picture_is_refused(refused, tmp_path, ending):
    """A picture of which the second half is missing is refused."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 90))
    content = save(tmp_path / f"a.{ending}", noise).read_bytes()
    (tmp_path / f"b.{ending}").write_bytes(content[: len(content) // 2])
    with refused(FormatError, f"b.{ending} ", "PNG or JPEG"):
        read_image(tmp_path / f"b.{ending}", (28, 28))


def test_a_file_of_several_pages_is_refused(refused, tmp_path):
    """It may hold another digit on each; one page beside its preview is a picture."""
    page, preview = Image.fromarray(bar().astype(np.uint8)), Image.fromarray(bar()[::2, ::2].astype(np.uint8))
    page.save(tmp_path / "pages.tif", save_all=True, append_images=[page])
    with refused(FormatError, "pages.tif has 2 pages"):
        read_image(tmp_path / "pages.tif", (28, 28))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    page.save(tmp_path / "one.tif", save_all=True, append_images=[preview])
    with Image.open(tmp_path / "one.tif") as picture:
        assert picture.n_frames == 2
    expected = read_image(save(tmp_path / "a.png", bar()), (28, 28))
    np.testing.assert_array_equal(read_image(tmp_path / "one.tif", (28, 28)), expected)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_refused(refused, tmp_path, kind):
    """Nobody knows which of its pictures is meant; a file of one picture is none."""
    frames = [Image.fromarray(np.eye(30, k=k, dtype=np.uint8) * 255) for k in (0, 5)]
    frames[0].save(tmp_path / "a", kind, save_all=True, append_images=frames[1:])
    with refused(FormatError, "a is an animation", "Save the frame that you mean as PNG"):
        read_image(tmp_path / "a", (28, 28))
    frames[0].save(tmp_path / "b", kind)
    assert read_image(tmp_path / "b", (28, 28)).any()


def test_a_path_without_a_file_is_refused(refused, tmp_path):
    """A folder and a missing file are refused."""
    with refused(DataError, "is a folder"):
        read_image(tmp_path, (28, 28))
    with refused(DataError, "there is no file"):
        read_image(tmp_path / "none.png", (28, 28))


def test_pictures_that_are_no_digits_stay_as_they_are(tmp_path):
    """For classes that are no digits, a picture of the network's size, light on dark, is used as it is."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[1:27, 2:9] = pixels[1:27, 18:26] = 200
    read = read_image(save(tmp_path / "trousers.png", pixels), (28, 28), digits=False)
    np.testing.assert_array_equal(read, pixels.reshape(-1) / np.float32(255))
