"""What ``handgrad train`` can be asked: flags, keys of a configuration file and presets, all from one dataclass."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter, Token

from handgrad.errors import SettingError
from handgrad.network.mlp import MLP
from handgrad.training.settings import TrainingSettings

OptimizerName = Literal["sgd", "momentum", "nesterov", "adam", "adamw"]
ScheduleName = Literal["constant", "step", "cosine", "one_cycle", "inverse_scaling"]
ActivationName = Literal["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"]
LossName = Literal["cross_entropy", "binary_cross_entropy", "squared_error", "absolute_error", "huber"]
InitialiserName = Literal["normal", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal"]
PresetName = Literal["notebook", "fast"]


def _layer_widths(_: Any, tokens: Sequence[Token]) -> tuple[int, ...]:
    """Read ``400,400``; an empty text or ``none`` means no hidden layer."""
    text = ",".join(token.value for token in tokens).strip()
    if text in ("", "none"):
        return ()
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is no list of whole numbers such as 400,400 (or none)") from None


# Headings of the help text, in this order.
NETWORK, TRAINING, RUN = (Group(title, sort_key=i) for i, title in enumerate(("Data and network", "Training", "Run")))


@dataclass(frozen=True)
class TrainConfig(TrainingSettings):
    """All that one run is asked.

    Parameters
    ----------
    data : str
        Name of a set (digits, mnist, fashion-mnist, kmnist), a folder of IDX files, or a .npz, .npy, .csv or .parquet
        file.
    hidden : tuple of int
        Units of the hidden layers, as 400,400; none for a linear model.
    activation : str
        Activation of the hidden layers.
    init : str
        How the first weights are drawn; biases start at zero, except with normal.
    loss : str
        What is minimised.
    optimizer : str
        How a gradient becomes a step.
    learning_rate : float
        The highest learning rate of the schedule.
    schedule : str
        The learning rate as a function of the step.
    l2 : float
        Factor of the penalty on squared weights.
    clip : float, optional
        Largest norm of a gradient; longer ones are shortened to it.
    epochs : int
        Passes over the training part; in full-batch training each is one step.
    batch_size : int
        Examples in a step.
    full_batch : bool
        Take all examples in every step.
    drop_last : bool
        Leave out an epoch's last batch where it is smaller than the others.
    shuffle : bool
        Draw a new order of the examples for each epoch.
    label_smoothing : float
        Share of each label that is spread over all classes, in [0, 1).
    dropout : float
        Share of the hidden units left out at random in each step, in [0, 1).
    input_dropout : float
        Share of the inputs left out at random in each step, in [0, 1).
    dtype : str
        Precision of all that is computed.
    engine : str
        What computes the steps.
    threads : int, optional
        Cores to use; by default one where a step is small, else all.
    seed : int
        Draws the first weights, the order of the examples and the dropout.
    evaluate_every : int
        Epochs between two evaluations on the whole training and test part.
    log_every : int, optional
        Steps between two records of a batch's loss.
    run : path, optional
        Folder for the results, new or empty; by default runs/NAME-N.
    preset : str, optional
        A set of choices: notebook is the exercise notebook's own (N(0, 1) weights and biases, learning rate 0.1,
        batches of 64, 10 epochs, the incomplete batch dropped, float64); fast reaches 98 % on MNIST in two epochs
        (ReLU, AdamW, one-cycle, label smoothing). Flags and the configuration file go before it.
    config : path, optional
        A TOML file with any of these as keys (lr = 0.1, batch_size = 64); flags go before it.

    Examples
    --------
    >>> TrainConfig(hidden=(32,)).network(inputs=784, outputs=10).layer_sizes
    (784, 32, 10)
    """

    data: Annotated[str, Parameter(group=NETWORK)] = "digits"
    hidden: Annotated[
        tuple[int, ...],
        Parameter(group=NETWORK, converter=_layer_widths, n_tokens=1, show_default=lambda widths: str(widths)[1:-1]),
    ] = (400, 400)
    activation: Annotated[ActivationName, Parameter(group=NETWORK)] = "sigmoid"
    init: Annotated[InitialiserName, Parameter(group=NETWORK)] = "he_normal"
    loss: Annotated[LossName, Parameter(group=NETWORK)] = "cross_entropy"
    optimizer: OptimizerName = "sgd"
    learning_rate: Annotated[float, Parameter(name=("--lr", "--learning-rate"))] = 1.0
    schedule: ScheduleName = "cosine"
    epochs: int = 40
    shuffle: Annotated[bool, Parameter(negative="--no-shuffle")] = True
    dtype: Literal["float32", "float64"] = "float32"
    log_every: int | None = 50
    run: Annotated[Path | None, Parameter(group=RUN)] = None
    preset: Annotated[PresetName | None, Parameter(group=RUN)] = None
    config: Annotated[Path | None, Parameter(group=RUN)] = None

    def network(self, inputs: int, outputs: int) -> MLP:
        """Build the network for data with so many inputs and outputs."""
        return MLP((inputs, *self.hidden, outputs), self.activation, self.loss)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings under the names that a configuration file uses, without those that name other files.

        Examples
        --------
        >>> TrainConfig().to_dict()["lr"]
        1.0
        """
        content = {_key(name): value for name, value in asdict(self).items() if value is not None}
        return {name: value for name, value in content.items() if name not in ("run", "preset", "config")}


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
    # Chosen on 50,000 of MNIST's training examples, judged on the other 10,000.
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


def _key(name: str) -> str:
    """Return the name that a field has as a flag and as a key."""
    return "lr" if name == "learning_rate" else name


def read_config(path: Path) -> dict[str, Any]:
    """Read a configuration file, whose keys are the flags of ``train``.

    Parameters
    ----------
    path : path
        TOML.

    Returns
    -------
    dict
        With hyphens in keys turned into underscores, and ``learning_rate`` into ``lr``.

    Raises
    ------
    SettingError
        If there is no such file, it is no TOML, or a key is none of the flags.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read ({error.strerror})", "a TOML file", "check its name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is no TOML ({error})", "lines such as epochs = 10", "mend that line") from error
    known = {_key(field.name) for field in fields(TrainConfig)} - {"config"}
    found = {_key(name.replace("-", "_")): value for name, value in content.items()}
    for name in found:
        if name not in known:
            near = get_close_matches(name, [*known, "learning_rate"], 1)
            raise SettingError(
                f"{path} has the key {name!r}",
                "one of " + ", ".join(sorted(known)),
                f"write {near[0]!r}, if that is what you mean" if near else "remove it",
            )
    return found
