"""Error messages: short, whatever is quoted in them."""

from pathlib import Path

import pytest

from handgrad.data import load_data
from handgrad.errors import DataError, HandgradError


def test_a_long_text_loses_its_middle() -> None:
    """What is found in a file may be of any length; the beginning and the end are shown."""
    error = HandgradError("found " + "x" * 10**6 + " here", "w" * 1000, "do")
    assert error.found.startswith("found xxx")
    assert error.found.endswith("xxx here")
    assert len(error.found) < 1000
    assert error.wanted == "w" * 1000


@pytest.mark.parametrize("text", ["a{},label\n1\n2,x,3\n", "1 1:2\n" * 9 + "{}", "@relation a\n@attribute {} x\n"])
def test_a_file_with_a_long_word_is_refused_briefly(text: str, tmp_path: Path) -> None:
    """In a name, a field or a type."""
    (tmp_path / "a.csv").write_text(text.format("word" * 5000))
    with pytest.raises(DataError) as caught:
        load_data(tmp_path / "a.csv")
    assert len(str(caught.value)) < 2000
