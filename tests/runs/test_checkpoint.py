"""Checkpoints: two generations, everything checked, and a model as well."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handgrad.data import Scaling
from handgrad.errors import RunError
from handgrad.model import Model, load_model, save_model
from handgrad.model.safetensors import Attached
from handgrad.network import MLP
from handgrad.runs.best import Best
from handgrad.runs.checkpoint import (
    CHECKPOINT_FILE,
    EARLIER_FILE,
    Checkpoint,
    Origin,
    has_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from handgrad.training import TrainingSettings, TrainingState

NETWORK = MLP((3, 4, 2), "tanh")


BEST = {"loss": 0.5, "epoch": 1, "step": 4, "left": 2}
VECTOR = np.arange(26, dtype=np.float32)


def checkpoint(step: int, optimizer: Any = "adam", dtype: Any = np.float32, best: bool = False) -> Checkpoint:
    """Make a checkpoint whose numbers are random."""
    state = TrainingState.start(NETWORK.initialise(step, dtype=dtype), TrainingSettings(optimizer))
    state.slots[:] = np.random.default_rng(step).normal(size=state.slots.shape)
    state = replace(state, step=step, epoch=2, position=3, seconds=1 / 3)
    model = Model(NETWORK, state.parameters, ("no", "yes"), Scaling(0, 1), None, "toy")
    kept = Best(VECTOR.astype(dtype) / 3, **BEST) if best else None
    return Checkpoint(model, state, 1234, Origin("abc", "numpy", "1.0"), best=kept)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_everything_comes_back(optimizer: Any, dtype: Any, tmp_path: Path) -> None:
    """Parameters and slots have the same bits, and all numbers are those that were written."""
    before = checkpoint(7, optimizer, dtype)
    write_checkpoint(tmp_path, before)
    after = read_checkpoint(tmp_path, pytest.fail)
    assert after is not None
    assert after.state.parameters.vector.tobytes() == before.state.parameters.vector.tobytes()
    assert after.state.parameters.vector.dtype == after.state.slots.dtype == dtype
    assert after.state.slots.shape == before.state.slots.shape
    assert after.state.slots.tobytes() == before.state.slots.tobytes()
    for name in ("step", "epoch", "position", "seconds"):
        assert getattr(after.state, name) == getattr(before.state, name)
    assert (after.history, after.origin) == (before.history, before.origin)
    assert after.model.parameters is after.state.parameters


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_best_weights_come_back(optimizer: Any, dtype: Any, tmp_path: Path) -> None:
    """With their bits and all that is known of them; the model in the file stays that of the state."""
    before = checkpoint(7, optimizer, dtype, best=True)
    write_checkpoint(tmp_path, before)
    after = read_checkpoint(tmp_path, pytest.fail)
    assert after is not None
    assert after.best is not None
    assert before.best is not None
    assert after.best.vector.dtype == dtype
    assert vars(after.best) | {"vector": after.best.vector.tobytes()} == BEST | {"vector": before.best.vector.tobytes()}
    assert after.model.parameters.vector.tobytes() == before.state.parameters.vector.tobytes()


def test_two_generations_are_kept(tmp_path: Path) -> None:
    """The one before the newest is there as well, and nothing else."""
    assert not has_checkpoint(tmp_path)
    assert read_checkpoint(tmp_path, pytest.fail) is None
    for step in (1, 2, 3):
        write_checkpoint(tmp_path, checkpoint(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CHECKPOINT_FILE, EARLIER_FILE])
    newest = read_checkpoint(tmp_path, pytest.fail)
    (tmp_path / CHECKPOINT_FILE).unlink()
    earlier = read_checkpoint(tmp_path, pytest.fail)
    assert newest is not None
    assert earlier is not None
    assert (newest.state.step, earlier.state.step) == (3, 2)


def test_any_damage_is_noticed_and_the_earlier_one_serves(tmp_path: Path) -> None:
    """A flipped bit anywhere, or any end cut off: the earlier generation is used, and this is said."""
    write_checkpoint(tmp_path, checkpoint(1))
    write_checkpoint(tmp_path, checkpoint(2))
    path = tmp_path / CHECKPOINT_FILE
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        _assert_earlier(path, bytes(content))
    for length in range(0, len(whole), 7):
        _assert_earlier(path, whole[:length])


@pytest.mark.slow
def test_ten_thousand_flipped_bits_are_noticed(tmp_path: Path) -> None:
    """In a checkpoint the earlier generation is used; a model is refused. No other number ever comes out."""
    write_checkpoint(tmp_path, checkpoint(1))
    write_checkpoint(tmp_path, checkpoint(2))
    save_model(tmp_path / "model.safetensors", checkpoint(3).model)
    paths = tmp_path / CHECKPOINT_FILE, tmp_path / "model.safetensors"
    whole = [path.read_bytes() for path in paths]
    rng = np.random.default_rng(1)
    for _ in range(10_000):
        for path, content in zip(paths, whole, strict=True):
            flipped = bytearray(content)
            flipped[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
            if path.name == CHECKPOINT_FILE:
                _assert_earlier(path, bytes(flipped))
            else:
                path.write_bytes(flipped)
                with pytest.raises(RunError):
                    load_model(path)


def _assert_earlier(path: Path, content: bytes) -> None:
    """Require that the earlier generation is used instead of this content."""
    path.write_bytes(content)
    told: list[str] = []
    found = read_checkpoint(path.parent, told.append)
    assert found is not None
    assert found.state.step == 1
    assert len(told) == 1
    assert "the checkpoint before it is used, of step 1" in told[0]


def test_no_whole_one_is_an_error(tmp_path: Path, refused: Any) -> None:
    """If both are damaged, the newest is named."""
    for name in (CHECKPOINT_FILE, EARLIER_FILE):
        (tmp_path / name).write_bytes(b"nothing")
    with refused(RunError, CHECKPOINT_FILE, "Train again"):
        read_checkpoint(tmp_path, pytest.fail)


@pytest.mark.parametrize("where", ["parameters", "slots"])
def test_numbers_that_are_not_finite_replace_nothing(where: str, tmp_path: Path) -> None:
    """A training that has diverged keeps the checkpoint from before."""
    write_checkpoint(tmp_path, checkpoint(1))
    content = (tmp_path / CHECKPOINT_FILE).read_bytes()
    bad = checkpoint(2)
    (bad.state.slots if where == "slots" else bad.state.parameters.vector.reshape(1, -1))[0, 3] = np.inf
    with pytest.raises(RunError, match="finite"):
        write_checkpoint(tmp_path, bad)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]


def test_it_can_be_used_as_a_model(tmp_path: Path) -> None:
    """Whoever asks for a model gets the one in it."""
    made = checkpoint(5)
    write_checkpoint(tmp_path, made)
    model = load_model(tmp_path / CHECKPOINT_FILE)
    assert np.array_equal(model.parameters.vector, made.state.parameters.vector)


@pytest.mark.parametrize(
    ("change", "piece"),
    [
        ({"step": -1}, "values that are not those of a"),
        ({"step": 1.0}, "values that are not those of a"),
        ({"step": 10**30}, "values that are not those of a"),
        ({"seconds": "1"}, "values that are not those of a"),
        ({"seconds": -0.5}, "values that are not those of a"),
        ({"data": 5}, "values that are not those of a"),
        ({"more": 5}, "not a checkpoint"),
        ({"slots": np.zeros((2, 5), np.float32)}, "slots have shape"),
        ({"slots": np.zeros(26, np.float32)}, "slots have shape"),
        ({"other": np.zeros(3, np.float32)}, "other than those"),
        ({"best of": BEST}, "best weights"),
        ({"best": VECTOR}, "best weights"),
        ({"best": VECTOR, "best of": BEST | {"loss": "low"}}, "best weights"),
        ({"best": VECTOR, "best of": BEST | {"left": -1}}, "best weights"),
        ({"best": VECTOR, "best of": BEST | {"more": 1}}, "best weights"),
        ({"best": VECTOR, "best of": [0.5, 1, 4, 2]}, "best weights"),
        ({"best": VECTOR[:5], "best of": BEST}, "best weights"),
        ({"best": VECTOR.reshape(2, 13), "best of": BEST}, "best weights"),
        ({"best": np.full(26, np.inf, np.float32), "best of": BEST}, "best weights"),
        (None, "not a checkpoint"),
    ],
)
def test_a_lying_file_is_refused(change: dict[str, Any] | None, piece: str, tmp_path: Path, refused: Any) -> None:
    """Whatever has the right checksum but says something else than a checkpoint."""
    made = checkpoint(5)
    facts = {"step": 5, "epoch": 2, "position": 3, "seconds": 0.5, "history": 9, "halvings": 0, **vars(made.origin)}
    arrays = {"slots": made.state.slots}
    for name, value in (change or {}).items():
        (arrays if isinstance(value, np.ndarray) else facts)[name.removesuffix(" of")] = value
    save_model(tmp_path / CHECKPOINT_FILE, made.model, None if change is None else Attached(facts, arrays))
    with refused(RunError, CHECKPOINT_FILE, piece):
        read_checkpoint(tmp_path, pytest.fail)
