"""History files: every record is restored, an incomplete end is dropped, and other damage is reported with its line."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.errors import RunError
from handgrad.reporting import read_history, to_json_line
from handgrad.training import Record

NUMBERS = st.floats(-1e300, 1e300)
RECORDS = st.builds(
    Record,
    st.sampled_from(["evaluation", "batch"]),
    st.integers(0, 10**9),
    st.integers(0, 10**12),
    *[NUMBERS] * 2,
    st.dictionaries(st.text("abcdefgh_0123456789", min_size=1, max_size=12), NUMBERS, max_size=7),
)
GOOD = '{"kind": "batch", "epoch": 0, "step": 3, "learning_rate": 0.1, "train_seconds": 2}'


@given(st.lists(RECORDS, max_size=5))
def test_round_trip(tmp_path_factory, records):
    """Every record is restored, to the last bit of its numbers."""
    path = tmp_path_factory.getbasetemp() / "history.jsonl"
    path.write_text("".join(to_json_line(record) + "\n" for record in records))
    assert read_history(path) == records


@given(st.lists(RECORDS, min_size=1, max_size=3), st.data())
def test_cut_anywhere(tmp_path_factory, records, data):
    """A history cut off at any byte gives the records whose lines are complete."""
    path = tmp_path_factory.getbasetemp() / "cut.jsonl"
    content = "".join(to_json_line(record) + "\n" for record in records).encode()
    size = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:size])
    whole = content[: size + 1].count(b"\n")  # the last line is whole even if only its end is cut off
    assert read_history(path) == records[:whole]


def test_leaves_out():
    """Figures that are not finite are not written; NumPy numbers are written as plain numbers."""
    figures = {"train_loss": np.float32(0.1), "test_loss": float("nan"), "test_accuracy": float("inf")}
    record = Record("evaluation", 1, 2, 0.5, 1.0, figures)
    assert json.loads(to_json_line(record)) == {
        "kind": "evaluation",
        "epoch": 1,
        "step": 2,
        "learning_rate": 0.5,
        "train_seconds": 1.0,
        "train_loss": float(np.float32(0.1)),
    }


def test_required_must_be_finite(refused):
    """A record that could not be read again is refused."""
    with refused(RunError, "learning_rate is nan"):
        to_json_line(Record("batch", 0, 0, float("nan"), 0.0))


@pytest.mark.parametrize(
    ("line", "piece"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("3", "not a JSON object"),
        ("{}", "no kind"),
        (GOOD.replace('"step": 3', '"step": 3.0'), "step is 3.0"),
        (GOOD.replace('"step": 3', '"step": true'), "step is True"),
        (GOOD.replace('"step": 3', '"step": -3'), "step is -3"),
        (GOOD.replace('"step": 3', f'"step": {10**30}'), "step is 1000"),
        (GOOD.replace("0.1", "NaN"), "learning_rate is nan"),
        (GOOD.replace("0.1", "1e999"), "learning_rate is inf"),
        (GOOD.replace("0.1", "1" * 400), "learning_rate is 111"),
        (GOOD.replace("0.1", "null"), "learning_rate is None"),
        (GOOD.replace("batch", "other"), "kind is other"),
        (GOOD.replace('"batch"', "[]"), "kind is []"),
        (GOOD.replace("}", ', "more": true}'), "more is True"),
        (GOOD.replace("}", ', "more": "1"}'), "more is 1"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", "not JSON"),
    ],
)
def test_garbage_is_named_by_its_line(tmp_path, refused, line, piece):
    """A line that is not a record is an error with the line's number, unless it is an incomplete last line."""
    path = tmp_path / "history.jsonl"
    path.write_text(f"{GOOD}\n{line}\n{GOOD}\n", encoding="latin-1")
    with refused(RunError, "line 2", piece):
        read_history(path)
    path.write_text(f"{GOOD}\n{line}", encoding="latin-1")
    assert len(read_history(path)) == 1


def test_a_line_without_end_is_refused(tmp_path, refused, monkeypatch):
    """It is not read whole; and a file as a whole has a limit, which the environment changes."""
    path = tmp_path / "history.jsonl"
    path.write_text(f"{GOOD}\n{' ' * 2**21}")
    with refused(RunError, "line 2"):
        read_history(path)
    monkeypatch.setenv("HANDGRAD_MAX_BYTES", "1000")
    with refused(RunError, "HANDGRAD_MAX_BYTES"):
        read_history(path)


def test_no_such_file(tmp_path, refused):
    """The error for a missing file names it."""
    with refused(RunError, "nothing"):
        read_history(tmp_path / "nothing")
