"""Bombs: small files that unpack to very many bytes, files or pixels. They are refused before they fill the memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from handgrad.cli import main
from handgrad.data import load_data, read_image
from handgrad.data.arrays.idx import read_idx
from handgrad.errors import DataError, FormatError

MEBIBYTE = b"0,0\n" * 2**18
MANY = 80  # of them, above the 64 MiB that any file may unpack to


def zipped(*members: tuple[str, int]) -> bytes:
    """Return a zip archive of files with the given sizes in MiB."""
    with zipfile.ZipFile(target := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in members:
            with archive.open(name, "w") as file:
                for _ in range(size):
                    file.write(MEBIBYTE)
    return target.getvalue()


def tarred(member: tarfile.TarInfo, content: bytes = b"") -> bytes:
    """Return the beginning of a tar archive, with one member."""
    return member.tobuf(tarfile.GNU_FORMAT) + content


def large_member() -> tarfile.TarInfo:
    """Return the header of a table."""
    member = tarfile.TarInfo("train.csv")
    member.size = MANY * 2**20
    return member


def sparse_tar() -> bytes:
    """Return a tar archive of 2 KiB with a sparse file of 2 TiB, of which it holds nothing."""
    header = bytearray(tarred(tarfile.TarInfo("train.csv")))
    header[156:157] = b"S"  # a sparse file of GNU tar, without any piece
    header[483:495] = b"\x80" + (2**41).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def long_header() -> bytes:
    """Return a tar archive whose first member has a name of many MiB."""
    member = tarfile.TarInfo("a")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, MANY * 2**20
    return gzip.compress(tarred(member)) + gzip.compress(MEBIBYTE) * MANY


BOMBS: dict[str, Callable[[], bytes]] = {
    "a.csv.gz": lambda: gzip.compress(MEBIBYTE) * MANY,
    "a.csv.bz2": lambda: bz2.compress(MEBIBYTE) * MANY,
    "a.csv.xz": lambda: lzma.compress(MEBIBYTE) * MANY,
    "a.csv.zip": lambda: zipped(("a.csv", MANY)),
    "set.zip": lambda: zipped(("train.csv", MANY), ("test.csv", 1)),
    "set.npz": lambda: zipped(("x_train.npy", MANY), ("y_train.npy", 1)),
    "set.pkl.gz": lambda: gzip.compress(b"\x80\4\x8e" + struct.pack("<Q", 2**28)) + gzip.compress(MEBIBYTE) * MANY,
    "set.tar.gz": lambda: gzip.compress(tarred(large_member())) + gzip.compress(MEBIBYTE) * MANY,
    "set.tar.bz2": lambda: bz2.compress(tarred(large_member())) + bz2.compress(MEBIBYTE) * MANY,
    "sparse.tar": sparse_tar,
    "header.tar.gz": long_header,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_far_more_is_refused(name: str, tmp_path: Path) -> None:
    """No more is unpacked than any file may unpack to; the message says which limit it is, and how to change it."""
    (tmp_path / name).write_bytes(BOMBS[name]())
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            load_data(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 300 * 2**20
    finally:
        tracemalloc.stop()
    assert any(word in str(caught.value) for word in ("HANDGRAD_MAX_RATIO", "HANDGRAD_MAX_BYTES")), caught.value


def test_images_that_unpack_to_far_more_are_refused(tmp_path: Path) -> None:
    """Also if their header promises as many."""
    header = b"\0\0\x08\2" + struct.pack(">2I", 2**20, MANY)
    (tmp_path / "images.gz").write_bytes(gzip.compress(header) + gzip.compress(MEBIBYTE) * MANY)
    with pytest.raises(FormatError, match="at most 200 times as many"):
        read_idx(tmp_path / "images.gz")


def tables(ending: str, count: int) -> bytes:
    """Return an archive with a table for training, and empty files."""
    names = ["train.csv", *(f"{number}.md" for number in range(count - 1))]
    table = b"a,label\n" + b"1,x\n2,y\n" * 10
    target = io.BytesIO()
    if ending == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for name in names:
                archive.writestr(name, table if name == "train.csv" else b"")
    else:
        with tarfile.open(fileobj=target, mode="w") as archive:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(table) if name == "train.csv" else 0
                archive.addfile(member, io.BytesIO(table))
    return target.getvalue()


@pytest.mark.parametrize("ending", ["zip", "tar"])
def test_an_archive_of_too_many_files_is_refused(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user sets how many there may be."""
    path = tmp_path / f"set.{ending}"
    path.write_bytes(tables(ending, 20))
    assert len(load_data(path).X_train) == 16
    monkeypatch.setenv("HANDGRAD_MAX_FILES", "19")
    with pytest.raises(FormatError, match=r"set\.(zip|tar) holds more than 19 files; .* or set HANDGRAD_MAX_FILES"):
        load_data(path)


def test_the_user_sets_how_many_bytes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts what is unpacked, and may be higher or lower than the usual one."""
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,label\n" + b"1,x\n2,y\n" * 500))
    assert len(load_data(tmp_path / "a.csv.gz").X_train) == 800
    monkeypatch.setenv("HANDGRAD_MAX_BYTES", "1000")
    with pytest.raises(FormatError, match="at most 1000 bytes"):
        load_data(tmp_path / "a.csv.gz")
    monkeypatch.setenv("HANDGRAD_MAX_BYTES", "10000")
    assert len(load_data(tmp_path / "a.csv.gz").X_train) == 800


def test_the_user_sets_how_far_a_file_may_unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb that is trusted is read, and is no data set for another reason."""
    (tmp_path / "a.csv.gz").write_bytes(BOMBS["a.csv.gz"]())
    monkeypatch.setenv("HANDGRAD_MAX_RATIO", "2000")
    monkeypatch.setenv("HANDGRAD_MAX_BYTES", str(2**26 + 2**20))
    with pytest.raises(FormatError, match="at most 68157440 bytes"):
        load_data(tmp_path / "a.csv.gz")


def test_the_user_sets_how_many_pixels_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of 20,000 x 20,000 white pixels takes 400 MB to decode, and 50 kB to send."""
    monkeypatch.setenv("HANDGRAD_MAX_PIXELS", "99")
    content = b"\x89PNG\r\n\x1a\n"
    pixels = zlib.compress((b"\0" + bytes(10)) * 10)
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", 10, 10, 8, 0, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b"")):
        content += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(FormatError, match=r"more than 99 pixels; .* or set HANDGRAD_MAX_PIXELS"):
        read_image(tmp_path / "a.png", (28, 28))


@pytest.mark.parametrize("text", ["lots", "0", "-1", "1e9", "²", "9" * 30])
def test_a_limit_that_is_no_number_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the name of its variable, for every kind of file."""
    monkeypatch.setenv("HANDGRAD_MAX_BYTES", text)
    one = zipped(("x_train.npy", 1), ("y_train.npy", 1))
    contents = {"a.csv.gz": gzip.compress(b"a,label\n1,x\n"), "set.npz": one, "set.zip": tables("zip", 2)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert main(["data", "info", str(tmp_path / name)]) == 2
        assert (
            "expected a whole number of at least 1, in at most 19 digits. Correct that variable"
            in capsys.readouterr().err
        )
