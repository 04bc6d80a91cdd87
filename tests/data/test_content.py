"""What comes from the standard input is unpacked as a file is."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from handgrad.data import load_data
from handgrad.errors import FormatError

TABLE = "width,kind\n" + "".join(f"{i * 7 % 11},{'xy'[i % 2]}\n" for i in range(30))


def zipped(content: bytes) -> bytes:
    """Write a zip archive of one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("t.csv", content)
    return file.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zip": zipped,
}


def piped(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put content into the standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("name", PACKED)
def test_the_standard_input_may_be_compressed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the table that the file is."""
    content = PACKED[name](TABLE.encode())
    (tmp_path / "t").write_bytes(content)
    piped(content, monkeypatch)
    found, expected = load_data("-"), load_data(tmp_path / "t")
    assert found.class_names == ("x", "y")
    np.testing.assert_array_equal(found.X_train, expected.X_train)


@pytest.mark.parametrize("name", PACKED)
def test_a_damaged_standard_input_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compressed content that breaks off is called damaged."""
    piped(PACKED[name](TABLE.encode())[:-40], monkeypatch)
    with pytest.raises(FormatError, match=r"damaged|cannot be read"):
        load_data("-")
