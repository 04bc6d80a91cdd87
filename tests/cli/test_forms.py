"""``handgrad train --data FILE`` on MNIST in each of its common forms: equal inputs, so equal networks, bit by bit."""

import gzip
import io
import json
import os
import pickle
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from sklearn.datasets import load_digits

from handgrad.cli import main
from handgrad.data.arrays.idx import FILES, read_idx, write_idx
from handgrad.model import load_model

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
TRAINING, TEST = 2000, 500


@pytest.fixture(scope="module")
def images() -> Arrays:
    """Return images of 28x28 and labels of both sets, class by class: MNIST's if it is there, or enlarged digits."""
    root = Path(os.environ.get("HANDGRAD_DATA") or "/nowhere") / "mnist"
    if root.is_dir():
        X, y, X_test, y_test = (read_idx(root / f"{name}.gz") for name in FILES)
    else:
        raw, y = load_digits(return_X_y=True)
        X = np.pad(np.kron(raw.reshape(-1, 8, 8), np.ones((3, 3))) * 255 // 16, ((0, 0), (2, 2), (2, 2))).astype(
            np.uint8
        )
        X, y, X_test, y_test = X[:1500], y[:1500].astype(np.uint8), X[1500:], y[1500:].astype(np.uint8)
    parts = []
    for A, b, count in ((X, y, TRAINING), (X_test, y_test, TEST)):
        order = np.argsort(b[:count], kind="stable")
        parts += [A[order], b[order]]
    return tuple(parts)


def write_four(folder: Path, names: list[str], arrays: Arrays) -> Path:
    """Write four IDX files."""
    for name, array in zip(names, arrays, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_idx(folder / name, array)
    return folder


def save(folder: Path, names: tuple[str, ...], arrays: tuple[np.ndarray, ...]) -> Path:
    """Write arrays under names as .npz."""
    np.savez(folder / "set.npz", **dict(zip(names, arrays, strict=True)))
    return folder / "set.npz"


def write_png_folders(folder: Path, arrays: Arrays) -> Path:
    """Write each image as a picture in the folder of its class."""
    for part, X, y in (("training", *arrays[:2]), ("testing", *arrays[2:])):
        for number, (image, label) in enumerate(zip(X, y, strict=True)):
            place = folder / "mnist_png" / part / str(label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number:05}.png")
    return folder / "mnist_png"


def write_tar(folder: Path, arrays: Arrays) -> Path:
    """Pack the pictures."""
    with tarfile.open(folder / "mnist_png.tar.gz", "w:gz") as tar:
        tar.add(write_png_folders(folder, arrays), "mnist_png")
    return folder / "mnist_png.tar.gz"


def write_csv(path: Path, X: np.ndarray, y: np.ndarray, header: bool) -> Path:
    """Write images as rows of a table, the label first."""
    names = ",".join(["label", *(f"pixel{number}" for number in range(784))]) if header else ""
    path.parent.mkdir(exist_ok=True)
    np.savetxt(path, np.column_stack([y, X.reshape(-1, 784)]), "%d", ",", header=names, comments="")
    return path


def write_csv_pair(folder: Path, arrays: Arrays, header: bool) -> Path:
    """Write mnist_train.csv and mnist_test.csv."""
    write_csv(folder / "csv" / "mnist_train.csv", *arrays[:2], header)
    return write_csv(folder / "csv" / "mnist_test.csv", *arrays[2:], header).parent


def write_parquet(path: Path, X: np.ndarray, y: np.ndarray) -> Path:
    """Write pictures as Hugging Face does."""
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow.parquet

    cells = []
    for number, image in enumerate(X):
        Image.fromarray(image).save(target := io.BytesIO(), "PNG")
        cells.append({"bytes": target.getvalue(), "path": f"{number}.png"})
    path.parent.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(arrow.table({"image": cells, "label": arrow.array(y.astype(np.int64))}), path)
    return path


def write_parquet_pair(folder: Path, arrays: Arrays) -> Path:
    """Write train-00000-of-00001.parquet and test-00000-of-00001.parquet."""
    write_parquet(folder / "hf" / "train-00000-of-00001.parquet", *arrays[:2])
    return write_parquet(folder / "hf" / "test-00000-of-00001.parquet", *arrays[2:]).parent


def write_pickle(folder: Path, arrays: Arrays) -> Path:
    """Write mnist.pkl.gz: training, validation and test sets, scaled to 0..1 as float32."""
    X, y, X_test, y_test = arrays
    pairs = [(A.reshape(-1, 784).astype(np.float32) / np.float32(255), b.astype(np.int64)) for A, b in
             ((X[:-300], y[:-300]), (X[-300:], y[-300:]), (X_test, y_test))]  # fmt: skip
    with gzip.open(folder / "mnist.pkl.gz", "wb", 1) as file:
        pickle.dump(tuple(pairs), file, 2)
    return folder / "mnist.pkl.gz"


def write_course(folder: Path, arrays: Arrays) -> Path:
    """Write the course's file."""
    boxed = np.empty(4, object)
    boxed[:] = [array.reshape(-1, 784) if array.ndim == 3 else array for array in arrays]
    np.save(folder / "mnist.npy", boxed, allow_pickle=True)
    return folder / "mnist.npy"


def write_matlab(folder: Path, arrays: Arrays) -> Path:
    """Write mnist_all.mat: a variable for each class of each set."""
    parts = {"train": arrays[:2], "test": arrays[2:]}
    content = {f"{part}{k}": X[y == k].reshape(-1, 784) for part, (X, y) in parts.items() for k in range(10)}
    savemat(folder / "mnist_all.mat", content)
    return folder / "mnist_all.mat"


def words(arrays: Arrays, axis: int) -> tuple[np.ndarray, ...]:
    """Give the images an axis for the colours, and write the labels as texts."""
    return tuple(np.expand_dims(a, axis) if a.ndim == 3 else a.astype(str) for a in arrays)


def from_1(arrays: Arrays) -> tuple[np.ndarray, ...]:
    """Count the classes from 1."""
    return tuple(a if a.ndim == 3 else a + 1 for a in arrays)


KERAS = ("x_train", "y_train", "x_test", "y_test")
IMAGES = ("train_images", "train_labels", "test_images", "test_labels")
Write = Callable[[Path, Arrays], Path]
WITH_A_TEST_SET: dict[str, Write] = {
    "the four files": lambda folder, arrays: write_four(folder, [f"{name}.gz" for name in FILES], arrays),
    "torchvision": lambda folder, arrays: write_four(folder, [f"MNIST/raw/{name}" for name in FILES], arrays),
    "dots": lambda folder, arrays: write_four(folder, [name.replace("-idx", ".idx") for name in FILES], arrays),
    "renamed": lambda folder, arrays: write_four(folder, ["a", "b", "c", "d"], arrays),
    "a zip archive": lambda folder, arrays: Path(
        shutil.make_archive(str(folder / "set"), "zip", write_four(folder / "in", list(FILES), arrays))
    ),
    "Keras": lambda folder, arrays: save(folder, KERAS, arrays),
    "(n, 28, 28, 1)": lambda folder, arrays: save(folder, IMAGES, words(arrays, 3)),
    "(n, 1, 28, 28)": lambda folder, arrays: save(folder, IMAGES, words(arrays, 1)),
    "labels from 1": lambda folder, arrays: save(folder, KERAS, from_1(arrays)),
    "the course's file": write_course,
    "mnist.pkl.gz": write_pickle,
    "mnist_all.mat": write_matlab,
    "pictures": write_png_folders,
    "mnist_png.tar.gz": write_tar,
    "Hugging Face": write_parquet_pair,
    "two tables": lambda folder, arrays: write_csv_pair(folder, arrays, header=True),
    "two tables without a header": lambda folder, arrays: write_csv_pair(folder, arrays, header=False),
}


def write_original(folder: Path, arrays: Arrays) -> Path:
    """Write mnist-original.mat: examples in columns."""
    content = {"data": arrays[0].reshape(-1, 784).T, "label": arrays[1][None].astype(float)}
    savemat(folder / "mnist-original.mat", content)
    return folder / "mnist-original.mat"


WITHOUT: dict[str, Write] = {
    "X and y": lambda folder, arrays: save(folder, ("X", "y"), arrays[:2]),
    "data and target": lambda folder, arrays: save(folder, ("data", "target"), words(arrays, 3)[:2]),
    "Kaggle": lambda folder, arrays: write_csv(folder / "train.csv", *arrays[:2], header=True),
    "without a header": lambda folder, arrays: write_csv(folder / "train.csv", *arrays[:2], header=False),
    "mnist-original.mat": write_original,
    "Hugging Face": lambda folder, arrays: write_parquet(folder / "train.parquet", *arrays[:2]),
    "pictures": lambda folder, arrays: write_png_folders(folder, arrays) / "training",
}


def trained(path: Path, folder: Path) -> tuple[dict[str, Any], np.ndarray]:
    """Train on a file by the command, and return the summary and the weights."""
    run = folder / "run"
    command = [
        "train",
        "--data",
        str(path),
        "--preset",
        "fast",
        "--hidden",
        "64",
        "--engine",
        "numpy",
        "--threads",
        "1",
    ]
    assert main([*command, "--run", str(run)]) in (0, None)
    return json.loads((run / "summary.json").read_text()), load_model(run / "model.safetensors").parameters.vector


@pytest.mark.slow
@pytest.mark.parametrize("forms", [WITH_A_TEST_SET, WITHOUT], ids=["with a test set", "without"])
def test_every_form_of_mnist_gives_the_same_network(
    forms: dict[str, Write], images: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same examples in the same order give the same accuracy and the same weights, whatever file they come in."""
    monkeypatch.delenv("HANDGRAD_DATA", raising=False)
    figures, weights = {}, {}
    for number, (name, write) in enumerate(forms.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        summary, weights[name] = trained(write(folder, images), folder)
        figures[name] = (summary["test_accuracy"], summary["test_loss"], summary["train_accuracy"])
    first = next(iter(forms))
    assert figures == dict.fromkeys(forms, figures[first])
    assert [name for name in forms if not np.array_equal(weights[name], weights[first])] == []
    assert figures[first][0] > 0.7


@pytest.mark.slow
@pytest.mark.parametrize("standardise", [lambda X: (X / 255 - 0.1307) / 0.3081, lambda X: X / 127.5 - 1])
def test_standardised_images_give_almost_the_same_network(
    standardise: Callable[[np.ndarray], np.ndarray], images: Arrays, tmp_path: Path
) -> None:
    """The range of the training set is recovered but for rounding, so that the accuracy is the same."""
    X, y, X_test, y_test = images
    for name, arrays in (("plain", images), ("other", (standardise(X), y, standardise(X_test), y_test))):
        (tmp_path / name).mkdir()
        save(tmp_path / name, KERAS, arrays)
    figures = [trained(tmp_path / name / "set.npz", tmp_path / name)[0]["test_accuracy"] for name in ("plain", "other")]
    assert figures[1] == pytest.approx(figures[0], abs=0.005)
