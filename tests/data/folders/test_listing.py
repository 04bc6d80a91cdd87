"""The files below a folder that count as data, and what is said of the others."""

import os
from pathlib import Path

import pytest

from handgrad.data.folders.listing import list_files
from handgrad.errors import DataError


def test_links_to_folders_are_noted(tmp_path: Path) -> None:
    """A symbolic link to a folder is not followed, and its name is said; one to a file is a file."""
    inner = tmp_path / "data"
    (inner / "zero").mkdir(parents=True)
    (inner / "zero" / "a.png").touch()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "b.png").touch()
    (inner / "one").symlink_to(tmp_path / "one")
    (inner / "zero" / "c.png").symlink_to(tmp_path / "one" / "b.png")
    listing = list_files(inner)
    assert [path.name for path in listing.paths] == ["a.png", "c.png"]
    assert listing.notes == ("left out, because it is a symbolic link: one",)


def test_hidden_files_and_pipes_are_no_data(tmp_path: Path) -> None:
    """They are left out, and nothing waits for a pipe."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / ".hidden").touch()
    (tmp_path / "a.csv").touch()
    assert [path.name for path in list_files(tmp_path).paths] == ["a.csv"]


def test_a_run_itself_is_no_data(tmp_path: Path) -> None:
    """The folder of a run is refused, and one within the data is noted."""
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    for name in ("config.toml", "history.jsonl", "weights.png"):
        (run / name).touch()
    assert list_files(tmp_path) == ([], [run], [])
    with pytest.raises(DataError, match="is a run of handgrad"):
        list_files(run)


def test_a_folder_of_any_other_name_is_listed(tmp_path: Path) -> None:
    """Only those that Macs and Python write are hidden, and not all that begin with underscores."""
    for name in ("__MACOSX", "__pycache__", "__x"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    assert list_files(tmp_path).paths == [tmp_path / "__x" / "a.png"]
