"""Weights of classes: what they are, and that a weighted training differentiates what it says."""

from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from handgrad.network import MLP, gradcheck
from handgrad.training import Examples, TrainingSettings, TrainingState, balanced_weights, train

RNG = np.random.default_rng(0)
N = 90
X = RNG.standard_normal((N, 4))
Y = np.minimum(RNG.integers(0, 12, N), 2)  # of 90 examples, most are in class 2
WEIGHTS = balanced_weights(Y, 3)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    """A class without examples has none; the others have equal sums, and the weights of all examples the mean 1."""
    np.testing.assert_allclose(WEIGHTS, compute_class_weight("balanced", classes=np.arange(3), y=Y), rtol=1e-14)
    np.testing.assert_allclose(balanced_weights(2 * Y, 6), [WEIGHTS[0], 0, WEIGHTS[1], 0, WEIGHTS[2], 0], rtol=1e-14)
    np.testing.assert_allclose(np.bincount(Y, WEIGHTS[Y]), N / 3, rtol=1e-14)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "squared_error", "huber"])
def test_the_weighted_gradient_is_that_of_the_weighted_loss(loss: str) -> None:
    """With class weights, the gradient agrees with finite differences of the weighted mean."""
    network = MLP((4, 6, 3), "tanh", loss)

    def objective(parameters: Any) -> Any:
        return network.value_and_gradient(parameters, X, Y, sample_weight=WEIGHTS[Y])

    assert gradcheck(objective, network.initialise(seed=1)).passed


def test_the_loss_is_that_of_pytorch() -> None:
    """Value and gradient with respect to the logits are those of CrossEntropyLoss(weight), whose mean is weighted."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    Z = RNG.standard_normal((N, 3))
    value, dZ = MLP((4, 3)).loss_and_gradient(Z, Y, WEIGHTS[Y])
    theirs = torch.tensor(Z, requires_grad=True)
    loss = torch.nn.CrossEntropyLoss(torch.tensor(WEIGHTS))(theirs, torch.tensor(Y))
    loss.backward()
    assert float(value) == pytest.approx(float(loss.detach()), rel=1e-12)
    np.testing.assert_allclose(dZ, theirs.grad.numpy(), atol=1e-15)


def test_both_engines_train_with_class_weights() -> None:
    """The compiled engine and the NumPy engine arrive at the same weights, losses and accuracies."""
    pytest.importorskip("numba", reason="numba is not installed")
    network, examples, found = MLP((4, 8, 3), "relu"), Examples(X, Y, WEIGHTS[Y]), []
    for engine in ("numpy", "compiled"):
        settings = TrainingSettings("adam", learning_rate=0.01, epochs=4, batch_size=16, engine=engine)
        state = TrainingState.start(network.initialise(seed=2), settings)
        records = list(train(network, state, examples, {"test": Examples(X, Y)}, settings=settings))
        found.append((state.parameters.vector, [list(record.figures.values()) for record in records]))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9)
