"""Ten steps of training compared with PyTorch, with its own loss, automatic gradient and optimizer."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from handgrad.network import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState, epoch_order, train

SIZES = (12, 16, 9, 5)

CASES = {
    "sgd": {"optimizer": "sgd", "learning_rate": 0.5},
    "nesterov, l2": {"optimizer": "nesterov", "learning_rate": 0.1, "l2": 0.05},
    "adam, smoothing": {"optimizer": "adam", "learning_rate": 0.02, "label_smoothing": 0.15},
    "adamw, weights": {"optimizer": "adamw", "learning_rate": 0.05, "weighted": True},
}


def theirs(torch: ModuleType, name: str, tensors: list[Any], rate: float) -> Any:
    """Make PyTorch's optimizer of the same name."""
    if name == "sgd":
        return torch.optim.SGD(tensors, lr=rate)
    if name == "nesterov":
        return torch.optim.SGD(tensors, lr=rate, momentum=0.9, nesterov=True)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name](tensors, lr=rate)


@pytest.mark.parametrize("case", list(CASES))
def test_ten_steps_are_pytorchs(torch: ModuleType, case: str) -> None:
    """The losses and gradient norms of ten shuffled mini-batches, and the final parameters, agree to 1e-10."""
    options = dict(CASES[case])
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 12)), rng.integers(0, 5, 50)
    w = rng.uniform(0.2, 3, 50) if options.pop("weighted", False) else np.ones(50)
    network = MLP(SIZES, "sigmoid")
    parameters = network.initialise(seed=1)
    W, b = ([torch.tensor(a.copy(), requires_grad=True) for a in arrays] for arrays in (parameters.W, parameters.b))
    optimizer = theirs(torch, options["optimizer"], [*W, *b], options["learning_rate"])
    settings = TrainingSettings(batch_size=20, drop_last=True, epochs=5, seed=4, log_every=1, **options)
    batches = [epoch_order(50, 4, epoch)[start : start + 20] for epoch in range(5) for start in (0, 20)]
    state = TrainingState.start(parameters, settings)
    records = [r for r in train(network, state, Examples(X, y, w), settings=settings) if r.kind == "batch"]
    for record, rows in zip(records, batches, strict=True):
        H = torch.tensor(X[rows])
        for layer in range(3):
            H = H @ W[layer] + b[layer]
            H = torch.sigmoid(H) if layer < 2 else H
        losses = torch.nn.functional.cross_entropy(
            H, torch.tensor(y[rows]), reduction="none", label_smoothing=options.get("label_smoothing", 0.0)
        )
        share = torch.tensor(w[rows] / w[rows].sum())
        value = (share * losses).sum() + options.get("l2", 0.0) / 2 * sum((m**2).sum() for m in W)
        optimizer.zero_grad()
        value.backward()
        norm = torch.sqrt(sum((t.grad**2).sum() for t in (*W, *b)))
        assert record.figures["batch_loss"] == pytest.approx(value.item(), abs=1e-10), f"step {record.step}"
        assert record.figures["gradient_norm"] == pytest.approx(norm.item(), abs=1e-10), f"step {record.step}"
        assert record.figures["batch_accuracy"] == (H.argmax(1) == torch.tensor(y[rows])).double().mean().item()
        optimizer.step()
    for ours, tensor in zip((*parameters.W, *parameters.b), (*W, *b), strict=True):
        np.testing.assert_allclose(ours, tensor.detach().numpy(), rtol=0, atol=1e-10)
