"""What files are that are not read as data, by their first bytes, and how each of them can be converted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from handgrad.errors import FormatError


class Kind(NamedTuple):
    """A kind of file.

    Attributes
    ----------
    start : bytes
        How such a file begins.
    contains : bytes
        What occurs near its beginning or end.
    name : str
    remedy : str
        May name the file as ``{path}``.
    """

    start: bytes
    contains: bytes
    name: str
    remedy: str


_SAVEZ = "write its arrays with np.savez('data.npz', x_train=..., y_train=..., x_test=..., y_test=...)"
KINDS = (
    Kind(b"<", b"", "a web page or XML", "download the data set itself"),
    *(
        Kind(start, b"", "a picture", "save it in a file, and classify it with `handgrad predict RUN PICTURE`")
        for start in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
    ),
    Kind(b"\0\0\1\0", b"", "an icon", "save the picture as PNG"),
    Kind(b"%PDF", b"", "a PDF", "use the data set itself"),
    Kind(
        b"PK\x03\x04", b"[Content_Types].xml", "an Excel workbook or another Office document", "save its table as CSV"
    ),
    Kind(b"PK\x03\x04", b"data.pkl", "a PyTorch file", f"load it with torch.load, and {_SAVEZ}"),
    Kind(
        b"PK\x03\x04",
        b"",
        "a zip archive of several files, or one that is damaged or encrypted",
        "unpack it, and name the folder",
    ),
    Kind(b"\xd0\xcf\x11\xe0", b"", "an old Excel workbook", "save its table as CSV"),
    Kind(b"version https://git-lfs", b"", "a Git LFS pointer instead of the file", "run `git lfs pull`"),
    Kind(b"\x89HDF", b"", "HDF5", f"read it with h5py, and {_SAVEZ}"),
    Kind(
        b"ARROW1", b"", "Feather or Arrow", "convert it with pandas.read_feather('{path}').to_parquet('table.parquet')"
    ),
    Kind(b"FEA1", b"", "Feather", "convert it with pandas.read_feather('{path}').to_parquet('table.parquet')"),
    *(
        Kind(start, b"", "a pickle of protocol 0", "write it again with pickle.dump(data, file, protocol=4)")
        for start in (b"(dp", b"(lp", b"(cnumpy", b"cnumpy")
    ),
    Kind(
        b"{",
        b"}\n{",
        "JSON, one object per line",
        "convert it with pandas.read_json('{path}', lines=True).to_csv('table.csv', index=False)",
    ),
    Kind(b"{", b"", "JSON", "convert it with pandas.read_json('{path}').to_csv('table.csv', index=False)"),
    Kind(b"[", b"", "JSON", "convert it with pandas.read_json('{path}').to_csv('table.csv', index=False)"),
    Kind(b"7z\xbc\xaf", b"", "a 7z archive", "unpack it, and name what is in it"),
    Kind(b"Rar!", b"", "a RAR archive", "unpack it, and name what is in it"),
    Kind(b"\x28\xb5\x2f\xfd", b"", "compressed with Zstandard", "unpack it, and name what is in it"),
    Kind(b"\x93NUMPY", b"", "a NumPy array", _SAVEZ),
)
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x19]")  # characters of no text; a NUL alone may have got into one


def refuse_others(path: Path, content: bytes) -> None:
    """Refuse content that is neither text nor known, with its name and the way to convert it.

    Parameters
    ----------
    path : Path
        For the message.
    content : bytes
        That of the file, unpacked.

    Raises
    ------
    FormatError
        If the content is of one of the kinds above, or begins with bytes that no text contains.
    """
    start, line_end = content[:64].lstrip(b"\xef\xbb\xbf \r\n\t"), content.find(b"\n", 4096)
    ends = b"".join((content[:4096], content[max(line_end - 2, 0) : line_end + 2], content[-4096:]))
    ends = ends.replace(b"\r\n", b"\n")
    for kind in KINDS:
        if start.startswith(kind.start) and kind.contains in ends:
            raise FormatError(f"{path} is {kind.name}", "a table, arrays or images", kind.remedy.format(path=path))
    if b"\0" in content[:4096] and _CONTROL.search(content, 0, 4096) and start[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise FormatError(
            f"{path} is a binary file of an unknown kind, which begins with {content[:8]!r}",
            "a table, arrays or images",
            f"load it with the program that wrote it, and {_SAVEZ}",
        )
