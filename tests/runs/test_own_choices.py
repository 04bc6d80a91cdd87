"""A run with an activation for each layer and a constant of the loss, through all commands."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from handgrad.cli import main
from handgrad.data import load_data
from handgrad.network import Huber
from handgrad.runs.config import read_config
from handgrad.runs.loading import load_run

SHORT = ["--hidden", "6,5", "--engine", "numpy", "--schedule", "constant"]
WORDS = [*SHORT, "--activation", "relu,tanh", "--loss", "huber", "--loss-constant", "0.5"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train with such a network, and a second time with one activation and the usual constant."""
    folder = tmp_path_factory.mktemp("own")
    assert main(["train", "digits", *WORDS, "--epochs", "2", "--run", str(folder / "own")]) == 0
    usual = [*SHORT, "--activation", "relu", "--loss", "huber", "--lr", "1"]
    assert main(["train", "digits", *usual, "--epochs", "2", "--run", str(folder / "usual")]) == 0
    return folder


def test_settings_and_model_have_them(runs: Path) -> None:
    """Both are in the settings and in the model file; the learning rate is that of the loss and the activations."""
    config = read_config(runs / "own" / "config.toml")
    assert (config["activation"], config["loss_constant"], config["lr"]) == (["relu", "tanh"], 0.5, 1.0)
    network = load_run(runs / "own")[0].network
    assert (network.activation, network.loss) == (("relu", "tanh"), Huber(0.5))
    assert "loss_constant" not in read_config(runs / "usual" / "config.toml")


def test_the_run_is_verified_evaluated_and_listed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Training again from the settings gives the same bits; evaluation gives the figures of the training."""
    assert main(["verify", str(runs / "own")]) == 0
    assert main(["evaluate", str(runs / "own")]) == 0
    assert main(["runs", str(runs)]) == 0
    found = capsys.readouterr().out
    summary = json.loads((runs / "own" / "summary.json").read_text())
    assert f"test loss      {summary['test_loss']:.4f}\n" in found
    assert len(re.findall("finished .*64-6-5-10 ", found)) == 2


def test_a_comparison_names_them(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two settings differ, and no other."""
    assert main(["diff", str(runs / "own"), str(runs / "usual")]) == 1
    found = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("setting ")]
    assert found == [["setting", "activation", "['relu',", "'tanh']", "relu"], ["setting", "loss_constant", "0.5"]]


def test_a_run_that_continues_keeps_them(runs: Path, tmp_path: Path) -> None:
    """Two epochs and one more end with the bits of three."""
    assert main(["train", "digits", *WORDS, "--epochs", "2", "--run", str(tmp_path / "a")]) == 0
    assert main(["train", "--resume", str(tmp_path / "a"), "--epochs", "3"]) == 0
    assert main(["train", "digits", *WORDS, "--epochs", "3", "--run", str(tmp_path / "b")]) == 0
    vectors = [load_run(tmp_path / name)[0].parameters.vector for name in "ab"]
    np.testing.assert_array_equal(*vectors)
    assert not np.array_equal(vectors[0], load_run(runs / "own")[0].parameters.vector)


def test_predictions_of_a_loss_of_numbers_are_numbers(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No percentage is printed, and a table has outputs in place of probabilities."""
    model, data = load_run(runs / "own")[0], load_data("digits")
    outputs = model.predict_scaled(data.X_test[:30])
    np.save(tmp_path / "rows.npy", data.X_test[:30] * 16)
    words = ["predict", str(runs / "own"), str(tmp_path / "rows.npy")]
    for more in ([], ["--probabilities"]):
        capsys.readouterr()
        assert main([*words, *more]) == 0
        printed = capsys.readouterr().out
        assert "%" not in printed
        assert f"{outputs[0].max():.4f}" in printed.split("[1]")[0]
    assert main([*words, "--probabilities", "--out", str(tmp_path / "out.csv")]) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    names = [f"output({digit})" for digit in range(10)]
    assert list(table.columns) == ["source", "row", "prediction", "output", *names]
    np.testing.assert_allclose(table[names], outputs, rtol=1e-5)


def test_warnings_look_at_each_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A warning names the activation of the layer that it is about."""
    words = ["--hidden", "30,30", "--activation", "relu,tanh", "--init", "normal", "--epochs", "1"]
    assert main(["train", "digits", *words, "--run", str(tmp_path / "run")]) == 0
    assert re.search(r"outputs of layer 2 are saturated .*: there tanh is nearly flat", capsys.readouterr().err)
