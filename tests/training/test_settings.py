"""Settings are checked once, when they are made."""

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest

from handgrad.errors import SettingError
from handgrad.training import OPTIMIZERS, SCHEDULES, Adam, Momentum, TrainingSettings

NAN, INF = float("nan"), float("inf")

BAD: dict[str, tuple[Any, ...]] = {
    "optimizer": ("", "sdg", "SGD", None),
    "schedule": ("", "linear", None, ["step"]),
    "engine": ("", "cuda", None),
    "learning_rate": (0, 0.0, -0.1, NAN, INF, -INF, 10**400, "0.1", 1j, True),
    "clip": (0, -1.0, NAN, INF, "1"),
    "l1": (-1e-9, NAN, INF, "0", None),
    "l2": (-1e-9, NAN, INF, "0", None),
    "max_norm": (0, -1.0, NAN, INF, "1"),
    "label_smoothing": (-0.1, 1, 1.5, NAN, "0"),
    "dropout": (-0.1, 1, 1.5, NAN, "0", None),
    "input_dropout": (-0.1, 1, 1.5, NAN, "0"),
    "epochs": (0, -1, 1.0, 2.5, True, "3", None),
    "batch_size": (0, -64, 64.0, True, "64", None),
    "full_batch": ("no", 1, None),
    "drop_last": ("no", 1, None),
    "shuffle": ("no", 0, None),
    "log_layers": ("no", 1, None),
    "evaluate_every": (0, -1, 1.0, False),
    "log_every": (0, -1, 0.5, True),
    "threads": (0, -2, 1.5, True),
    "seed": (-1, 0.0, True, "0", None),
}
GOOD: dict[str, tuple[Any, ...]] = {
    "optimizer": (*OPTIMIZERS, Momentum(beta=0.95), Adam(epsilon=1e-4)),
    "schedule": tuple(SCHEDULES),
    "engine": ("auto", "numpy"),
    "learning_rate": (1e-300, 1, 0.1, 1e300, np.float64(0.1), np.float32(0.1)),
    "clip": (None, 1e-9, 5),
    "l1": (0, 0.0, 1e-4, 3),
    "l2": (0, 0.0, 1e-4, 3),
    "max_norm": (None, 1e-9, 5),
    "label_smoothing": (0, 0.1, 0.999),
    "dropout": (0, 0.5, 0.999),
    "input_dropout": (0, 0.5, 0.999),
    "epochs": (1, 10**6),
    "batch_size": (1, 10**9, np.int64(64)),
    "full_batch": (False, True),
    "drop_last": (False, True),
    "shuffle": (False, True),
    "log_layers": (False, True),
    "evaluate_every": (1, 10**6),
    "log_every": (None, 1, 10**6),
    "threads": (None, 1, 64),
    "seed": (0, 2**63, np.uint32(7)),
}


def cases(table: dict[str, tuple[Any, ...]]) -> list[Any]:
    """List each name with each of its values."""
    return [pytest.param(name, value, id=f"{name}={value!r}") for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), cases(BAD))
def test_a_value_out_of_range_is_refused(name: str, value: Any, refused: Any) -> None:
    """A wrong value is refused at once, with the name, the value, the range and what to do."""
    with refused(SettingError, f"{name} is {value!r}", name):
        TrainingSettings(**{name: value})


@pytest.mark.parametrize(("name", "value"), cases(GOOD))
def test_a_value_in_range_is_kept(name: str, value: Any) -> None:
    """A valid value is accepted, including the ends of the range, and kept unchanged."""
    assert getattr(TrainingSettings(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [("learning_rate", np.float32(0.5), float), ("l2", np.float64(0.5), float), ("seed", np.uint32(7), int)],
)
def test_a_numpy_number_becomes_pythons(name: str, value: Any, kind: type) -> None:
    """A NumPy number becomes a Python number, so that it cannot widen the float32 vectors that it multiplies."""
    assert type(getattr(TrainingSettings(**{name: value}), name)) is kind


@pytest.mark.parametrize("name", ["optimizer", "schedule", "engine"])
def test_a_wrong_name_is_answered_with_the_right_ones(name: str, refused: Any) -> None:
    """An unknown name is refused with a list of the known ones."""
    known = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "engine": ("auto", "numpy")}[name]
    with refused(SettingError, *known):
        TrainingSettings(**{name: "unknown"})


def test_every_setting_is_tried_above() -> None:
    """Every field of the settings is in the tables of valid and invalid values."""
    assert set(GOOD) == set(BAD) == {field.name for field in fields(TrainingSettings)}


def test_settings_do_not_change() -> None:
    """Settings are frozen; a changed copy is checked again."""
    settings = TrainingSettings()
    with pytest.raises(FrozenInstanceError):
        settings.epochs = 3  # type: ignore[misc]
    with pytest.raises(SettingError):
        replace(settings, epochs=0)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_a_named_optimizer_is_the_tables(name: str) -> None:
    """A name stands for the optimizer in the table, and an optimizer for itself."""
    assert TrainingSettings(optimizer=name).recurrence is OPTIMIZERS[name]
    assert TrainingSettings(optimizer=OPTIMIZERS[name]).recurrence is OPTIMIZERS[name]
