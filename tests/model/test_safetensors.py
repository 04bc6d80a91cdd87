"""Model files: what is saved comes back, and nothing else is believed.

The file is long because every way to damage or forge a model file is tried.
"""

import hashlib
import json
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save
from strategies import mixed_activations

from handgrad.data import Scaling
from handgrad.data.features import Column, Columns
from handgrad.data.text.marks import Marks
from handgrad.errors import DataError, RunError, SettingError, ShapeError
from handgrad.model import Model, load_model, save_model
from handgrad.model.safetensors import FORMAT, MAX_HEADER
from handgrad.network import LOSSES, MLP, Activation, Focal, Huber, Loss, Parameters, Quantile, relu
from handgrad.network.activations import del_relu
from handgrad.parsing import parse_json


def model(
    layer_sizes: tuple[int, ...] = (4, 3, 2), loss: str = "cross_entropy", dtype=np.float32, seed: int = 0, **changes
) -> Model:
    """Build a model with random parameters and as many class names as its outputs want."""
    network = MLP(layer_sizes, "tanh", loss)
    k = layer_sizes[-1]
    names = {"classes": k, "answers": 2 if k == 1 else k, "numbers": 0}[LOSSES[loss].targets]
    shape = (2, 2) if layer_sizes[0] == 4 else None
    fields = {"scaling": Scaling(0, 255), "image_shape": shape, "dataset": "toy"} | changes
    parameters = network.initialise(seed, "glorot_normal", dtype)
    return Model(network, parameters, tuple(map(str, range(names))), **fields)


def same(first: Model, second: Model) -> bool:
    """Say whether two models agree in everything, to the bit."""
    return (
        first.network == second.network
        and first.parameters.vector.dtype == second.parameters.vector.dtype
        and first.parameters.vector.tobytes() == second.parameters.vector.tobytes()
        and (first.class_names, first.scaling, first.image_shape, first.dataset)
        == (second.class_names, second.scaling, second.image_shape, second.dataset)
    )


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Any architecture, any names, scalar or column scaling, either precision."""
    layer_sizes = tuple(draw(st.lists(st.integers(1, 5), min_size=2, max_size=5)))
    loss = draw(st.sampled_from(list(LOSSES)))
    activation = draw(st.sampled_from(["relu", mixed_activations(len(layer_sizes) - 2)]))
    network = MLP(layer_sizes, activation, loss)
    d, k = layer_sizes[0], layer_sizes[-1]
    count = {"classes": k, "answers": 2 if k == 1 else k, "numbers": 0}[LOSSES[loss].targets]
    text = st.text(st.characters(), max_size=8)
    width = draw(st.sampled_from([32, 64]))
    numbers = st.floats(allow_nan=False, allow_infinity=False, width=width)
    vector = np.array(
        draw(st.lists(numbers, min_size=network.parameter_count, max_size=network.parameter_count)), f"f{width // 8}"
    )
    low = draw(st.lists(st.floats(-1e9, 1e9), min_size=d, max_size=d))
    by_column = Scaling(tuple(low), tuple(value + draw(st.floats(0, 1e9)) for value in low))
    return Model(
        network,
        Parameters(layer_sizes, vector),
        tuple(draw(st.lists(text, min_size=count, max_size=count))),
        draw(st.sampled_from([Scaling(-0.5, 3), by_column])),
        draw(st.sampled_from([None, (1, d), (d, 1)])),
        draw(text),
    )


def rewritten(path: Path, change, sealed: bool = False) -> Path:
    """Let ``change`` alter the tensors and the header of a model file; a sealed one gets its right checksum."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["handgrad"])
    tensors = load(content)
    header = change(tensors, header) or header
    if sealed:
        described = json.dumps(header["model"], sort_keys=True).encode()
        numbers = b"".join(tensors[name].tobytes() for name in ("W.0", "b.0", "W.1", "b.1"))
        header["sha256"] = hashlib.sha256(described + numbers).hexdigest()
    path.write_bytes(save(tensors, {"handgrad": header if isinstance(header, str) else json.dumps(header)}))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Save a model of 4-3-2."""
    save_model(tmp_path / "model.safetensors", model())
    return tmp_path / "model.safetensors"


# What is saved comes back.


def test_columns_come_back(path):
    """With their categories, means and marks; a model that is older than the marks has none."""
    columns = Columns(
        "kind",
        (Column("zip", ("007", "7")), Column("price", fill=0.5, marks=Marks(",", ".")), Column("size", marks=Marks())),
        True,
    )
    save_model(path, model(columns=columns))
    assert load_model(path).columns == columns

    def age(_, header):
        for feature in header["model"]["columns"]["features"]:
            feature.pop("marks", None)

    rewritten(path, age, sealed=True)
    assert [one.marks for one in load_model(path).columns.features] == [None] * 3


@pytest.mark.parametrize(
    "marks", [None, ",", {"decimal": ","}, {"decimal": ";", "thousands": ""}, {"decimal": ",", "thousands": ","}, {}]
)
def test_lying_marks(path, marks):
    """Marks that no number has are refused."""
    save_model(path, model(columns=Columns("kind", (Column("price", ("a", "b", "c")), Column("size")), True)))
    rewritten(path, lambda _, header: header["model"]["columns"]["features"][1].update(marks=marks), sealed=True)
    with pytest.raises(RunError):
        load_model(path)


@pytest.mark.parametrize("total", ["3", 1, -3, 10**18, True])
def test_lying_totals(path, total):
    """A number of columns that cannot be that of the training table is refused."""
    columns = Columns("3", (Column("1", ("a", "b", "c")), Column("2")), False, 3)
    save_model(path, model(columns=columns))
    assert load_model(path).columns == columns
    rewritten(path, lambda _, header: header["model"]["columns"].update(total=total), sealed=True)
    with pytest.raises(RunError):
        load_model(path)


@given(models())
def test_round_trip(tmp_path_factory, original):
    """Any model comes back equal to the bit, and saving it again gives the same bytes."""
    folder = tmp_path_factory.mktemp("round", numbered=True)
    save_model(folder / "a", original)
    loaded = load_model(folder / "a")
    assert same(original, loaded)
    assert type(loaded.network.activation) is type(original.network.activation)
    save_model(folder / "b", loaded)
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()


def test_one_vector(path):
    """The parameters come back as one flat writeable vector that every W and b is a view into."""
    parameters = load_model(path).parameters
    assert parameters.vector.flags.c_contiguous
    parameters.vector[:] = 7
    for array in (*parameters.W, *parameters.b):
        assert np.shares_memory(array, parameters.vector)
        assert (array == 7).all()


def test_plain_safetensors(path):
    """Any reader of safetensors finds W.0, b.0 and so on."""
    tensors = load(path.read_bytes())
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "W.0": (4, 3),
        "b.0": (3,),
        "W.1": (3, 2),
        "b.1": (2,),
    }
    assert (tensors["W.1"] == model().parameters.W[1]).all()


def test_replaces_whole(path):
    """Saving over a model replaces it, and leaves nothing beside it."""
    other = model((4, 2), dtype=np.float64, seed=1)
    save_model(path, other)
    assert same(load_model(path), other)
    assert list(path.parent.iterdir()) == [path]


def test_failed_save_keeps_the_old(path, refused):
    """A model that cannot be saved leaves the file that was there."""
    broken = model()
    broken.parameters.vector[3] = np.nan
    with refused(RunError, "NaN"):
        save_model(path, broken)
    assert same(load_model(path), model())
    assert list(path.parent.iterdir()) == [path]


def test_save_refuses_other_numbers(tmp_path, refused):
    """Parameters in float16 are refused by name."""
    network = MLP((1, 2))
    half = Model(network, Parameters((1, 2), np.zeros(4, np.float16)), ("a", "b"), Scaling(0, 1), None, "toy")
    with refused(RunError, "float16"):
        save_model(tmp_path / "m", half)


def test_save_refuses_what_it_cannot_describe(tmp_path, refused, monkeypatch):
    """A network that does more than an MLP, and a description that could not be read back."""

    class More(MLP):
        pass

    network = More((1, 2))
    more = Model(network, network.initialise(0), ("a", "b"), Scaling(0, 1), None, "toy")
    with refused(RunError, "cannot describe"):
        save_model(tmp_path / "m", more)
    monkeypatch.setattr("handgrad.model.safetensors.MAX_HEADER", 100)
    with refused(RunError, "a description of"):
        save_model(tmp_path / "m", model())
    assert list(tmp_path.iterdir()) == []


def test_save_needs_a_folder(tmp_path, refused):
    """A folder that is not there is named."""
    with refused(RunError, "nowhere"):
        save_model(tmp_path / "nowhere" / "m", model())


# Nothing else is believed.


@pytest.mark.parametrize("seed", range(3))
def test_every_truncation(path, seed):
    """No beginning of a model file is a model, and all it raises is RunError."""
    content = path.read_bytes()
    for size in range(seed, len(content), 3):
        path.write_bytes(content[:size])
        with pytest.raises(RunError):
            load_model(path)


def test_flipped_bytes(path):
    """A file with some bytes changed is refused with RunError, or still the same model."""
    content, original, rng = path.read_bytes(), model(), np.random.default_rng(0)
    messages = []
    for _ in range(600):
        changed = np.frombuffer(content, np.uint8).copy()
        where = rng.integers(len(changed), size=rng.integers(1, 4))
        changed[where] ^= rng.integers(1, 256, len(where), dtype=np.uint8)
        path.write_bytes(changed.tobytes())
        try:
            loaded = load_model(path)
        except RunError as error:
            messages.append(str(error))
        else:
            assert same(loaded, original)
    assert len(messages) > 500
    assert all(str(path) in message for message in messages)


def test_deep_headers(path):
    """However deeply its header is nested, a file is refused with RunError: parsing and hashing have two limits."""
    content = path.read_bytes()
    for depth in (100, 700, *range(970, 1000), *range(9_990, 10_000), 10**5):

        def nest(_, header, depth=depth):
            header["format"] = 3
            return f'{json.dumps(header)[:-1]}, "attached": {{"a": {"[" * depth}{"]" * depth}}}}}'

        path.write_bytes(content)
        with pytest.raises(RunError):
            load_model(rewritten(path, nest))


@given(st.binary(max_size=300))
def test_garbage(tmp_path_factory, content):
    """Any bytes are refused with RunError."""
    path = tmp_path_factory.getbasetemp() / "garbage"
    path.write_bytes(content)
    with pytest.raises(RunError):
        load_model(path)


def test_no_pickle(tmp_path):
    """A pickle that would run code is refused, and does not run."""

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    (tmp_path / "m").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(RunError):
        load_model(tmp_path / "m")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("size", [MAX_HEADER + 1, 2**40, 2**63, 2**64 - 1])
def test_huge_header(tmp_path, refused, size):
    """A header that promises more than the file holds is refused before anything is read."""
    (tmp_path / "m").write_bytes(struct.pack("<Q", size) + b"{}" * 50)
    with refused(RunError, str(size)):
        load_model(tmp_path / "m")


def test_the_folder_of_a_run_stands_for_its_model(path):
    """As on the command line, a run need not be told from the file in it."""
    assert same(load_model(path.parent), model())


@pytest.mark.parametrize("name", ["nothing", "."])
def test_no_such_file(tmp_path, refused, name):
    """A path to nothing, or to a folder without a model, is named."""
    with refused(RunError, str(tmp_path / name)):
        load_model(tmp_path / name)


def test_foreign_safetensors(tmp_path, refused):
    """A safetensors file of another program is told apart."""
    (tmp_path / "m").write_bytes(save({"W.0": np.zeros((2, 2))}))
    with refused(RunError, "no handgrad entry"):
        load_model(tmp_path / "m")


def test_newer_format(path, refused):
    """A file of a later version says so."""
    rewritten(path, lambda _, header: header.update(format=FORMAT + 1))
    with refused(RunError, "format 4", "newer handgrad"):
        load_model(path)


def test_lying_shape(path, refused):
    """A tensor of another shape than the layer sizes ask for is named, with both shapes."""
    rewritten(path, lambda tensors, _: tensors.update({"W.1": np.zeros((2, 3), np.float32)}))
    with refused(RunError, "W.1", "(2, 3)", "(3, 2)"):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "tensor", "piece"),
    [
        ("b.0", np.zeros(3), "F64"),
        ("W.0", np.zeros((4, 3), np.int32), "I32"),
        ("b.1", np.zeros(2, np.float16), "F16"),
        ("b.2", np.zeros(2, np.float32), "'b.2'"),
    ],
)
def test_lying_tensors(path, refused, name, tensor, piece):
    """Tensors of another type, or one too many, are named."""
    rewritten(path, lambda tensors, _: tensors.update({name: tensor}))
    with refused(RunError, name, piece):
        load_model(path)


def test_missing_tensor(path, refused):
    """A tensor that is not there is named."""
    rewritten(path, lambda tensors, _: tensors.pop("b.1") is None)
    with refused(RunError, "no tensor b.1"):
        load_model(path)


@pytest.mark.parametrize("index", [0, 11])
def test_changed_number(path, refused, index):
    """A single changed weight breaks the checksum."""

    def change(tensors, _):
        tensors["W.0"].flat[index] += 1e-3

    rewritten(path, change)
    with refused(RunError, "checksum"):
        load_model(path)


def test_changed_name(path, refused):
    """A single changed class name breaks the checksum."""
    rewritten(path, lambda _, header: header["model"].update(class_names=["0", "7"]))
    with refused(RunError, "checksum"):
        load_model(path)


@pytest.mark.parametrize(
    "header",
    [
        "[" * 100_000,
        "NaN",
        "null",
        "{}",
        '{"format": 1}',
        '{"format": ' + "9" * 5000 + "}",
        '{"format": 1, "sha256": 3, "model": []}',
        '{"format": 1, "sha256": "", "model": {"network": 1, "class_names": 1, "scaling": 1, "image_shape": 1, '
        '"dataset": 1}}',
    ],
)
def test_lying_header(path, header):
    """A header that is no JSON, or other JSON, is refused."""
    rewritten(path, lambda *_: header)
    with pytest.raises(RunError):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"layer_sizes": [4, 3]},
        {"layer_sizes": [10**9, 10**9, 10**9]},
        {"layer_sizes": [4, 3.0, 2]},
        {"layer_sizes": [True, 3, 2]},
        {"layer_sizes": [4, -3, 2]},
        {"layer_sizes": "432"},
        {"layer_sizes": []},
        {"activation": "no such"},
        {"activation": [["tanh"]]},
        {"activation": ["tanh", "tanh"]},
        {"activation": 1},
        {"loss": "no such"},
        {"loss": ["cross_entropy"]},
    ],
)
def test_lying_network(path, change):
    """Networks that do not exist, or do not fit the tensors, are refused."""
    rewritten(path, lambda _, header: header["model"]["network"].update(change))
    with pytest.raises(RunError):
        load_model(path)


@pytest.mark.parametrize("size", [0, 1, 7])
def test_two_million_layers(path, size):
    """They are counted, and neither built nor printed."""
    rewritten(path, lambda _, header: header["model"]["network"].update(layer_sizes=[size] * 2_000_000))
    with pytest.raises(RunError, match="2,000,000 layer sizes") as caught:
        load_model(path)
    assert len(str(caught.value)) < 500


def test_many_layers_are_not_printed(path):
    """The message shows the first layer sizes only."""
    rewritten(path, lambda _, header: header["model"]["network"].update(layer_sizes=[4] * 9_000))
    with pytest.raises(RunError, match="it has no tensor") as caught:
        load_model(path)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("version", [{}, [], None, "1", 1.0, True, -1])
def test_a_format_that_is_no_number(path, version):
    """A version of any other type is refused."""
    rewritten(path, lambda _, header: header.update(format=version))
    with pytest.raises(RunError, match="missing or unknown entries"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"class_names": ["a"]},
        {"class_names": [1, 2]},
        {"class_names": "ab"},
        {"image_shape": [2, 3]},
        {"image_shape": [-2, -2]},
        {"image_shape": [2.0, 2.0]},
        {"image_shape": [4]},
        {"image_shape": []},
        {"image_shape": 4},
        {"dataset": None},
        {"scaling": None},
        {"scaling": {"minimum": 0}},
        {"scaling": {"minimum": 2, "maximum": 1}},
        {"scaling": {"minimum": [0, 0], "maximum": [1, 1]}},
        {"scaling": {"minimum": "0", "maximum": "1"}},
    ],
)
def test_lying_description(path, change):
    """Descriptions of the wrong type or length are refused, even with the right checksum."""
    rewritten(path, lambda _, header: header["model"].update(change), sealed=True)
    with pytest.raises(RunError):
        load_model(path)


def test_not_finite(path, refused):
    """Infinite numbers are refused, even with the right checksum."""
    rewritten(path, lambda tensors, _: tensors["b.0"].put(1, np.inf), sealed=True)
    with refused(RunError, "NaN or infinity"):
        load_model(path)


def test_sealed(path):
    """Another program may write a model: names, description and checksum are all that is asked for."""
    rewritten(path, lambda _, header: header["model"].update(dataset="mine", class_names=["a", "b"]), sealed=True)
    assert load_model(path).dataset == "mine"


@pytest.mark.parametrize("text", ["NaN", '{"a": -Infinity}', "[" * 100_000, "{", "1" * 5000])
def test_parse_json_refuses(text):
    """What is not JSON is a ValueError, however deep or long."""
    with pytest.raises(ValueError):  # noqa: PT011 - json's own messages
        parse_json(text)


# The model itself.


def test_predict_is_scale_then_network():
    """Outputs: predict scales raw rows in parts, and gives what the network gives for all of them at once."""
    m = model(seed=3, dtype=np.float64)
    rows = np.random.default_rng(0).integers(0, 256, (9001, 4)).astype(np.uint8)
    expected = m.network.predict(m.parameters, (rows / 255).astype(np.float32).astype(np.float64))
    outputs = m.predict(rows)
    assert outputs.dtype == np.float64
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)
    assert (m.classify(rows) == expected.argmax(axis=1)).all()


def test_predict_nothing():
    """No rows give no outputs."""
    assert model().predict(np.empty((0, 4))).shape == (0, 2)
    assert model().classify(np.empty((0, 4))).shape == (0,)


def test_classify_answers():
    """A single yes-or-no output chooses between two classes."""
    m = model((4, 1), "binary_cross_entropy")
    m.parameters.vector[:] = [1, 0, 0, 0, -0.5]
    assert m.classify([[255, 0, 0, 0], [0, 0, 0, 0]]).tolist() == [1, 0]


@pytest.mark.parametrize("arguments", [((4, 3), "squared_error"), ((4, 3), "binary_cross_entropy")])
def test_classify_refuses(refused, arguments):
    """Outputs that choose no single class are refused."""
    with refused(SettingError, arguments[1], "predict"):
        model(*arguments).classify(np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("rows", "kind", "piece"),
    [
        (np.zeros((2, 5)), ShapeError, "(2, 5)"),
        (np.zeros(4), ShapeError, "(4,)"),
        (np.array([["a"] * 4]), DataError, "dtype"),
        (np.full((1, 4), 1j), DataError, "complex"),
        (np.array([[0, 0, 0, 0], [0, 0, np.nan, 0]]), DataError, "row 1, column 2"),
    ],
)
def test_predict_refuses(refused, rows, kind, piece):
    """Rows of another shape or type, or not finite, are refused by place."""
    with refused(kind, piece):
        model().predict(rows)


@pytest.mark.parametrize(
    ("change", "piece"),
    [
        ({"class_names": ("a", "b", "c")}, "3 class names"),
        ({"parameters": Parameters((4, 2))}, "(4, 2)"),
        ({"scaling": Scaling((0, 0), (1, 1))}, "2 columns"),
        ({"image_shape": (3, 2)}, "(3, 2)"),
    ],
)
def test_pieces_must_fit(refused, change, piece):
    """A model whose pieces do not fit each other cannot be made."""
    m = model()
    fields = {name: getattr(m, name) for name in m.__dataclass_fields__}
    with refused(ShapeError, piece):
        Model(**(fields | change))


def test_imports_stay_light():
    """Neither this module nor the run folder nor reporting imports matplotlib or rich."""
    code = (
        "import sys, handgrad.model, handgrad.runs.folder, handgrad.reporting;"
        "print([name for name in ('matplotlib', 'rich', 'tomli_w') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("loss", [Quantile(0.9), Huber(2.0), Focal(1.0), Focal(0.5, "answers")], ids=str)
def test_a_loss_keeps_its_constant(tmp_path: Path, loss: Quantile | Huber | Focal) -> None:
    """A loss with a constant of one's own is read back as it was written."""
    network, names = MLP((3, 2), loss=loss), () if loss.targets == "numbers" else ("no", "yes")
    saved = Model(network, network.initialise(0, dtype=np.float32), names, Scaling(0, 1), None, "toy")
    save_model(tmp_path / "model.safetensors", saved)
    assert same(load_model(tmp_path / "model.safetensors"), saved)


@pytest.mark.parametrize(
    "network",
    [
        MLP((3, 2, 2), loss=Loss(lambda Z, y, w=None: (Z - y, w))),
        MLP((3, 2, 2), Activation(relu, del_relu), "huber"),
        MLP((3, 2, 2), (Activation(relu, del_relu),), "huber"),
    ],
    ids=["loss", "activation", "activations"],
)
def test_functions_of_ones_own_are_not_written(network: MLP, tmp_path: Path, refused) -> None:
    """They are code, which no file holds; the error says so, and nothing is written."""
    own = Model(network, network.initialise(0), (), Scaling(0, 1), None, "toy")
    with refused(RunError, "of your own", "pickle"):
        save_model(tmp_path / "model.safetensors", own)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "loss",
    [
        {"name": "quantile", "level": 2},
        {"name": "quantile", "delta": 0.5},
        {"name": "print"},
        {"level": 0.5},
        {"name": ["quantile"]},
        {"name": "huber", "delta": "1"},
        ["quantile", 0.5],
        7,
    ],
    ids=str,
)
def test_constants_of_a_loss_are_checked(loss, path: Path, refused) -> None:
    """A file whose loss has another constant, or one out of range, is refused."""

    def change(_, header):
        header["model"]["network"]["loss"] = loss

    with refused(RunError, "loss is", str(loss)[:80]):
        load_model(rewritten(path, change, sealed=True))
