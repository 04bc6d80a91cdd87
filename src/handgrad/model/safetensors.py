"""A trained network in one safetensors file, whose header describes everything except the numbers, in JSON.

The tensors are called ``W.0``, ``b.0``, ``W.1`` and so on, so that any program that reads safetensors finds them. The
metadata in the header has one entry, ``handgrad``, with the version of the format, the description of the model, and a
SHA-256 of the description and the numbers, which detects damage. Nothing in a file is executed or trusted: every
statement is checked.

A checkpoint, or an estimator, is a model with something attached: further tensors, and facts in the same header.

The file has over 300 lines because all that is checked is to be judged together.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.data.dataset import Scaling
from handgrad.data.features import Columns
from handgrad.errors import RunError
from handgrad.model.model import Model
from handgrad.network import MLP, Criterion, Focal, Huber, Parameters, Quantile
from handgrad.parsing import parse_json

MODEL_FILE = "model.safetensors"  # in the folder of a run
FORMAT = 4  # 1 has no columns, 3 has something attached, 4 has a normalisation
MAX_HEADER = 2**26  # bytes, enough for the bounds of a million columns
MAX_LAYERS = 10_000
WITH_CONSTANTS: dict[str, Any] = {"huber": Huber, "quantile": Quantile, "focal": Focal}
_KINDS = {"table": "a table or another text", "picture": "a picture", "archive": "an archive"}
DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype(np.float32), "F64": np.dtype(np.float64)}


@dataclass(frozen=True)
class Attached:
    """What a file holds beside a model.

    Attributes
    ----------
    facts : dict
        In JSON.
    arrays : dict of str to ndarray
        Of the dtype of the parameters, with names other than ``W.0`` and the like.
    """

    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def save_model(path: str | os.PathLike[str], model: Model, attached: Attached | None = None) -> None:
    """Write a model, completely or not at all; the same model gives the same bytes.

    Parameters
    ----------
    path : path
        An existing file is replaced.
    model : Model
    attached : Attached, optional

    Raises
    ------
    RunError
        If the parameters are not finite numbers in a float32 or float64 NumPy array, the network has a loss or an
        activation of your own, which are code, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> network = MLP((2, 2))
    >>> model = Model(network, Parameters((2, 2), np.arange(6.0)), ("no", "yes"), Scaling(0, 255), None, "toy")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(f"{folder}/model.safetensors", model)
    ...     load_model(f"{folder}/model.safetensors").parameters.W[0]
    array([[0., 1.],
           [2., 3.]])
    """
    from safetensors.numpy import save

    vector = model.parameters.vector
    if not isinstance(vector, np.ndarray) or vector.dtype not in DTYPES.values():
        raise RunError(
            f"parameters of type {type(vector).__name__} and dtype {vector.dtype}",
            "NumPy arrays of float32 or float64",
            "convert them first",
        )
    if not np.isfinite(vector).all():
        raise RunError("parameters with NaN or infinity", "finite numbers", "train again with a lower learning rate")
    layer_sizes = [int(size) for size in model.network.layer_sizes]
    activation, normalisation = model.network.activation, model.network.normalisation
    if type(model.network) is not MLP:
        raise RunError(
            f"a network that a model file cannot describe: {model.network}", "an MLP", "keep it in a file of your own"
        )
    if not isinstance(activation, str | tuple) or not all(isinstance(name, str) for name in activation):
        raise RunError("a network with an activation of your own", "one with a name", "keep the network with pickle")
    description: dict[str, Any] = {
        "network": {
            "layer_sizes": layer_sizes,
            "activation": activation if isinstance(activation, str) else list(activation),
            "loss": _described(model.network.loss),
            **({"normalisation": normalisation} if normalisation else {}),
        },
        "class_names": list(model.class_names),
        "scaling": model.scaling.to_dict(),
        "image_shape": None if model.image_shape is None else [int(size) for size in model.image_shape],
        "dataset": model.dataset,
    }
    if model.columns is not None:
        description["columns"] = model.columns.to_dict()
    header: dict[str, Any] = {"format": 2 if model.columns else 1, "model": description}
    tensors = model.parameters.named()
    if attached is not None:
        header |= {"format": 3, "attached": attached.facts}
        tensors |= attached.arrays
    if normalisation:
        header["format"] = FORMAT
    header["sha256"] = _digest(header, vector, attached)
    content = save(tensors, {"handgrad": json.dumps(header)})
    if (size := int.from_bytes(content[:8], "little")) > MAX_HEADER:
        raise RunError(
            f"a description of {size:,} bytes", f"at most {MAX_HEADER:,} bytes", "shorten its names, or its history"
        )
    with files.run_errors(Path(path)), files.written(Path(path)) as file:
        file.write(content)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model, and check everything in its file.

    Parameters
    ----------
    path : path
        A model, a checkpoint, or an estimator, or the folder of a finished run.

    Returns
    -------
    Model
        Its parameters are in one flat vector of their own.

    Raises
    ------
    RunError
        If the file does not exist, is damaged, has another format, or contradicts itself.

    Examples
    --------
    >>> import tempfile
    >>> network = MLP((2, 2))
    >>> model = Model(network, Parameters((2, 2), np.arange(6.0)), ("no", "yes"), Scaling(0, 255), None, "toy")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(f"{folder}/model.safetensors", model)
    ...     load_model(f"{folder}/model.safetensors").parameters.W[0]
    array([[0., 1.],
           [2., 3.]])
    """
    path = Path(path)
    return load_attached(path / MODEL_FILE if path.is_dir() else path)[0]


def load_attached(path: str | os.PathLike[str]) -> tuple[Model, Attached | None]:
    """Read a model and what is attached to it, as :func:`load_model` does."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    with files.run_errors(path):
        _check_header_size(path)
        try:
            with safe_open(path, framework="numpy") as file:
                header = _read_header(path, file.metadata())
                network = _read_network(path, header["model"]["network"])
                dtype, more = _check_tensors(path, file, network)
                if more and "attached" not in header:
                    raise damaged(path, f"it has a tensor {more[0][:40]!r}, with layer sizes {network.layer_sizes}")
                parameters = network.parameters(np.empty(network.parameter_count, dtype))
                for name, view in parameters.named().items():
                    view[...] = file.get_tensor(name)
                arrays = {name: file.get_tensor(name) for name in more}
        except (SafetensorError, OSError) as error:
            raise damaged(path, f"it cannot be read ({error})") from error
        attached = Attached(header["attached"], arrays) if "attached" in header else None
        try:
            digest = _digest(header, parameters.vector, attached)
        except RecursionError as error:  # a header that was just not nested too deeply to be read
            raise damaged(path, "its header is nested too deeply") from error
        if digest != header["sha256"]:
            raise damaged(path, "its checksum does not match its contents")
        if not np.isfinite(parameters.vector).all():
            raise damaged(path, "its parameters contain NaN or infinity")
        return _build(path, network, parameters, header["model"]), attached


def _described(loss: str | Criterion) -> str | dict[str, Any]:
    """Describe a loss by its name, with its constants if they are not the usual ones."""
    if isinstance(loss, str):
        return loss
    for name, kind in WITH_CONSTANTS.items():
        if type(loss) is kind:
            return {"name": name, **vars(loss)}
    raise RunError("a network with a loss of your own", "one with a name", "keep the network with pickle")


def _read_loss(path: Path, content: Any) -> str | Criterion:
    """Undo ``_described``."""
    if isinstance(content, str):
        return content
    try:
        constants = dict(content)
        loss: Criterion = WITH_CONSTANTS[constants.pop("name")](**constants)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"its loss is {str(content)[:80]}") from error
    return loss


def _digest(header: dict[str, Any], vector: NDArray[Any], attached: Attached | None) -> str:
    """Hash what a header describes in canonical form, and the numbers."""
    described = header["model"] if attached is None else [header["model"], header["attached"]]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name, array in sorted({"": vector, **({} if attached is None else attached.arrays)}.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def _check_header_size(path: Path) -> None:
    """Refuse a header that is longer than its file, or than any valid one, before it is read."""
    with files.opened(path) as file:
        first = files.read_exactly(file, 8, path)
        size, start = int.from_bytes(first, "little"), first + file.read(512)
    if size > min(MAX_HEADER, path.stat().st_size):
        is_text = not set(start) & {0, 255}  # no text has these
        from handgrad.data.tables.formats import kind_of  # it brings all readers of tables

        if (kind := kind_of(path)) != "table" or is_text:
            raise RunError(
                f"{path} is {_KINDS.get(kind, 'a file of arrays')}, not a model",
                "a run folder or a model file",
                "name the run first, and the data after it",
            )
        raise damaged(path, f"it declares a header of {size} bytes")


def _read_header(path: Path, metadata: dict[str, str] | None) -> dict[str, Any]:
    """Parse the ``handgrad`` entry of the header; check its version and its keys."""
    if "handgrad" not in (metadata or {}):
        raise RunError(
            f"{path} has no handgrad entry in its header", "a model written by handgrad", "choose another file"
        )
    try:
        header = parse_json((metadata or {})["handgrad"])
    except ValueError as error:
        raise damaged(path, f"its header is not JSON ({error})") from error
    version = header.get("format") if isinstance(header, dict) else None
    if (kind := version if type(version) is int else 0) > FORMAT:
        raise RunError(f"{path} has format {kind}", f"format {FORMAT}", "install a newer handgrad")
    keys = {"network", "class_names", "scaling", "image_shape", "dataset"}
    either, of_network = (keys, keys | {"columns"}), {"layer_sizes", "activation", "loss"}
    described = {1: either[:1], 2: either[1:], 3: either, 4: either}
    attached = {"attached"} if kind == 3 or (kind == FORMAT and "attached" in header) else set()
    if (
        kind not in described
        or not _has_keys(header, {"format", "sha256", "model"} | attached)
        or not any(_has_keys(header["model"], known) for known in described[kind])
        or not _has_keys(header["model"]["network"], of_network | ({"normalisation"} if kind == FORMAT else set()))
        or not isinstance(header.get("attached", {}), dict)
    ):
        raise damaged(path, "its header has missing or unknown entries")
    found: dict[str, Any] = header
    return found


def _has_keys(content: Any, keys: set[str]) -> bool:
    return isinstance(content, dict) and set(content) == keys


def _read_network(path: Path, content: dict[str, Any]) -> MLP:
    """Build the network, after checking the types of all values."""
    layer_sizes, activation, loss = content["layer_sizes"], content["activation"], content["loss"]
    if not isinstance(layer_sizes, list) or not all(type(size) is int for size in layer_sizes[:MAX_LAYERS]):
        raise damaged(path, f"its layer sizes are {str(layer_sizes)[:80]}")
    if len(layer_sizes) > MAX_LAYERS:
        raise damaged(path, f"it has {len(layer_sizes):,} layer sizes, more than {MAX_LAYERS:,}")
    if not (isinstance(activation, str) or _are_names(activation)):
        raise damaged(path, "its activations are not names")
    of_layers = activation if isinstance(activation, str) else tuple(activation)
    normalisation = content.get("normalisation")
    if not isinstance(normalisation, str | None):
        raise damaged(path, "its normalisation is not a name")
    return MLP(tuple(layer_sizes), of_layers, _read_loss(path, loss), normalisation)


def _are_names(content: Any) -> bool:
    return isinstance(content, list) and all(isinstance(name, str) for name in content)


def _check_tensors(path: Path, file: Any, network: MLP) -> tuple[np.dtype[Any], list[str]]:
    """Compare the names, shapes and types of tensors with the network, before any number is read; name the others."""
    shapes = {name: list(shape) for name, shape in network.shapes.items()}
    names = set(file.keys())
    if less := sorted(set(shapes) - names):
        raise damaged(path, f"it has no tensor {less[0]}, with layer sizes {network.layer_sizes}")
    more = sorted(names - set(shapes))
    types: dict[str, str] = {}
    for name in (*shapes, *more):
        part, wanted = file.get_slice(name), shapes.get(name)
        if wanted is not None and part.get_shape() != wanted:
            raise RunError(
                f"{path}: tensor {name} has shape {tuple(part.get_shape())}",
                f"shape {tuple(wanted)} for layer sizes {network.layer_sizes}",
                "write the model again",
            )
        types[name] = part.get_dtype()
        if types[name] not in DTYPES or types[name] != types["W.0"]:
            raise RunError(
                f"{path}: tensor {name} has type {types[name]}, W.0 {types['W.0']}",
                f"one of {', '.join(DTYPES)}, the same for all",
                "write the model again",
            )
    return DTYPES[types["W.0"]], more


def _build(path: Path, network: MLP, parameters: Parameters, content: dict[str, Any]) -> Model:
    """Build the model, after checking the types of all values."""
    names, shape, dataset = content["class_names"], content["image_shape"], content["dataset"]
    if not _are_names(names) or not isinstance(dataset, str):
        raise damaged(path, "its class names or the name of its data set are not text")
    if shape is not None and not (isinstance(shape, list) and all(type(size) is int and size > 0 for size in shape)):
        raise damaged(path, f"its image shape is {str(shape)[:80]}")
    scaling = Scaling.from_dict(content["scaling"])
    columns = Columns.from_dict(content["columns"]) if "columns" in content else None
    shape = None if shape is None else tuple(shape)
    return Model(network, parameters, tuple(names), scaling, shape, dataset, columns)


def damaged(path: Path, what: str) -> RunError:
    """Describe a file that is not, or no longer, what it says."""
    return RunError(
        f"{path}: {what}", "a complete model file of handgrad", "write the model again, or choose another file"
    )
