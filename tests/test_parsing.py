"""Texts that are not trusted: a value or a ValueError, whatever they contain, and soon."""

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from handgrad.cli import main
from handgrad.parsing import parse_json, parse_toml

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, VALUES))
def test_what_was_written_is_read(content: dict[str, object]) -> None:
    """Nothing valid is refused."""
    assert parse_json(json.dumps(content)) == content
    assert parse_toml(tomli_w.dumps(content)) == content


@given(st.text() | st.text("[]{}.=,'\"a1 \n#"))
def test_anything_else_is_a_value_error(text: str) -> None:
    """And no other one."""
    for parse in (parse_json, parse_toml):
        with suppress(ValueError):
            parse(text)


HOSTILE = {
    "brackets": "a = " + "[" * 5_000 + "]" * 5_000,
    "braces": "a = " + "{a = " * 5_000 + "1" + "}" * 5_000,
    "digits": "lr = " + "9" * 5_000,
    "dotted key": ".".join("a" * 50_000) + " = 1",
    "quoted keys": ".".join(['"a b"'] * 20_000) + " = 1",
    "spaced keys": " . ".join("a" * 20_000) + " = 1",
    "table": "[" + ".".join("a" * 50_000) + "]",
    "inline table": "b = {" + ".".join("a" * 50_000) + " = 1}",
    "long word": "a" * 1_000_000,
    "long string": 'a = "' + "x." * 500_000,
    "NUL": 'run = "a\\u0000b"',
    "NUL in a list": 'drop = ["a", "b\\u0000"]',
    "NUL in a name": '"a\\u0000" = 1',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_settings_are_refused_soon(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of them took minutes, gigabytes or ended in a traceback; the limit here is generous."""
    path = tmp_path / "settings.toml"
    path.write_text(HOSTILE[name])
    began = time.process_time()
    assert main(["train", "--config", str(path)]) == 2
    assert time.process_time() - began < 5
    error = capsys.readouterr().err
    assert "settings.toml is not valid TOML" in error
    assert len(error) < 500


def test_a_huge_file_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its size is looked at first."""
    path = tmp_path / "settings.toml"
    with path.open("wb") as file:
        file.truncate(2**40)
    assert main(["train", "--config", str(path)]) == 2
    assert "1099511627776 bytes" in capsys.readouterr().err
