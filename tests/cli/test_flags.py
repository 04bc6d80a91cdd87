"""Settings that cannot be meant: the message has the words of the command line, and advice that can be followed."""

from pathlib import Path

import pytest

from handgrad.cli import main
from handgrad.runs.config import read_config

WRONG = [
    (["--lr", "-1"], "--lr is -1.0; expected a number above 0. Set --lr to such a number."),
    (["--batch-size", "0"], "--batch-size is 0; expected a whole number of at least 1. Set --batch-size to"),
    (["--batch-size", "9999", "--drop-last"], "Set a smaller --batch-size."),
    (["--hidden", "0"], "--hidden is 0; expected widths of at least 1, such as 400,400. Write none for no"),
    (["--hidden", "40,-3"], "--hidden is 40,-3; expected widths"),
    (["--validation", "10%"], "--validation is 10%; expected a share of the training set between 0 and 1"),
    (["--validation", "10%"], "Write 0.1."),
    (["--validation", "12,5 %"], "Write 0.125."),
    (["--class-weight", "balancd"], "there is no file balancd; expected balanced, or a file of weights. Write"),
    (["--class-weight", "Balanced"], "Write balanced."),
    (["--optimizer", "adm"], 'Did you mean "adam"?'),
    (["--activation", "relu,tahn"], 'Invalid value "tahn" for --activation. Choose from: "identity", '),
    (["--activation", "relu,tahn"], 'Did you mean "tanh"?'),
    (["--activation", "relu,tanh,relu"], "--activation is relu,tanh,relu with the hidden layers 400,400; expected one"),
    (["--activation", "relu,tanh,relu"], "Set --activation to one name, or to 2."),
    (["--activation", "relu,tanh", "--hidden", "none"], "with the hidden layers none; expected one name for all of"),
    (["--loss-constant", "1"], "--loss-constant is 1.0 with the loss cross_entropy, which has no constant; expected"),
    (["--loss", "quantile", "--loss-constant", "1"], "is 1.0, the level of quantile; expected a number in (0, 1). Set"),
    (["--loss", "huber", "--loss-constant", "0"], "is 0.0, the delta of huber; expected a number above 0. Set --loss-"),
    (["--loss", "binary_focal", "--loss-constant", "-1"], "the gamma of binary_focal; expected a number of at least 0"),
    (["--loss", "huber", "--loss-constant", "2", "--engine", "compiled"], "version except with the usual constant"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "piece"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_wrong_setting_is_named_by_its_flag(
    words: list[str], piece: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is trained, and the exit code is 2."""
    assert main(["train", "digits", "--run", str(tmp_path / "run"), *words]) == 2
    assert piece in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_nothing_is_guessed_that_is_not_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """The choices are listed, and none of them is suggested for a word that resembles none."""
    assert main(["train", "digits", "--missing", "zero"]) == 2
    said = capsys.readouterr().err
    assert '"error", "drop", "mean"' in said
    assert "Did you mean" not in said


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--solver", "Unknown option: --solver. Did you mean --optimizer?"),
        ("--hidden_layer_sizes=100", "Unknown option: --hidden_layer_sizes. Did you mean --hidden?"),
        ("--optimiser", "Unknown option: --optimiser. Did you mean --optimizer?"),
        ("--colour", "Unknown option: --colour."),
    ],
)
def test_an_option_of_another_library_is_translated(option: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of scikit-learn and Keras lead to ours, misspelt ones to what resembles them, others to nothing."""
    assert main(["train", "digits", option]) == 2
    assert capsys.readouterr().err.strip() == f"handgrad: {said}"


def test_choices_may_be_written_as_in_papers(tmp_path: Path) -> None:
    """Capitals and underscores do not count, in a configuration file neither; the record has our words."""
    (tmp_path / "c.toml").write_text('optimizer = "AdamW"\n')
    words = ["--activation", "LeakyReLU,Tanh", "--preset", "Fast", "--config", str(tmp_path / "c.toml")]
    assert main(["train", "digits", "--hidden", "4,4", "--epochs", "1", "--run", str(tmp_path / "run"), *words]) == 0
    config = read_config(tmp_path / "run" / "config.toml")
    assert (config["schedule"], config["optimizer"]) == ("one_cycle", "adamw")
    assert config["activation"] == ["leaky_relu", "tanh"]
