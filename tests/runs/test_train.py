"""What a training says of itself at its end."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from handgrad.data import load_data
from handgrad.errors import DataError
from handgrad.runs.config import DataFlags, NetworkFlags, RunSettings, TrainConfig, TrainingFlags
from handgrad.runs.evaluate import evaluate_run
from handgrad.runs.train import train_run
from handgrad.training import Record


def passed_on(records: Iterable[Record], *_: Any) -> Iterable[Record]:
    """Show nothing."""
    return records


def trained(folder: Path, rows: int, show: Any = passed_on, **settings: Any) -> list[str]:
    """Train briefly on a table of two classes, and return what was told."""
    content = "a,b,label\n" + "".join(f"{(7 * i) % 10},{i % 6},{'xy'[i % 2]}\n" for i in range(rows))
    (folder / "table.csv").write_text(content)
    data = DataFlags(data=str(folder / "table.csv"))
    training = TrainingFlags(**{"epochs": 1, "engine": "numpy", **settings})
    told: list[str] = []
    config = TrainConfig(data, NetworkFlags((4,)), training, RunSettings(folder / "run"))
    train_run(config, load_data(data.data), show, told.append)
    return told


@pytest.mark.parametrize(("rows", "remark"), [(50, "only 10 examples, each of which is 10.0% of"), (150, "")])
def test_a_small_test_set_is_remarked_on(rows: int, remark: str, tmp_path: Path) -> None:
    """Fewer than thirty test examples say little, and the share that each one has is named; thirty are enough."""
    told = [sentence for sentence in trained(tmp_path, rows) if "test set has" in sentence]
    assert [remark in sentence for sentence in told] == [True] * bool(remark)


def test_rows_that_occur_several_times_are_warned_of(tmp_path: Path) -> None:
    """A table that repeats the same thirty rows is warned of, as it is not tested on new ones; one without is not."""
    told = [sentence for sentence in trained(tmp_path, 150) if "also in the training set" in sentence]
    assert told == ["warning: 30 of the 30 test rows are also in the training set"]
    (tmp_path / "other").mkdir()
    assert not [sentence for sentence in trained(tmp_path / "other", 30) if "also in the training set" in sentence]


def test_data_that_have_gone_are_asked_for(tmp_path: Path, refused: Any) -> None:
    """A run whose file has been moved away names it, and asks for --data."""
    trained(tmp_path, 50)
    (tmp_path / "table.csv").unlink()
    with refused(
        DataError, f"the data of {tmp_path / 'run'} were in {tmp_path / 'table.csv'}", "Name them with --data"
    ):
        evaluate_run(tmp_path / "run", None, pytest.fail)
