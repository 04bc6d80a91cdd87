"""PyTorch: eager with a fused optimizer, or the whole step (gradient and update) as one graph of torch.compile."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.contestants import Unable
from benchmarks.contests import Task
from benchmarks.data import Data, first_weights

VERSIONS = ("torch", "numpy")
DTYPE = np.float32
BETA1, BETA2, EPSILON, DECAY = 0.9, 0.999, 1e-8, 0.01
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}


class Torch:
    """A model of ``nn.Linear`` layers, trained eagerly."""

    def __init__(self, task: Task, data: Data, threads: int) -> None:
        torch.set_num_threads(threads)
        self.task = task
        self.X, self.y = torch.from_numpy(data.X), torch.from_numpy(data.y)
        layers: list[nn.Module] = []
        for d_in, d_out in zip(task.sizes, task.sizes[1:], strict=False):
            layers += [nn.Linear(d_in, d_out), ACTIVATIONS[task.activation]()]
        self.model = nn.Sequential(*layers[:-1])
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Go back to the first weights and a new optimizer."""
        linear = [layer for layer in self.model if isinstance(layer, nn.Linear)]
        with torch.no_grad():
            for layer, (W, b) in zip(linear, first_weights(self.task, seed), strict=True):
                layer.weight.copy_(torch.from_numpy(W.T))
                layer.bias.copy_(torch.from_numpy(b))
        kind, options = {
            "sgd": (torch.optim.SGD, {}),
            "adam": (torch.optim.Adam, {"betas": (BETA1, BETA2), "eps": EPSILON}),
            "adamw": (torch.optim.AdamW, {"betas": (BETA1, BETA2), "eps": EPSILON, "weight_decay": DECAY}),
        }[self.task.optimizer]
        self.optimizer = kind(self.model.parameters(), lr=self.task.learning_rate, fused=True, **options)

    def loss(self, Z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Compute the mean loss of a batch."""
        if self.task.loss == "squared_error":
            return nn.functional.mse_loss(Z[:, 0], y)
        return nn.functional.cross_entropy(Z, y, label_smoothing=self.task.label_smoothing)

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:
        """Forward, backward, step."""
        rows, size = None if order is None else torch.from_numpy(order), self.task.batch_size
        group = self.optimizer.param_groups[0]
        for j, rate in enumerate(rates):
            X, y = self.X, self.y
            if rows is not None:
                batch = rows[j * size : (j + 1) * size]
                X, y = X.index_select(0, batch), y.index_select(0, batch)
            group["lr"] = rate
            self.optimizer.zero_grad(set_to_none=True)
            self.loss(self.model(X), y).backward()
            self.optimizer.step()

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities, or numbers."""
        with torch.inference_mode():
            Z = self.model(torch.from_numpy(X))
            return (Z if self.task.loss == "squared_error" else nn.functional.softmax(Z, dim=1)).numpy()


class Compiled(Torch):
    """The same model; gradient and update are one compiled graph, into which the update is fused.

    Of three ways to compile a step this was the fastest: the others compile forward and loss only, or compile a
    function that calls ``backward`` and the fused optimizer, where the graph breaks.
    """

    def __init__(self, task: Task, data: Data, threads: int) -> None:
        _check_compiler()
        if task.kind != "epochs":
            raise Unable("only mini-batches are compiled here")
        super().__init__(task, data, threads)
        self.compiled = torch.compile(self._step, dynamic=False)

    def reset(self, seed: int) -> None:
        """Go back to the first weights, in the tensors that the graph uses."""
        super().reset(seed)
        if not hasattr(self, "weights"):
            self.weights = {name: w.detach() for name, w in self.model.named_parameters()}
            self.m = {name: torch.zeros_like(w) for name, w in self.weights.items()}
            self.v = {name: torch.zeros_like(w) for name, w in self.weights.items()}
            self.length, self.root, self.keep = (torch.zeros(()) for _ in range(3))
        for slot in (*self.m.values(), *self.v.values()):
            slot.zero_()
        self.taken = 0

    def _objective(self, weights: dict[str, torch.Tensor], X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.loss(torch.func.functional_call(self.model, weights, (X,)), y)

    def _step(self, batch: torch.Tensor) -> None:
        """Take one step on these rows; what changes between steps is passed as tensors, so nothing is recompiled."""
        gradient = torch.func.grad(self._objective)(self.weights, self.X[batch], self.y[batch])
        for name, w in self.weights.items():
            g, m, v = gradient[name], self.m[name], self.v[name]
            if self.task.optimizer == "sgd":
                w.sub_(self.length * g)
            else:
                m.copy_(BETA1 * m + (1 - BETA1) * g)
                v.copy_(BETA2 * v + (1 - BETA2) * g * g)
                w.copy_(self.keep * w - self.length * m / (v.sqrt() * self.root + EPSILON))

    def steps(self, order: NDArray[Any] | None, rates: list[float]) -> None:
        """Call the compiled step."""
        rows, size, adam = torch.from_numpy(order), self.task.batch_size, self.task.optimizer != "sgd"
        with torch.no_grad():
            for j, rate in enumerate(rates):
                self.taken += 1
                self.length.fill_(rate / (1 - BETA1**self.taken) if adam else rate)
                if adam:
                    self.root.fill_((1 - BETA2**self.taken) ** -0.5)
                    self.keep.fill_(1 - rate * DECAY if self.task.optimizer == "adamw" else 1.0)
                self.compiled(rows[j * size : (j + 1) * size])


def _check_compiler() -> None:
    """Refuse if torch.compile has no C++ compiler."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except (InvalidCxxCompiler, OSError) as error:
        raise Unable("torch.compile finds no C++ compiler") from error


def build(task: Task, data: Data, threads: int, compiled: bool = False) -> Torch:
    """Build the runner."""
    return Compiled(task, data, threads) if compiled else Torch(task, data, threads)
