"""Estimators in ONNX, scikit-learn, PyTorch and Keras predict what they predict here, and so do those that come back.

The file is long because each of the four is compared in every case.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import neural_network
from sklearn.datasets import load_iris, make_multilabel_classification

import handgrad
from handgrad import MLP, MLPClassifier, MLPRegressor
from handgrad.errors import RunError, SettingError
from handgrad.model import convert
from handgrad.model.onnx import to_onnx
from handgrad.model.steps import needed, steps_of
from handgrad.network import ACTIVATIONS, LOSSES, Activation

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, KINDS = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
LABELS = make_multilabel_classification(150, 4, n_classes=3, random_state=0)[1]
TARGETS: dict[str, Any] = {
    "classes": np.array(["setosa", "versicolor", "virginica"])[KINDS],
    "numbered": KINDS + 3,
    "binary": np.array(["no", "yes"])[(KINDS == 1).astype(int)],
    "answers": KINDS == 2,
    "single": np.full(150, "only"),
    "labels": LABELS,
    "number": X[:, 0] ** 2,
    "numbers": X[:, :3] ** 2,
}
CLASSIFIERS = [case for case in TARGETS if not case.startswith("number") or case == "numbered"]
SHAPES: list[dict[str, Any]] = [
    {"hidden_layer_sizes": (), "activation": "relu"},
    {"hidden_layer_sizes": (5, 4), "activation": ("gelu", "leaky_relu")},
]


def fitted(case: str, dtype: Any = np.float64, **parameters: Any) -> Any:
    """Fit a small estimator of some kind."""
    kind = MLPClassifier if case in CLASSIFIERS else MLPRegressor
    settings: dict[str, Any] = {"solver": "lbfgs", "max_iter": 5, "random_state": 0} | parameters
    return kind(**settings).fit(X.astype(dtype), TARGETS[case])


def predicted(model: Any, rows: Any = X) -> Any:
    """Predict probabilities (n, classes), or numbers (n, outputs)."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(rows)
    return model.predict(rows).reshape(len(rows), -1)


def network_outputs(model: Any) -> Any:
    """Return what a model predicts, of two classes only the probability of the second."""
    return predicted(model)[:, 1:] if model.n_outputs_ == 1 and hasattr(model, "classes_") else predicted(model)


@pytest.fixture(scope="module")
def runtime() -> ModuleType:
    """Return onnxruntime."""
    pytest.importorskip("onnx", reason="onnx is not installed")
    return pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def run(runtime: ModuleType, model: Any, rows: Any) -> dict[str, Any]:
    """Compute the outputs of a model in ONNX, by name."""
    content = model if isinstance(model, str) else model.SerializeToString()
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, {"X": rows}), strict=True))


# ONNX.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("case", TARGETS)
def test_onnx_predicts_the_same(case: str, shape: dict[str, Any], dtype: Any, runtime: ModuleType) -> None:
    """Labels and probabilities of classes, 0 and 1 of several labels, and numbers, of any number of rows."""
    model = fitted(case, dtype, **shape)
    rows = X.astype(dtype)
    for some in (rows, rows[:1]):
        found = run(runtime, model.to_onnx(), some)
        if case in CLASSIFIERS:
            assert list(found) == ["label", "probabilities"]
            assert_array_equal(found["label"], model.predict(some))
        else:
            assert list(found) == ["variable"]
        outputs = found["probabilities" if case in CLASSIFIERS else "variable"]
        assert outputs.dtype == dtype
        assert_allclose(outputs, predicted(model, some), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_onnx_has_each_activation(activation: str, dtype: Any, runtime: ModuleType) -> None:
    """Far from 0 as well as near it."""
    network = MLP((1, 1, 1), activation, "squared_error")
    parameters = handgrad.Parameters((1, 1, 1), np.array([1, 0, 1, 0], dtype))
    rows = np.array([-1e4, -30, -3, -1, -1e-3, 0, 1e-3, 1, 3, 30, 1e4], dtype)[:, None]
    found = run(runtime, to_onnx(network, parameters), rows)["variable"]
    assert_allclose(found, network.predict(parameters, rows), rtol=1e-5, atol=1e-6)


def test_onnx_in_a_file(runtime: ModuleType, tmp_path: Path, refused: Any) -> None:
    """The file is what the method returns; its folder must be there."""
    model = fitted("classes")
    returned = model.to_onnx(tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == returned.SerializeToString()
    found = run(runtime, str(tmp_path / "model.onnx"), X)
    assert_array_equal(found["label"], model.predict(X))
    with refused(RunError, "nowhere"):
        model.to_onnx(tmp_path / "nowhere" / "model.onnx")


@pytest.mark.parametrize("classes", [[0.5, 1.5], [2**63, 1], [np.inf, 1.0], [1, 2, 3]], ids=str)
def test_onnx_has_no_such_labels(classes: list[Any], refused: Any) -> None:
    """Fractions, numbers beyond int64, or more labels than outputs."""
    pytest.importorskip("onnx", reason="onnx is not installed")
    network = MLP((1, 1), loss="binary_cross_entropy")
    with refused(SettingError):
        to_onnx(network, network.initialise(0), labels=np.array(classes))


# PyTorch.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("case", TARGETS)
def test_torch_predicts_the_same(case: str, shape: dict[str, Any], dtype: Any, torch: ModuleType) -> None:
    """A module gives the probabilities, or the numbers; what is read back from it predicts the same again."""
    model = fitted(case, dtype, **shape)
    module = model.to_torch()
    with torch.no_grad():
        found = module(torch.from_numpy(X.astype(dtype))).numpy()
    assert found.dtype == dtype
    assert_allclose(found, network_outputs(model), atol=1e-6 if dtype == np.float64 else 1e-5)
    if case != "single":
        back = type(model).from_torch(module, getattr(model, "classes_", None))
        assert_array_equal(predicted(back, X.astype(dtype)), predicted(model, X.astype(dtype)))


@pytest.mark.usefixtures("keras")
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_torch_and_keras_have_each_activation(activation: str, torch: ModuleType) -> None:
    """With the same values, forth and back."""
    model = fitted("classes", hidden_layer_sizes=(6,), activation=activation)
    network, parameters = model._network, model._state.parameters
    for found, read in [
        (convert.to_torch(network, parameters), convert.from_torch),
        (convert.to_keras(network, parameters), convert.from_keras),
    ]:
        outputs = found(torch.from_numpy(X)).detach().numpy()
        assert_allclose(outputs, model.predict_proba(X), atol=1e-6)
        other, numbers = read(found)
        assert (other.activations, other.loss) == (network.activations, network.loss)
        assert_array_equal(numbers.vector, parameters.vector)


def test_what_torch_has_trained_is_taken_over(torch: ModuleType) -> None:
    """Logits become probabilities of the classes in their order; training goes on here."""
    nn = torch.nn
    torch.manual_seed(0)
    rows = torch.from_numpy(X)
    body = [nn.Linear(4, 6), nn.Dropout(0.5), nn.Tanh()]
    for outputs, classes in [(3, ["setosa", "virginica", "versicolor"]), (2, ["yes", "no"]), (1, ["yes", "no"])]:
        module = nn.Sequential(nn.Sequential(*body), nn.Linear(6, outputs, bias=outputs != 3)).double().eval()
        with torch.no_grad():
            logits = module(rows).numpy()
        expected = np.exp(np.hstack([0 * logits, logits]) if outputs == 1 else logits)
        expected /= expected.sum(axis=1, keepdims=True)
        model = MLPClassifier.from_torch(module, classes)
        assert model.classes_.tolist() == sorted(classes)
        assert_allclose(model.predict_proba(X), expected[:, np.argsort(classes)], atol=1e-12)
        y = np.array(classes)[KINDS % len(classes)]
        for _ in range(5):
            model.partial_fit(X, y)
        assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_a_sigmoid_at_the_end_answers_several_questions(torch: ModuleType) -> None:
    """It is a multilabel problem, whatever the labels are called."""
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Sigmoid())
    model = MLPClassifier.from_torch(module)
    assert set(np.unique(model.predict(X))) <= {0, 1}
    assert model.predict(X).shape == (150, 3)
    assert model.partial_fit(X, LABELS).t_ == 150


def test_what_torch_has_and_we_have_not_is_named(torch: ModuleType, refused: Any) -> None:
    """By the module, with its settings."""
    nn = torch.nn
    linear, end = nn.Linear(4, 3), nn.Linear(3, 3)
    for modules, piece in [
        ((linear, nn.GELU("tanh"), end), "GELU(approximate='tanh')"),
        ((linear, nn.LeakyReLU(0.2), end), "LeakyReLU(negative_slope=0.2)"),
        ((linear, nn.BatchNorm1d(3), end), "BatchNorm1d"),
        ((linear, nn.Softmax(dim=1), end), "softmax"),
        ((linear, nn.ReLU(), nn.Tanh(), end), "tanh after relu"),
        ((nn.ReLU(), linear), "at the beginning"),
        ((linear, nn.ReLU()), "relu at the end"),
        ((linear, linear), "a layer of 4 inputs after one of 3 outputs"),
        ((linear.half(),), "float16"),
        ((nn.Linear(4, 3).bfloat16(),), "float16"),
        ((), "no linear layer"),
    ]:
        with refused(SettingError, piece):
            MLPClassifier.from_torch(nn.Sequential(*modules))
    with torch.no_grad():
        end.weight[0, 0] = torch.nan
    with refused(SettingError, "NaN"):
        MLPClassifier.from_torch(end)
    with refused(SettingError, "numbers"):
        MLPRegressor.from_torch(nn.Sequential(nn.Linear(4, 3), nn.Sigmoid()))
    for classes in (["a", "b"], ["a", "b", "b"]):
        with refused(SettingError, "for 3 outputs"):
            MLPClassifier.from_torch(nn.Linear(4, 3), classes)
    with refused(SettingError, "classes"):
        MLPRegressor.from_torch(nn.Linear(4, 3), ["a", "b", "c"])


# Keras.


@pytest.mark.usefixtures("keras")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ["classes", "binary", "labels", "numbers"])
def test_keras_predicts_the_same(case: str, dtype: Any, torch: ModuleType) -> None:
    """Probabilities or numbers, forth and back."""
    for shape in SHAPES:
        model = fitted(case, dtype, **shape)
        found = model.to_keras()
        outputs = found(torch.from_numpy(X.astype(dtype))).detach().numpy()
        assert outputs.dtype == dtype
        assert_allclose(outputs, network_outputs(model), atol=1e-6 if dtype == np.float64 else 1e-5)
        back = type(model).from_keras(found, getattr(model, "classes_", None))
        assert_array_equal(predicted(back, X.astype(dtype)), predicted(model, X.astype(dtype)))


def test_what_keras_has_and_we_have_not_is_named(keras: ModuleType, refused: Any) -> None:
    """By the layer; and a model must have its weights."""
    layers = keras.layers
    for some, piece in [
        ([layers.Dense(3, activation="leaky_relu")], "leaky_relu"),  # with another slope
        ([layers.Dense(3, activation=abs)], "abs"),
        ([layers.Dense(3), layers.ReLU(max_value=6)], "ReLU"),
        ([layers.Dense(3), layers.BatchNormalization()], "BatchNormalization"),
    ]:
        with refused(SettingError, piece):
            MLPClassifier.from_keras(keras.Sequential([keras.Input((4,)), *some, layers.Dense(3)]))
    with refused(SettingError, "without weights"):
        MLPClassifier.from_keras(keras.Sequential([layers.Dense(3)]))
    with refused(SettingError, "no counterpart"):
        MLPClassifier.from_keras("a model")
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, use_bias=False), layers.Dropout(0.5), layers.ReLU(), layers.Dense(3)]
    )
    assert MLPClassifier.from_keras(model).n_layers_ == 3


# scikit-learn.


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("case", TARGETS)
def test_sklearn_predicts_the_same_and_goes_on(case: str, solver: str) -> None:
    """Its estimator predicts the same, can be trained further, and comes back as it was."""
    model = fitted(case, solver=solver, hidden_layer_sizes=(5,), activation="logistic")
    twin = model.to_sklearn()
    assert type(twin).__module__.startswith("sklearn.")
    if case in CLASSIFIERS:
        assert_array_equal(twin.predict(X), model.predict(X))
    assert_allclose(predicted(twin), predicted(model), atol=1e-12)
    back = type(model).from_sklearn(twin)
    assert back.get_params() == model.get_params()
    assert_array_equal(predicted(back), predicted(model))
    for name in ("loss_", "n_iter_", "t_", "loss_curve_", "best_loss_", "out_activation_"):
        assert getattr(back, name) == getattr(model, name), name
    if solver != "lbfgs":
        for one in (twin, back):
            assert one.partial_fit(X, TARGETS[case]).t_ == 900


def test_what_sklearn_has_trained_is_taken_over(refused: Any) -> None:
    """With early stopping, a data frame's names and float32; only what is fitted, and of the same kind."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcd"))
    theirs = neural_network.MLPClassifier((5,), early_stopping=True, max_iter=5, random_state=0)
    ours = MLPClassifier.from_sklearn(theirs.fit(table, TARGETS["classes"]))
    assert_allclose(ours.predict_proba(table), theirs.predict_proba(table), atol=1e-12)
    assert ours.validation_scores_ == theirs.validation_scores_
    assert ours.coefs_[0] is not theirs.coefs_[0]
    assert not np.shares_memory(ours.coefs_[0], theirs.coefs_[0])
    single = neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=5).fit(
        X.astype(np.float32), X[:, 0].astype(np.float32)
    )
    assert MLPRegressor.from_sklearn(single).coefs_[0].dtype == np.float32
    with refused(SettingError, "MLPRegressor"):
        MLPClassifier.from_sklearn(single)
    with pytest.raises(ValueError, match="not fitted"):
        MLPRegressor.from_sklearn(neural_network.MLPRegressor())


def test_what_sklearn_does_not_have_is_named(refused: Any) -> None:
    """An activation, several of them, or a loss."""
    with refused(SettingError, "gelu"):
        fitted("classes", activation="gelu").to_sklearn()
    with refused(SettingError, "tanh"):
        fitted("classes", hidden_layer_sizes=(3, 3), activation=["tanh", "relu"]).to_sklearn()
    with refused(SettingError, "huber"):
        fitted("number", loss="huber").to_sklearn()


# All of them.


def test_four_times_the_same_probabilities(runtime: ModuleType, torch: ModuleType, tmp_path: Path) -> None:
    """Of a fitted model, of the loaded one in a fresh process, of ONNX, and of PyTorch."""
    model = fitted("classes", hidden_layer_sizes=(8, 6), activation=("elu", "softplus"))
    expected = model.predict_proba(X)
    model.save(tmp_path / "model.safetensors")
    code = (
        "import numpy, handgrad\n"
        "model = handgrad.MLPClassifier.load('model.safetensors')\n"
        "numpy.save('predicted.npy', model.predict_proba(numpy.load('X.npy')))\n"
    )
    np.save(tmp_path / "X.npy", X)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    assert_array_equal(np.load(tmp_path / "predicted.npy"), expected)
    assert_allclose(run(runtime, model.to_onnx(), X)["probabilities"], expected, atol=1e-5)
    assert_allclose(model.to_torch()(torch.from_numpy(X)).detach().numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("method", ["to_onnx", "to_torch", "to_keras", "to_sklearn", "summary"])
def test_only_the_fitted_can_be_converted(method: str) -> None:
    """With the error of scikit-learn, which is a ValueError."""
    with pytest.raises(ValueError, match="not fitted"):
        getattr(MLPClassifier(), method)()


@dataclass(frozen=True)
class Scaled(MLP):
    """A network that does more than others."""

    scale: float = 1.0


def test_what_is_not_known_is_refused(strict: ModuleType, refused: Any) -> None:
    """A loss or a part of a network that nothing is known of, and parameters of another library."""
    network = MLP((2, 2))
    parameters = network.initialise(0)
    with refused(SettingError, "scale is 2.0"):
        steps_of(Scaled((2, 2), scale=2.0), parameters)
    with refused(SettingError, "a NumPy array"):
        steps_of(network, handgrad.Parameters((2, 2), strict.zeros(6)))
    with refused(SettingError, "normalisation is 'layer'"):
        steps_of(MLP((2, 2), normalisation="layer"), parameters)
    own = MLP((2, 2, 2), Activation(np.sin, lambda Z, H: np.cos(Z)))  # noqa: ARG005 - as every derivative
    with refused(SettingError, "Activation", "one of identity"):
        steps_of(own, own.initialise(0))


def test_each_loss_says_what_its_outputs_are() -> None:
    """As the network itself computes them: the logits are compared with the predictions."""
    functions = {
        "softmax": lambda Z: np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True),
        "sigmoid": lambda Z: 1 / (1 + np.exp(-Z)),
        "identity": lambda Z: Z,
        "exp": np.exp,
    }
    for loss, criterion in LOSSES.items():
        network = MLP((4, 3), loss=loss)
        parameters = network.initialise(0)
        logits, _ = network.forward(parameters, X)
        assert_allclose(network.predict(parameters, X), functions[criterion.out_activation](logits), atol=1e-12)


@pytest.mark.parametrize("case", ["classes", "number"])
def test_a_batch_normalisation_becomes_part_of_its_layer(case: str, runtime: ModuleType, torch: ModuleType) -> None:
    """It is linear in prediction, and thus needs no operator of its own."""
    model = fitted(case, normalisation="batch", hidden_layer_sizes=(5, 4), solver="adam", max_iter=5)
    name = "probabilities" if case == "classes" else "variable"
    assert_allclose(run(runtime, model.to_onnx(), X)[name], predicted(model), atol=1e-6)
    assert_allclose(model.to_torch()(torch.tensor(X)).detach().numpy(), predicted(model), atol=1e-12)
    assert_allclose(predicted(model.to_sklearn()), predicted(model), atol=1e-12)


def test_a_layer_normalisation_is_refused_by_scikit_learn_too(refused: Any) -> None:
    """It would predict something else."""
    with refused(SettingError, "normalisation is 'layer'"):
        fitted("classes", normalisation="layer").to_sklearn()


def test_counts(runtime: ModuleType, refused: Any) -> None:
    """A Poisson regression is exported with its exponential, and taken over from scikit-learn and back."""
    counts = np.arange(150) % 5
    model = MLPRegressor("poisson", (5,), solver="lbfgs", max_iter=20, random_state=0).fit(X, counts)
    assert_allclose(run(runtime, model.to_onnx(), X)["variable"], predicted(model), rtol=1e-6)
    assert_allclose(predicted(model.to_sklearn()), predicted(model), rtol=1e-12)
    assert_allclose(predicted(MLPRegressor.from_sklearn(model.to_sklearn())), predicted(model), rtol=1e-12)
    with refused(SettingError, "the activation exp", "to_onnx"):
        model.to_torch()


def test_a_missing_library_is_named(refused: Any) -> None:
    """With the command that installs it."""
    with refused(SettingError, "ONNX is not installed", "pip install onnx"), needed("ONNX", "pip install onnx"):
        import no_such_library  # noqa: F401


def test_a_summary_counts() -> None:
    """Every layer has a line, and the parameters add up."""
    lines = fitted("labels", hidden_layer_sizes=(1000, 4), activation=("gelu", "tanh")).summary().splitlines()
    assert [line.split() for line in lines[1:-1]] == [
        ["hidden", "1", "4", "1,000", "gelu", "5,000"],
        ["hidden", "2", "1,000", "4", "tanh", "4,004"],
        ["output", "4", "3", "sigmoid", "15"],
    ]
    assert lines[-1] == "9,019 parameters in float64, loss binary_cross_entropy, solver lbfgs"
