"""Small files of every kind that handgrad reads, made in code, and how each is read."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import pickle
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from safetensors.numpy import load
from scipy.io import savemat

from handgrad.data import Scaling, describe, load_data, read_image, read_part, read_rows
from handgrad.data.arrays.idx import FILES, read_class_names, write_idx
from handgrad.exercises.grading.collect import find_submissions
from handgrad.exercises.grading.rubric import default_rubric_text, read_rubric
from handgrad.exercises.submission.reading import definitions, read_submission, syntax_errors
from handgrad.model import Model, load_model, save_model
from handgrad.network import MLP
from handgrad.reporting.records import read_history, to_json_line
from handgrad.runs.best import Best
from handgrad.runs.checkpoint import Checkpoint, Origin, read_checkpoint, write_checkpoint
from handgrad.runs.config import TrainConfig, read_config
from handgrad.runs.folder import write_config, write_summary
from handgrad.runs.loading import load_run, training_rows
from handgrad.runs.overview import overview
from handgrad.runs.use import predict_inputs
from handgrad.training import Record, TrainingSettings, TrainingState

NETWORK = MLP((3, 4, 2), "tanh")


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    place : str
        Its path in a folder that :func:`surroundings` made.
    content : bytes
        What is damaged: the whole file, or what is packed in it.
    read : callable
        Reads the file at a path, as a user would.
    pack : callable
        Makes the file of its content, with lengths and checksums that are right.
    """

    place: str
    content: bytes
    read: Callable[[Path], Any]
    pack: Callable[[bytes], bytes] = bytes

    def write(self, folder: Path, content: bytes) -> Path:
        """Write a file with this content, and return its path."""
        path = folder / self.place
        path.write_bytes(self.pack(content))
        return path


def a_model() -> Model:
    """Return a model of three columns."""
    return Model(NETWORK, NETWORK.initialise(0, dtype="float32"), ("no", "yes"), Scaling(0, 1), None, "toy")


def surroundings(folder: Path) -> None:
    """Write what lies beside the files: a run, a folder of images, one of arrays, and one of pictures."""
    run = folder / "run"
    for name in ("run", "idx", "arrays", "pictures/a", "pictures/b", "tables", "class", "scratch"):
        (folder / name).mkdir(parents=True)
    model = a_model()
    state = TrainingState.start(model.parameters, TrainingSettings("adam"))
    best = Best(model.parameters.vector, loss=0.5, epoch=1, step=3, left=2)
    write_checkpoint(run, Checkpoint(model, state, 0, Origin("abc", "numpy", "1.0"), best=best))
    save_model(run / "model.safetensors", model)
    write_config(run, TrainConfig().to_dict())
    write_summary(run, {"test_accuracy": 0.5, "best": [1, 2, 3]})
    records = [Record("evaluation", n, 3 * n, 0.1, n / 2, {"train_loss": 2.5, "test_accuracy": 0.5}) for n in range(3)]
    (run / "history.jsonl").write_text("".join(to_json_line(record) + "\n" for record in records))
    np.save(run / "training_rows.npy", np.arange(3, dtype=np.uint64))
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (20, 8, 8)).astype(np.uint8), np.arange(20, dtype=np.uint8) % 2
    X[0, 0, 0] = 255
    for name, array in zip(FILES, (X, y, X, y), strict=True):
        write_idx(folder / "idx" / name, array)
    (folder / "idx" / "class-names.txt").write_text("zero\none\n")
    np.save(folder / "arrays" / "X.npy", X)
    np.save(folder / "arrays" / "y.npy", y)
    for name in "ab":
        for number in range(6):
            Image.fromarray(X[number]).save(folder / "pictures" / name / f"{number}.png")
    (folder / "tables" / "train.csv").write_bytes(TABLE)
    (folder / "tables" / "test.csv").write_bytes(TABLE)


TABLE = (
    "height,width,colour,label\n"
    + "".join(f"{n},{n * n / 7:.3f},{'red' if n % 3 else 'blue'},{'no' if n % 2 else 'yes'}\n" for n in range(12))
).encode()
ROWS = b"a,b,c\n" + b"".join(b"0.%d,0.%d5,0.25\n" % (n, n) for n in range(5))
LABELLED = b"a,b,c,label\n" + b"".join(b"0.%d,0.%d5,0.25,%s\n" % (n, n, (b"no", b"yes")[n % 2]) for n in range(5))
ARFF = (
    b"% a comment\n@relation toy\n@attribute a numeric\n@attribute 'b c' {x, y}\n@attribute d string\n"
    b"@attribute label {no,yes}\n@data\n"
    + b"".join(b"%d,x,'a word',no\n%d,y,word,yes\n{0 2, 1 y, 2 w, 3 yes}\n" % (n, n) for n in range(5))
)
LIBSVM = b"".join(b"%d 1:%d.5 3:0.25 7:1 # note\n" % (n % 2, n) for n in range(12))
MODULE = (
    b"import numpy as np\n\ndef sigmoid(X):\n    '''Sigmoid.'''\n    return 1 / (1 + np.exp(-X))\n\n"
    b"class FullyConnectedNetwork:\n    def __init__(self, d):\n        self.W = np.zeros((d, 2))\n\n"
    b"fcc = FullyConnectedNetwork(3)\nprint(sigmoid(fcc.W))\n"
)
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Sheet"]},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": MODULE.decode().splitlines(keepends=True)},
        ],
    }
).encode()


def _arrays() -> tuple[Any, Any]:
    return np.arange(60, dtype=np.uint8).reshape(12, 5), np.arange(12) % 2


def npy_of(array: Any) -> bytes:
    """Return an array in NumPy's format."""
    np.save(target := io.BytesIO(), array, allow_pickle=True)
    return target.getvalue()


def _boxed() -> Any:
    box = np.empty(4, object)
    box[:] = (*_arrays(), *_arrays())
    return box


def zip_of(members: dict[str, bytes]) -> bytes:
    """Return a zip archive of these files."""
    with zipfile.ZipFile(target := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def tar_of(members: dict[str, bytes], mode: str = "w") -> bytes:
    """Return a tar archive of these files."""
    with tarfile.open(fileobj=(target := io.BytesIO()), mode=mode) as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return target.getvalue()


def picture(kind: str, **how: Any) -> bytes:
    """Return a picture of a stroke in a format of Pillow's."""
    image = Image.new("L", (30, 40), "white")
    image.paste(0, (12, 8, 18, 32))
    image.save(target := io.BytesIO(), kind, **how)
    return target.getvalue()


def png_of(header: bytes) -> bytes:
    """Return a PNG picture with this header, and the pixels of one of 30x40."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = zlib.compress((b"\0" + b"\xff" * 12 + b"\0" * 6 + b"\xff" * 12) * 40)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _matlab(**how: Any) -> bytes:
    X, y = _arrays()
    savemat(target := io.BytesIO(), {"X": X, "y": y, "more": {"a": np.eye(2), "b": "text"}}, **how)
    return target.getvalue()


def _parquet(table: bytes = TABLE) -> bytes:
    return bytes(pd.read_csv(io.BytesIO(table)).to_parquet(index=False, compression=None))


def _packed_model(whole: bytes, description: bytes) -> bytes:
    """Make a model file with another description, whose checksum is right if the description is JSON."""
    length = int.from_bytes(whole[:8], "little")
    header, numbers = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    text = description.decode("utf-8", "replace")
    try:
        described, arrays = json.loads(text), load(whole)
        vector = np.concatenate([arrays.pop(name).ravel() for name in ("W.0", "b.0", "W.1", "b.1")])
        model = described["model"]
        digest = hashlib.sha256(
            json.dumps([model, described["attached"]] if "attached" in described else model, sort_keys=True).encode()
        )
        for name, array in sorted({"": vector, **arrays}.items()):
            digest.update(name.encode() + array.tobytes())
        text = json.dumps(described | {"sha256": digest.hexdigest()})
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # no description of a model, and so without a checksum
    header["__metadata__"]["handgrad"] = text
    packed = json.dumps(header).encode()
    return struct.pack("<Q", len(packed)) + packed + numbers


def _described(whole: bytes) -> bytes:
    """Return the description in a model file."""
    length = int.from_bytes(whole[:8], "little")
    return bytes(json.loads(whole[8 : 8 + length])["__metadata__"]["handgrad"].encode())


def _load_data(path: Path) -> None:
    describe(load_data(path))


def _load_folder(path: Path) -> None:
    describe(load_data(path.parent))


def _run_of(path: Path) -> None:
    """Read a run in every way; a broken one is no error in an overview."""
    overview(path.parent)
    load_run(path.parent)


def _config(path: Path) -> None:
    try:
        TrainConfig.from_dict(read_config(path))
    finally:
        overview(path.parent)


def _history(path: Path) -> None:
    try:
        read_history(path)
    finally:
        overview(path.parent)


def _sheet(path: Path) -> None:
    submission = read_submission(path)
    definitions(submission)
    syntax_errors(submission)


def _class(path: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for found in find_submissions([path], Path(scratch)):
            if found.file is not None:
                _sheet(found.file)


def _predicted(path: Path) -> None:
    predict_inputs(path.parent / "run", [path], lambda _: None)


def _checkpoint(path: Path) -> None:
    read_checkpoint(path.parent, lambda _: None)


def kinds() -> dict[str, Kind]:
    """Return all kinds of files, by name."""
    return _data() | _pictures() | _sheets() | _runs()


def _data() -> dict[str, Kind]:
    X, y = _arrays()
    whole = {"x_train": X, "y_train": y, "x_test": X, "y_test": y}
    members = {f"{name}.npy": npy_of(array) for name, array in whole.items()}
    table, two = partial(Kind, content=TABLE, read=_load_data), {"train.csv": TABLE, "test.csv": TABLE}
    return {
        "CSV": table("a.csv"),
        "CSV in gzip": table("a.csv.gz", pack=gzip.compress),
        "gzip": table("b.csv.gz", content=gzip.compress(TABLE)),
        "bz2": table("b.csv.bz2", content=bz2.compress(TABLE)),
        "xz": table("b.csv.xz", content=lzma.compress(TABLE)),
        "CSV as another set": Kind("c.csv", LABELLED, lambda path: read_part(str(path), a_model())),
        "CSV to predict": Kind("d.csv", ROWS, _predicted),
        "CSV in UTF-16": table("e.csv", content=TABLE.decode().encode("utf-16")),
        "ARFF": Kind("a.arff", ARFF, _load_data),
        "libsvm": Kind("a.libsvm", LIBSVM, _load_data),
        "Parquet": Kind("a.parquet", _parquet(), _load_data),
        "npy of rows": Kind("rows.npy", npy_of(np.arange(12.0).reshape(4, 3)), lambda path: read_rows(path, 3)),
        "npy of objects": Kind("set.npy", npy_of(_boxed()), _load_data),
        "npy of a dict": Kind("dict.npy", npy_of(np.array(whole, object)), _load_data),
        "npy in a folder": Kind("arrays/y.npy", npy_of(np.arange(20, dtype=np.uint8) % 2), _load_folder),
        "npz": Kind("a.npz", zip_of(members), _load_data),
        "npy in npz": Kind(
            "b.npz", members["x_train.npy"], _load_data, lambda one: zip_of(members | {"x_train.npy": one})
        ),
        "names in npz": Kind(
            "c.npz", npy_of(np.array(["no", "yes"])), _load_data, lambda one: zip_of(members | {"class_names.npy": one})
        ),
        "bounds in npz": Kind(
            "d.npz",
            npy_of(np.zeros(5)),
            _load_data,
            lambda one: zip_of(members | {"minimum.npy": one, "maximum.npy": npy_of(np.ones(5))}),
        ),
        "pickle": Kind("a.pkl", pickle.dumps(((X, y), (X, y))), _load_data),
        "pickle of protocol 2": Kind("b.pkl", pickle.dumps(whole, 2), _load_data),
        "pickle in gzip": Kind("c.pkl.gz", pickle.dumps(((X, y), (X, y))), _load_data, gzip.compress),
        "MATLAB": Kind("a.mat", _matlab(), _load_data),
        "MATLAB, packed": Kind("b.mat", _matlab(do_compression=True), _load_data),
        "IDX": Kind(
            f"idx/{FILES[0]}", b"\0\0\x08\3" + struct.pack(">3I", 20, 8, 8) + bytes(range(256)) * 5, _load_folder
        ),
        "IDX to predict": Kind("idx-to-predict", b"\0\0\x08\2" + struct.pack(">2I", 4, 3) + bytes(12), _predicted),
        "class names": Kind(
            "idx/class-names.txt", b"zero\none\n", lambda path: (read_class_names(path), _load_folder(path))
        ),
        "zip": Kind("a.zip", zip_of(two), _load_data),
        "CSV in zip": Kind("b.zip", TABLE, _load_data, lambda one: zip_of(two | {"train.csv": one})),
        "tar": Kind("a.tar", tar_of(two), _load_data),
        "tar.gz": Kind("b.tar.gz", tar_of(two), _load_data, gzip.compress),
        "tar.xz": Kind("c.tar.xz", tar_of(two, "w:xz"), _load_data),
        "tables in a folder": Kind("tables/test.csv", TABLE, _load_folder),
    }


def _pictures() -> dict[str, Kind]:
    image = partial(read_image, image_shape=(28, 28))
    return {
        "picture in a folder": Kind("pictures/a/1.png", picture("PNG"), lambda path: _load_folder(path.parent)),
        "header of PNG": Kind("header.png", struct.pack(">IIBBBBB", 30, 40, 8, 0, 0, 0, 0), image, png_of),
        **{
            kind: Kind(f"one.{kind.lower()}", picture(kind, **({"quality": 80} if kind == "AVIF" else {})), image)
            for kind in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF")
        },
    }


def _sheets() -> dict[str, Kind]:
    learners = {"anna/sheet.py": MODULE, "bo/sheet.ipynb": NOTEBOOK, "c.zip": zip_of({"sheet.py": MODULE})}
    return {
        "rubric": Kind("rubric.toml", default_rubric_text().encode(), read_rubric),
        "module": Kind("a.py", MODULE, _sheet),
        "notebook": Kind("a.ipynb", NOTEBOOK, _sheet),
        "submissions": Kind("class.zip", zip_of(learners), _class),
    }


def _runs() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    with tempfile.TemporaryDirectory() as place:
        surroundings(Path(place))
        run = Path(place) / "run"
        content = {path.name: path.read_bytes() for path in run.iterdir()}
    for name, file in (("model", "model.safetensors"), ("checkpoint", "checkpoint.safetensors")):
        read = load_model if name == "model" else _checkpoint
        found[name] = Kind(f"run/{file}", content[file], read)
        found[f"description in a {name}"] = Kind(
            f"run/{file}", _described(content[file]), read, partial(_packed_model, content[file])
        )
    return found | {
        "settings": Kind("run/config.toml", content["config.toml"], _config),
        "history": Kind("run/history.jsonl", content["history.jsonl"], _history),
        "summary": Kind("run/summary.json", content["summary.json"], _run_of),
        "digests of rows": Kind(
            "run/training_rows.npy", content["training_rows.npy"], lambda path: training_rows(path.parent)
        ),
    }
