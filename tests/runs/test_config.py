"""What ``handgrad train`` can be asked: every choice is a flag, a key of a file and a documented field."""

import inspect
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import cyclopts
import pytest
import tomli_w

from handgrad.cli import main
from handgrad.cli.program import app
from handgrad.data import DataSettings
from handgrad.errors import SettingError
from handgrad.network import ACTIVATIONS, INITIALISERS, LOSSES, NetworkSettings
from handgrad.runs.config import PRESETS, NetworkFlags, RunSettings, TrainConfig, TrainingFlags, read_config
from handgrad.training import OPTIMIZERS, SCHEDULES, TrainingSettings

KINDS = {"data": DataSettings, "network": NetworkFlags, "training": TrainingFlags, "run": RunSettings}
FIELDS = {field.name: field for kind in KINDS.values() for field in fields(kind)}

# For each field another value than the default: as words of a command line, as TOML, and as the field holds it.
OTHER: dict[str, tuple[list[str], Any, Any]] = {
    "data": (["--data", "some/folder"], "some/folder", "some/folder"),
    "test": (["--test", "test.csv"], "test.csv", "test.csv"),
    "validation": (["--validation", "0.25"], 0.25, 0.25),
    "class_weight": (["--class-weight", "balanced"], "balanced", "balanced"),
    "hidden": (["--hidden", "30,20"], [30, 20], (30, 20)),
    "activation": (["--activation", "leaky_relu,tanh"], ["leaky_relu", "tanh"], ("leaky_relu", "tanh")),
    "init": (["--init", "glorot_normal"], "glorot_normal", "glorot_normal"),
    "loss": (["--loss", "huber"], "huber", "huber"),
    "loss_constant": (["--loss-constant", "2"], 2, 2.0),
    "label": (["--label", "kind"], "kind", "kind"),
    "drop": (["--drop", "a,b"], ["a", "b"], ("a", "b")),
    "missing": (["--missing", "mean"], "mean", "mean"),
    "optimizer": (["--optimizer", "adamw"], "adamw", "adamw"),
    "learning_rate": (["--lr", "0.25"], 0.25, 0.25),
    "schedule": (["--schedule", "one_cycle"], "one_cycle", "one_cycle"),
    "l2": (["--l2", "0.01"], 0.01, 0.01),
    "clip": (["--clip", "5"], 5, 5.0),
    "epochs": (["--epochs", "3"], 3, 3),
    "batch_size": (["--batch-size", "7"], 7, 7),
    "full_batch": (["--full-batch"], True, True),
    "drop_last": (["--drop-last"], True, True),
    "shuffle": (["--no-shuffle"], False, False),
    "l1": (["--l1", "1e-5"], 1e-5, 1e-5),
    "max_norm": (["--max-norm", "3"], 3.0, 3.0),
    "normalisation": (["--normalisation", "batch"], "batch", "batch"),
    "label_smoothing": (["--label-smoothing", "0.1"], 0.1, 0.1),
    "dropout": (["--dropout", "0.5"], 0.5, 0.5),
    "input_dropout": (["--input-dropout", "0.2"], 0.2, 0.2),
    "dtype": (["--dtype", "float64"], "float64", "float64"),
    "engine": (["--engine", "numpy"], "numpy", "numpy"),
    "threads": (["--threads", "2"], 2, 2),
    "seed": (["--seed", "11"], 11, 11),
    "evaluate_every": (["--evaluate-every", "4"], 4, 4),
    "log_every": (["--log-every", "9"], 9, 9),
    "log_layers": (["--log-layers"], True, True),
    "run": (["--run", "some/run"], "some/run", Path("some/run")),
    "preset": (["--preset", "notebook"], "notebook", "notebook"),
    "checkpoint_seconds": (["--checkpoint-seconds", "0.5"], 0.5, 0.5),
    "on_divergence": (["--on-divergence", "halve"], "halve", "halve"),
    "patience": (["--patience", "5"], 5, 5),
}

NEEDED = {"loss_constant": "loss"}  # a setting without which another is refused

FIELD_NAMES = pytest.mark.parametrize("name", list(OTHER))


def parsed(*words: str) -> TrainConfig:
    """Read a command line of ``train`` as the program does, without training."""
    _, bound, *_ = app.parse_args(["train", *words])
    return bound.arguments.get("config", TrainConfig())


def from_toml(path: Path, text: str, *words: str) -> TrainConfig:
    """Read a command line that names a configuration file with this text."""
    path.write_text(text, encoding="utf-8")
    return parsed("--config", str(path), *words)


def flat(config: TrainConfig) -> dict[str, Any]:
    """Return all settings of a run by name."""
    return {name: value for part in KINDS for name, value in vars(getattr(config, part)).items()}


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """Return the path of a configuration file to be written."""
    return tmp_path / "choices.toml"


@pytest.fixture
def shown_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what ``handgrad train --help`` prints, as one line."""
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["train", "--help"]) == 0
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def sentences(kind: type) -> dict[str, str]:
    """Return the first words on each parameter in a docstring, up to a full stop, a comma or the like."""
    entries = re.findall(r"^(\w+) : .+\n    ([^.,;:]+)", inspect.getdoc(kind) or "", re.MULTILINE)
    return {name: " ".join(sentence.split()) for name, sentence in entries}


def default(name: str) -> Any:
    """Return a field's default."""
    assert FIELDS[name].default is not MISSING
    return FIELDS[name].default


def differing(found: TrainConfig) -> set[str]:
    """Name the fields that do not have their default."""
    return {name for name, value in flat(found).items() if value != default(name)}


# Every field


def test_every_field_is_tried_here() -> None:
    """The table above has every field but those that name where others come from, each with another value."""
    assert set(OTHER) == set(FIELDS) - {"config", "resume"}
    assert all(value != default(name) for name, (_, _, value) in OTHER.items())


@FIELD_NAMES
def test_every_field_is_a_flag(name: str) -> None:
    """A flag sets its field, and no other where it is no preset."""
    given = {name, NEEDED.get(name, name)}
    found = parsed(*(word for one in given for word in OTHER[one][0]))
    assert flat(found)[name] == OTHER[name][2]
    assert name == "preset" or differing(found) == given


@FIELD_NAMES
@pytest.mark.parametrize("separator", ["_", "-"])
def test_every_field_is_a_key(name: str, separator: str, toml: Path) -> None:
    """A key of the file sets its field, written with hyphens as the flag or with underscores as the field."""
    given = {name, NEEDED.get(name, name)}
    found = from_toml(toml, tomli_w.dumps({one.replace("_", separator): OTHER[one][1] for one in given}))
    assert flat(found)[name] == OTHER[name][2]
    assert name == "preset" or differing(found) == {*given, "config"}


@pytest.mark.parametrize("kind", [DataSettings, NetworkSettings, TrainingSettings, RunSettings])
def test_every_field_is_documented_once(kind: type) -> None:
    """The docstring of its class has an entry for each field, with a sentence."""
    assert set(sentences(kind)) == {field.name for field in fields(kind)}
    assert all(re.match(r"[A-Z].{10}", sentence) for sentence in sentences(kind).values())


def test_help_shows_every_flag(shown_help: str) -> None:
    """``handgrad train --help`` names each flag, with the documented sentence."""
    for kind in (DataSettings, NetworkSettings, TrainingSettings, RunSettings):
        for name, sentence in sentences(kind).items():
            flag = "--lr" if name == "learning_rate" else "--" + name.replace("_", "-")
            assert re.search(rf"{flag}\b", shown_help), name
            assert sentence in shown_help


def test_help_begins_with_the_data_and_keeps_tables_apart(shown_help: str) -> None:
    """The flags of the data come first, and those that only tables have stand under a heading of their own."""
    wanted = ["Data and network", "--data", "--test", "--hidden", "Tables", "--label", "--missing", "Training", "--lr"]
    places = [re.search(rf"[─ ]{name}[─ ]", shown_help) for name in wanted]
    assert None not in places
    assert places == sorted(places, key=lambda found: found.start() if found else 0)


@pytest.mark.parametrize(
    ("flag", "table"),
    [
        ("--optimizer", OPTIMIZERS),
        ("--schedule", SCHEDULES),
        ("--activation", ACTIVATIONS),
        ("--loss", LOSSES),
        ("--init", INITIALISERS),
        ("--preset", PRESETS),
    ],
)
def test_choices_are_those_of_the_tables(flag: str, table: dict[str, Any], shown_help: str) -> None:
    """The choices of a flag are exactly the names in the package's table."""
    choices = re.search(rf"{flag} .*?\[choices: (.*?)\]", shown_help)
    assert choices is not None
    assert choices[1].split(", ") == list(table)


def test_the_other_defaults_are_the_librarys() -> None:
    """Without a flag, a training has the library's settings, but for the three that the command line sets otherwise."""
    ours = {"schedule": "cosine", "epochs": 40, "log_every": 50}
    assert vars(parsed().training) == vars(TrainingSettings(**ours))
    assert vars(parsed().network) == vars(NetworkSettings())


def test_the_learning_rate_has_three_names(toml: Path) -> None:
    """``--lr`` and ``--learning-rate`` are one flag; a file may say lr, learning_rate or learning-rate."""
    wanted = [parsed("--lr", "0.3"), parsed("--learning-rate", "0.3")]
    wanted += [from_toml(toml, f"{key} = 0.3") for key in ("lr", "learning_rate", "learning-rate")]
    assert [found.training.learning_rate for found in wanted] == [0.3] * 5


@pytest.mark.parametrize(
    ("text", "widths"), [("400", (400,)), ("400,300,200", (400, 300, 200)), ("none", ()), ("", ())]
)
def test_hidden_layers_are_a_list_with_commas(text: str, widths: tuple[int, ...]) -> None:
    """Hidden layers are widths with commas between them, or none."""
    assert parsed("--hidden", text).network.hidden == widths


@pytest.mark.parametrize(
    ("value", "widths"), [("[]", ()), ("[5]", (5,)), ("5", (5,)), ('"5,6"', (5, 6)), ('"none"', ())]
)
def test_hidden_layers_of_a_file(value: str, widths: tuple[int, ...], toml: Path) -> None:
    """A file may give hidden layers as a list, a number, or a text as on the command line."""
    assert from_toml(toml, f"hidden = {value}").network.hidden == widths


@pytest.mark.parametrize("value", ['"tanh"', '["tanh"]', '"relu,tanh"', '"relu, tanh"', '["relu", "tanh"]'])
def test_activations_of_a_file(value: str, toml: Path) -> None:
    """A file may give one activation for all layers, or a list or a text of one for each; a run's settings the same."""
    wanted = ("relu", "tanh") if "relu" in value else "tanh"
    found = from_toml(toml, f"activation = {value}")
    assert found.network.activation == wanted
    assert TrainConfig.from_dict(found.to_dict()).network == found.network


# Precedence


def test_flags_go_before_the_file_before_the_preset_before_the_defaults(toml: Path) -> None:
    """Of four sources each field takes the first that has it."""
    found = from_toml(toml, 'preset = "notebook"\nepochs = 3\nlr = 0.7', "--lr", "0.9")
    assert (found.training.learning_rate, found.training.epochs) == (0.9, 3)
    assert (found.training.batch_size, found.training.seed) == (64, default("seed"))
    found = from_toml(toml, "epochs = 3\nbatch_size = 5", "--preset", "notebook", "--batch-size", "6")
    assert (found.training.learning_rate, found.training.epochs, found.training.batch_size) == (0.1, 3, 6)


@pytest.mark.parametrize("name", ["full_batch", "drop_last"])
def test_a_file_may_switch_off_what_the_preset_switches_on(name: str, toml: Path) -> None:
    """A false in the file goes before a true of the preset, and before the default."""
    assert flat(from_toml(toml, f'preset = "notebook"\n{name} = false'))[name] is False


def test_the_preset_is_the_notebook() -> None:
    """The preset's choices are the notebook's: its network, its N(0, 1) start, its rate, batches and epochs."""
    found = parsed("--preset", "notebook")
    assert found.network == NetworkFlags((400, 400), "sigmoid", "normal", "cross_entropy", dtype="float64")
    chosen = {"optimizer": "sgd", "learning_rate": 0.1, "schedule": "constant", "epochs": 10, "batch_size": 64}
    assert found.training == TrainingFlags(**chosen, drop_last=True)


def test_what_a_run_writes_down_is_read_back(toml: Path) -> None:
    """The settings of one run, written as TOML, are the configuration of the next; what names files is left out."""
    words = [word for name, (words, _, _) in OTHER.items() if name not in ("preset", "run") for word in words]
    found = parsed(*words, "--run", "elsewhere")
    again = from_toml(toml, tomli_w.dumps(found.to_dict()))
    assert {name for name in FIELDS if flat(again)[name] != flat(found)[name]} == {"run", "config"}


# Refusals


@pytest.mark.parametrize(("key", "meant"), [("epohcs", "epochs"), ("learnig_rate", "lr"), ("batchsize", "batch_size")])
def test_an_unknown_key_is_answered_with_the_one_meant(key: str, meant: str, toml: Path, refused: Any) -> None:
    """A misspelt key is refused with the file, the key, and the likeliest one meant."""
    toml.write_text(f"{key} = 3")
    with refused(SettingError, str(toml), repr(key)):
        read_config(toml)
    with pytest.raises(SettingError) as caught:
        read_config(toml)
    assert meant in caught.value.remedy


@pytest.mark.parametrize("text", ["[train]\nepochs = 3", 'config = "other.toml"', "xyzzy = 1"])
def test_a_key_that_resembles_none_is_to_be_removed(text: str, toml: Path, refused: Any) -> None:
    """Tables, nested files and strange keys are refused with a list of what there is."""
    toml.write_text(text)
    with refused(SettingError, "batch_size", "Remove it"):
        read_config(toml)


@pytest.mark.parametrize("content", [b"epochs = ", b"epochs: 3", b"\xff\xfe", b"lr = 1\nlr = 2"])
def test_a_file_that_is_no_toml_is_refused(content: bytes, toml: Path, refused: Any) -> None:
    """What is no TOML is refused with the file's name."""
    toml.write_bytes(content)
    with refused(SettingError, str(toml), "not UTF-8 text" if content == b"\xff\xfe" else "not valid TOML"):
        read_config(toml)


@pytest.mark.parametrize(("name", "piece"), [("missing.toml", "there is no file"), (".", "is a folder")])
def test_a_file_that_cannot_be_read_is_refused(name: str, piece: str, tmp_path: Path, refused: Any) -> None:
    """A missing file, or a folder, is refused with its name."""
    with refused(SettingError, str(tmp_path / name), piece):
        read_config(tmp_path / name)


BAD_WORDS = [
    ["--epochs", "0"],
    ["--epochs", "x"],
    ["--epochs", "1.5"],
    ["--epochs"],
    ["--log-every", "2.5"],
    ["--lr", "-1"],
    ["--lr", "nan"],
    ["--patience", "0"],
    ["--seed", "-1"],
    ["--schedule", "linear"],
    ["--hidden", "5,x"],
    ["--activation", "relu,tahn"],
    ["--activation", "relu,"],
    ["--activation", "relu,tanh,relu"],
    ["--loss-constant", "1"],
    ["--dropout", "1"],
    ["--preset", "nope"],
    ["--epoch", "3"],
    ["words", "words"],
    ["--epochs", "3", "--epochs", "4"],
]


@pytest.mark.parametrize("words", BAD_WORDS, ids=" ".join)
def test_a_wrong_flag_is_refused_by_name(words: list[str]) -> None:
    """A flag or value that is wrong raises an error that names it, and is never rounded or dropped."""
    with pytest.raises((SettingError, cyclopts.CycloptsError)) as caught:
        parsed(*words)
    named = "learning_rate" if words[0] == "--lr" else words[0].lstrip("-").replace("-", "[-_]")
    assert re.search(named, str(caught.value))


@pytest.mark.parametrize(
    "text",
    [
        *("epochs = 1.5", 'epochs = "x"', "epochs = true", "lr = true", 'schedule = "linear"', "hidden = [5.5]"),
        *("activation = [1, 2]", 'activation = ["relu", "tanh", "relu"]', "loss_constant = 0.5"),
    ],
)
def test_a_wrong_value_in_a_file_is_refused_by_name(text: str, toml: Path) -> None:
    """A value of the wrong kind raises an error that names the key."""
    with pytest.raises((SettingError, cyclopts.CycloptsError)) as caught:
        from_toml(toml, text)
    assert text.split(" ")[0] in str(caught.value)


def test_settings_are_checked_here_too(refused: Any) -> None:
    """The command line's settings of a training are checked as the library's are."""
    with refused(SettingError, "epochs is 0"):
        TrainingFlags(epochs=0)


@pytest.mark.parametrize(
    "content",
    [
        *({"checkpoint_seconds": "1"}, {"epochs": []}, {"hidden": 3.5}, {"dropout": "x"}),
        *({"activation": ["relu", 1]}, {"loss": "huber", "loss_constant": "1"}),
    ],
)
def test_a_setting_of_another_type_is_refused(content: dict[str, object]) -> None:
    """Of a run that continues, whose file anybody may have changed."""
    with pytest.raises(SettingError):
        TrainConfig.from_dict(content)
