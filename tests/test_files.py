"""Writing files: complete or not at all, and never over what is no file."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from handgrad.errors import DataError
from handgrad.files import written, written_folder


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The file that a link leads to is written, and the link stays one."""
    (tmp_path / "link").symlink_to("file")
    with written(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    """The hidden name of the unfinished file is no longer than any name may be."""
    with written(tmp_path / ("n" * 255)) as file:
        file.write(b"whole")
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


SPECIAL: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "link to a pipe": lambda path: (os.mkfifo(path.with_name("pipe")), path.symlink_to("pipe")),
}


@pytest.mark.parametrize("make", SPECIAL.values(), ids=list(SPECIAL))
def test_what_is_no_regular_file_is_not_replaced(make: Callable[[Path], object], tmp_path: Path) -> None:
    """A folder, a pipe or a device stays what it is, and the error says that it is none."""
    path = tmp_path / "out"
    make(path)
    before = [(each.name, each.lstat().st_mode) for each in tmp_path.iterdir()]
    with pytest.raises(DataError, match=r"is a folder|is not a regular file"), written(path):
        pass
    assert [(each.name, each.lstat().st_mode) for each in tmp_path.iterdir()] == before


@pytest.mark.parametrize("name", ["", "/", "none/file", "file/below", "n" * 256])
@pytest.mark.parametrize("write", [written, written_folder])
def test_a_path_that_cannot_be_written_is_an_error_of_ours(
    write: Callable[[Path], AbstractContextManager[object]], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the path, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("kept")
    with pytest.raises(DataError, match=r"cannot be written|is a folder"), write(Path(name)):
        pass
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("file", "kept")]
