"""The hand-derived gradient against PyTorch's automatic one, in float64, on networks of PyTorch's own layers."""

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import mixed_activations, problem, problems

from handgrad.network import ACTIVATIONS, LOSSES

RELATIVE = 1e-10  # of the largest number

LOSS_NAMES = pytest.mark.parametrize("loss", list(LOSSES))


def torch_activation(torch, name):
    """PyTorch's own function of that name."""
    F = torch.nn.functional
    return {
        "identity": lambda Z: Z,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": F.relu,
        "leaky_relu": F.leaky_relu,
        "elu": F.elu,
        "gelu": F.gelu,
        "silu": F.silu,
        "softplus": lambda Z: F.softplus(Z, threshold=1000),
    }[name]


def torch_loss(torch, name, logits, y, label_smoothing):
    """PyTorch's own loss of each example, shape (n,)."""
    F = torch.nn.functional
    if name == "cross_entropy":
        return F.cross_entropy(logits, y, reduction="none", label_smoothing=label_smoothing)
    if name == "binary_cross_entropy":
        smoothed = y * (1 - label_smoothing) + label_smoothing / 2
        return F.binary_cross_entropy_with_logits(logits, smoothed, reduction="none").mean(dim=1)
    if name == "focal":  # its formula, of PyTorch's own targets and probabilities
        t = F.one_hot(y, logits.shape[1]).to(logits.dtype) * (1 - label_smoothing) + label_smoothing / logits.shape[1]
        log_p = F.log_softmax(logits, dim=1)
        return -(t * (1 - log_p.exp()) ** 2 * log_p).sum(dim=1)
    if name == "binary_focal":
        t, p = y * (1 - label_smoothing) + label_smoothing / 2, torch.sigmoid(logits)
        yes, no = (1 - p) ** 2 * F.logsigmoid(logits), p**2 * F.logsigmoid(-logits)
        return -(t * yes + (1 - t) * no).mean(dim=1)
    if name == "quantile":
        return torch.maximum(0.5 * (y - logits), -0.5 * (y - logits)).mean(dim=1)
    if name == "poisson":  # PyTorch leaves out what does not depend on the output
        constant = torch.xlogy(y, y) - y
        return (F.poisson_nll_loss(logits, y, reduction="none") + constant).mean(dim=1)
    function = {"squared_error": F.mse_loss, "absolute_error": F.l1_loss, "huber": F.huber_loss}[name]
    return function(logits, y, reduction="none").mean(dim=1)


def torch_value_and_gradient(torch, drawn):
    """Compute value and flat gradient by PyTorch's layers, losses and autograd; W is (d_out, d_in) there."""
    layers, pieces = [], []
    for W, b in zip(drawn.parameters.W, drawn.parameters.b, strict=True):
        layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(W.T.copy()))
            layer.bias.copy_(torch.tensor(b))
        layers.append(layer)
    masks = drawn.options.get("masks") or [None] * len(layers)
    H = torch.tensor(drawn.X)
    for l, layer in enumerate(layers):  # noqa: E741
        Z = layer(H if masks[l] is None else H * torch.tensor(masks[l]))
        H = torch_activation(torch, drawn.network.activations[l])(Z) if l < len(layers) - 1 else Z
    losses = torch_loss(torch, drawn.network.loss, H, torch.tensor(drawn.y), drawn.options.get("label_smoothing", 0.0))
    weight = drawn.options.get("sample_weight")
    w = torch.ones(len(drawn.X), dtype=torch.float64) if weight is None else torch.tensor(weight)
    value = drawn.options.get("share", 1.0) * (w * losses).sum() / w.sum()
    value = value + drawn.options.get("l2", 0.0) / 2 * sum((layer.weight**2).sum() for layer in layers)
    value.backward()
    for layer in layers:
        pieces += [layer.weight.grad.T.reshape(-1), layer.bias.grad]
    return value.item(), torch.cat(pieces).numpy()


def assert_alike(torch, drawn) -> None:
    """Hold value and gradient against PyTorch's."""
    value, gradient = drawn.objective(drawn.parameters)
    torch_value, torch_gradient = torch_value_and_gradient(torch, drawn)
    assert abs(value - torch_value) <= RELATIVE * max(abs(torch_value), 1e-3)
    assert np.abs(gradient.vector - torch_gradient).max() <= RELATIVE * np.abs(torch_gradient).max()


@LOSS_NAMES
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_every_activation_loss_and_depth(torch, activation, loss, depth):
    """Every activation with every loss, one to four hidden layers deep, has PyTorch's gradient."""
    assert_alike(torch, problem(depth, (5, *[7] * depth, 3), activation, loss, n=9))


@LOSS_NAMES
def test_linear_models(torch, loss):
    """Networks without a hidden layer have PyTorch's gradient."""
    assert_alike(torch, problem(0, (5, 3), "sigmoid", loss, n=9))


@LOSS_NAMES
@pytest.mark.parametrize("start", range(len(ACTIVATIONS)))
def test_a_different_activation_in_each_layer(torch, start, loss):
    """Layers of different widths and activations have PyTorch's gradient."""
    assert_alike(torch, problem(start, (4, 7, 3, 6, 2), mixed_activations(3, start), loss, n=9))


@LOSS_NAMES
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"weighted": True}, id="weights"),
        pytest.param({"l2": 0.3}, id="l2"),
        pytest.param({"dropout": 0.4}, id="dropout"),
        pytest.param({"share": 0.3}, id="share"),
        pytest.param({"weighted": True, "l2": 0.3, "dropout": 0.4, "share": 0.3}, id="all"),
    ],
)
@pytest.mark.parametrize("depth", [0, 2])
def test_options(torch, options, loss, depth):
    """Sample weights, penalty, dropout masks and a batch's share mean what they mean when written in PyTorch."""
    assert_alike(torch, problem(11, (5, *[6] * depth, 3), mixed_activations(depth), loss, n=9, **options))


@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if loss.targets != "numbers"])
@pytest.mark.parametrize("label_smoothing", [0.1, 0.9])
@pytest.mark.parametrize("weighted", [False, True])
def test_label_smoothing(torch, loss, label_smoothing, weighted):
    """Label smoothing is PyTorch's."""
    drawn = problem(12, (5, 6, 3), "relu", loss, n=9, label_smoothing=label_smoothing, weighted=weighted)
    assert_alike(torch, drawn)


@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if loss.out_activation != "exp"])
def test_saturated_networks(torch, loss):
    """With logits in the hundreds the gradient is still PyTorch's."""
    drawn = problem(13, (5, 6, 3), "relu", loss, n=9)
    drawn.parameters.vector *= 20
    assert_alike(torch, drawn)


@settings(max_examples=40)
@given(drawn=problems())
def test_random_networks(torch, drawn):
    """Any network, loss, batch and options that hypothesis thinks of have PyTorch's gradient."""
    value, gradient = drawn.objective(drawn.parameters)
    torch_value, torch_gradient = torch_value_and_gradient(torch, drawn)
    assert abs(value - torch_value) <= RELATIVE * max(abs(torch_value), 1e-3)
    assert np.abs(gradient.vector - torch_gradient).max() <= RELATIVE * max(np.abs(torch_gradient).max(), 1e-3)


@LOSS_NAMES
def test_ten_steps_of_descent_stay_together(torch, loss):
    """Ten steps of gradient descent, ours and PyTorch's, have the same losses all along."""
    drawn = problem(14, (5, 8, 8, 3), "sigmoid", loss, n=16)
    reference = problem(14, (5, 8, 8, 3), "sigmoid", loss, n=16)
    ours, theirs = [], []
    for _ in range(10):
        value, gradient = drawn.objective(drawn.parameters)
        drawn.parameters.vector -= 0.3 * gradient.vector
        torch_value, torch_gradient = torch_value_and_gradient(torch, reference)
        reference.parameters.vector -= 0.3 * torch_gradient
        ours.append(float(value))
        theirs.append(torch_value)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    assert ours[-1] < ours[0]
