"""The settings of ``handgrad train``: flags, keys of a configuration file and presets.

Each setting is documented once, in the class that it belongs to; flags and keys follow from the fields. The two classes
of flags add what only a command line needs: other names, the reading of lists, and the defaults that differ from the
library's, because the main job should train well as it is. The file has over 300 lines because all settings are in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from cyclopts import Group, Parameter, Token, convert

from handgrad import files
from handgrad.data.folders.listing import RUN_FILES
from handgrad.data.settings import DataSettings, Missing, TableOptions
from handgrad.data.text.names import split_names
from handgrad.errors import DataError, RunError, SettingError
from handgrad.network.settings import ActivationName, NetworkSettings
from handgrad.parsing import fits, kind_of, parse_toml
from handgrad.runs.places import resolved
from handgrad.training.settings import OptimizerName, ScheduleName, TrainingSettings


def _layer_widths(_: Any, tokens: Sequence[Token]) -> tuple[int, ...]:
    """Parse ``400,400``; an empty text or ``none`` means no hidden layers."""
    if len(tokens) > 1:
        raise SettingError("--hidden is given twice", "one list of widths", "write them as in --hidden 400,400")
    text = ",".join(token.value for token in tokens).strip()
    if text in ("", "none"):
        return ()
    try:
        widths = tuple(int(width) for width in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not a list of whole numbers such as 400,400 (or none)") from None
    if min(widths) < 1:
        raise SettingError(
            f"--hidden is {text}", "widths of at least 1, such as 400,400", "write none for no hidden layer"
        )
    return widths


def _activations(_: Any, tokens: Sequence[Token]) -> str | tuple[str, ...]:
    """Parse ``relu`` or ``relu,tanh``."""
    names = [token.evolve(value=name.strip()) for token in tokens for name in token.value.split(",")]
    found: tuple[str, ...] = convert(tuple[ActivationName, ...], names)
    return found if len(found) > 1 else found[0]


def _names(_: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Parse ``Id,"Doe, Mr."``; an empty text or ``none`` without quotation marks means no names."""
    text = ",".join(token.value for token in tokens).strip()
    return () if text in ("", "none") else split_names(text)


# The settings of a class become flags under a heading of the help text; a table's have one of their own.
_HEADINGS = ("Data and network", "Tables", "Training", "Run")
_DATA_AND_NETWORK, _TABLES, _TRAINING, _RUN = (
    Parameter(group=Group(title, sort_key=place)) for place, title in enumerate(_HEADINGS)
)
_FLAT = Parameter(name="*")
_MAX_TEXT = 2**20  # bytes of a configuration file
PRESETS: dict[str, dict[str, Any]] = {
    "notebook": {
        "hidden": [400, 400],
        "activation": "sigmoid",
        "init": "normal",
        "loss": "cross_entropy",
        "optimizer": "sgd",
        "lr": 0.1,
        "schedule": "constant",
        "epochs": 10,
        "batch_size": 64,
        "drop_last": True,
        "dtype": "float64",
    },
    # Chosen by training on 50,000 of MNIST's training examples and evaluating on the other 10,000.
    "fast": {
        "hidden": [400, 400],
        "activation": "relu",
        "init": "he_normal",
        "loss": "cross_entropy",
        "optimizer": "adamw",
        "lr": 0.01,
        "schedule": "one_cycle",
        "epochs": 2,
        "batch_size": 256,
        "label_smoothing": 0.1,
    },
}
if TYPE_CHECKING:
    PresetName = str
    _Activations = str | tuple[str, ...]
else:
    PresetName = Literal[tuple(PRESETS)]
    _Activations = ActivationName  # the choices of one layer: versions 4 of cyclopts refuse a union with a tuple


@dataclass(frozen=True)
class TableFlags(TableOptions):
    """What a table does not say itself, as flags."""

    drop: Annotated[tuple[str, ...], Parameter(converter=_names, n_tokens=1, show_default=False)] = ()


@dataclass(frozen=True)
class DataFlags(DataSettings):
    """The settings of the data, as flags."""

    label: Annotated[str | None, _TABLES] = None
    drop: Annotated[tuple[str, ...], _TABLES, Parameter(converter=_names, n_tokens=1, show_default=False)] = ()
    missing: Annotated[Missing, _TABLES] = TableOptions.missing
    data: Annotated[str, Parameter(allow_leading_hyphen=True)] = DataSettings.data
    test: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    validation: Annotated[float | str | None, Parameter(allow_leading_hyphen=True)] = None


@dataclass(frozen=True)
class NetworkFlags(NetworkSettings):
    """The settings of a network, as flags."""

    hidden: Annotated[
        tuple[int, ...], Parameter(converter=_layer_widths, n_tokens=1, show_default=lambda widths: str(widths)[1:-1])
    ] = NetworkSettings.hidden
    activation: Annotated[_Activations, Parameter(converter=_activations)] = NetworkSettings.activation


@dataclass(frozen=True)
class TrainingFlags(TrainingSettings):
    """The settings of a training run, as flags, with the defaults of the command line where they differ."""

    optimizer: OptimizerName = "sgd"
    learning_rate: Annotated[float | None, Parameter(name=("--lr", "--learning-rate"))] = None
    schedule: ScheduleName = "cosine"
    epochs: int = 40
    shuffle: Annotated[bool, Parameter(negative="--no-shuffle")] = True
    log_every: int | None = 50


@dataclass(frozen=True)
class RunSettings:
    """Where the results go, and where settings come from.

    Parameters
    ----------
    run : path, optional
        Folder for the results, new or empty; by default runs/NAME-N.
    preset : str, optional
        A collection of settings. notebook: those of the exercise notebook (N(0, 1) weights and biases, learning rate
        0.1, batches of 64, 10 epochs without their incomplete last batch, float64). fast: 98% on MNIST in two epochs
        (ReLU, AdamW, one-cycle schedule, label smoothing). Flags and the configuration file take precedence.
    config : path, optional
        A TOML file with any of these settings as keys (lr = 0.1, batch_size = 64). Flags take precedence.
    resume : path, optional
        The folder of a run that was stopped, or that is to have more --epochs: the training continues from its last
        checkpoint, with the run's own settings.
    checkpoint_seconds : float
        Seconds between two checkpoints within an epoch; 0 for none. One is also written at the end of every epoch,
        unless epochs are so short that this would take more than 2% of the time.
    on_divergence : {"stop", "halve"}
        What to do if the loss or a parameter is no longer finite. stop: end with exit code 3, and say which learning
        rate would do. halve: return to the last checkpoint, which is then written at the end of every epoch and at no
        other time, and halve the learning rate, at most five times.
    patience : int, optional
        Stop after this many evaluations in a row without a lower validation loss; needs --validation. The weights with
        the lowest loss are kept, even if all epochs are run.
    """

    run: Path | None = None
    preset: PresetName | None = None
    config: Path | None = None
    resume: Path | None = None
    checkpoint_seconds: float = 30.0
    on_divergence: Literal["stop", "halve"] = "stop"
    patience: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.checkpoint_seconds < float("inf"):
            raise SettingError(
                f"checkpoint_seconds is {self.checkpoint_seconds}",
                "a number of seconds, or 0",
                "set checkpoint_seconds to such a number",
            )
        if self.patience is not None and not 1 <= self.patience <= 10**9:
            raise SettingError(
                f"patience is {self.patience}", "a whole number from 1 to 10**9", "set patience to such a number"
            )


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a run.

    Parameters
    ----------
    data : DataFlags
    network : NetworkFlags
    training : TrainingFlags
    run : RunSettings
    """

    data: Annotated[DataFlags, _FLAT, _DATA_AND_NETWORK] = DataFlags()
    network: Annotated[NetworkFlags, _FLAT, _DATA_AND_NETWORK] = NetworkFlags()
    training: Annotated[TrainingFlags, _FLAT, _TRAINING] = TrainingFlags()
    run: Annotated[RunSettings, _FLAT, _RUN] = RunSettings()

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TrainConfig:
        """Return the settings that a configuration file contains, as :func:`read_config` gives them.

        Raises
        ------
        SettingError
            If one of them is outside its range, or of another type.

        Examples
        --------
        >>> TrainConfig.from_dict({"lr": 0.5, "hidden": [3]}).network.hidden
        (3,)
        """
        kinds = {
            "data": (DataFlags, DataSettings),
            "network": (NetworkFlags, NetworkSettings),
            "training": (TrainingFlags, TrainingSettings),
            "run": (RunSettings, RunSettings),
        }
        parts: dict[str, Any] = {part: flags(**_values(content, kind)) for part, (flags, kind) in kinds.items()}
        return cls(**parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings under the keys of a configuration file, without those that name other files.

        Examples
        --------
        >>> TrainConfig().to_dict()["epochs"]
        40
        """
        content = asdict(self.data) | asdict(self.network) | asdict(self.training)
        content |= {name: getattr(self.run, name) for name in ("checkpoint_seconds", "on_divergence", "patience")}
        if content["log_every"] is None:  # unlike that of the library, the default of the command is a number
            content["log_every"] = "none"
        return {_key(name): value for name, value in content.items() if value is not None}


def _key(name: str) -> str:
    """Return the name of a field as a flag and as a key."""
    return "lr" if name == "learning_rate" else name


def _values(content: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Return those of the settings that are fields of a class, if each has the type of its field."""
    found = {}
    for name, hint in get_type_hints(kind).items():
        if (key := _key(name)) not in content:
            continue
        value = tuple(content[key]) if isinstance(content[key], list) else content[key]
        if value == "none" and not fits(value, hint) and fits(None, hint):
            value = None
        if not fits(value, hint):
            raise SettingError(f"{key} is {content[key]!r}", kind_of(hint), f"correct {key}")
        found[name] = value
    return found


def read_config(path: Path) -> dict[str, Any]:
    """Read a configuration file. Its keys are the flags of ``train``.

    Parameters
    ----------
    path : path
        TOML.

    Returns
    -------
    dict
        Hyphens in keys become underscores, and ``learning_rate`` becomes ``lr``. In the configuration of a run,
        relative paths count from where the run began.

    Raises
    ------
    SettingError
        If the file cannot be read, is not valid TOML, or contains an unknown key.
    """
    try:
        content = parse_toml(files.read_text(path, _MAX_TEXT).removeprefix("\ufeff"))
    except ValueError as error:
        raise SettingError(
            f"{path} is not valid TOML ({error})", "lines such as epochs = 10", "correct that line"
        ) from error
    except DataError as error:
        raise SettingError(error.found, "a TOML file of settings", error.remedy) from error
    settings = (DataSettings, NetworkSettings, TrainingSettings, RunSettings)
    known = {_key(field.name) for kind in settings for field in fields(kind)} - {"config", "resume"}
    names: dict[str, str] = {}
    for name in content:
        if (key := _key(name.replace("-", "_"))) in names:
            twice = f"{path} contains {names[key]!r} and {name!r}, which are the same setting"
            raise SettingError(twice, "one of them", "remove the other")
        names[key] = name
    found = resolved({key: content[name] for key, name in names.items()}, path.parent)
    for name in found:
        if name not in known:
            near = get_close_matches(name, [*known, "learning_rate"], 1)
            raise SettingError(
                f"{path} contains the unknown key {name[:80]!r}",
                "one of " + ", ".join(sorted(known)),
                f"use {_key(near[0])!r} if that is what you mean" if near else "remove it",
            )
    return found


def run_settings(run: Path) -> dict[str, Any]:
    """Read the settings of a run that is to continue, as :func:`read_config` does.

    Raises
    ------
    RunError
        If there is no such run.
    SettingError
        If its settings cannot be read, or one of them has another type or is outside its range.
    """
    path = run / RUN_FILES[0]
    if not path.is_file():
        found = f"{run} has no {path.name}" if run.is_dir() else f"there is no run {run}"
        raise RunError(found, "the folder of a run", "check the path")
    settings = read_config(path)
    with of_run(run):
        TrainConfig.from_dict(settings)
    return settings


@contextmanager
def of_run(run: Path) -> Iterator[None]:
    """Name the file of a run in an error about one of its settings."""
    try:
        yield
    except SettingError as error:
        raise SettingError(f"{run / RUN_FILES[0]}: {error.found}", error.wanted, error.remedy) from error


def data_settings(config: Mapping[str, Any], default: str) -> DataSettings:
    """Return what a run's settings say about its training and test data.

    Parameters
    ----------
    config : mapping
        The contents of a run's ``config.toml``; empty for a model without a run.
    default : str
        The name of the data, if they do not say it.

    Raises
    ------
    SettingError
        If one of them has another type, or is outside its range.
    """
    found = _values(config, DataSettings)
    if isinstance(found.get("validation"), str):
        del found["validation"]  # another file, which has no part in training and test sets
    return DataSettings(**{"data": default} | found)
