"""The network itself: forward and backward, side by side. Read this file first (after ``handout.py``).

Equations have the exercise's numbers: (3.4) is a layer, (4.26) a delta, (4.27) and (4.28) the gradients;
``docs/derivation.md`` derives them. Here a delta is called ``dZ`` and has one row per example, like ``Z``, so every
product reads from left to right. The code uses only the array API standard: it runs unchanged on NumPy, PyTorch, CuPy
and JAX arrays. The code that makes training fast on a CPU is in ``handgrad.compiled``.

The file has over 300 lines because of its documentation; forward and backward are twenty lines that belong together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import DTypeLike

from handgrad.errors import SettingError, ShapeError
from handgrad.network.activations import ACTIVATIONS, Activation
from handgrad.network.initialisers import INITIALISERS, Initialiser, Rng
from handgrad.network.losses import LOSSES, OUT_ACTIVATIONS, Criterion, check_smoothing, criterion_of
from handgrad.network.parameters import Array, Parameters, count_parameters


@dataclass(frozen=True)
class Cache:
    """The intermediate results of :meth:`MLP.forward`, which :meth:`MLP.backward` uses and a learner can print.

    Attributes
    ----------
    H : tuple of arrays
        ``H[l]``, of shape (n, layer_sizes[l]), is the input of layer l before dropout: ``H[0]`` is X, and the others
        are activations.
    Z : tuple of arrays
        ``Z[l]``, of shape (n, layer_sizes[l + 1]), is the pre-activation of layer l; the last one is the logits.
    masks : tuple of arrays or None
        ``masks[l]`` is the dropout mask that multiplies ``H[l]``, or None.
    """

    H: tuple[Array, ...]
    Z: tuple[Array, ...]
    masks: tuple[Array | None, ...]


@dataclass(frozen=True)
class MLP:
    """The architecture of a fully connected network; its weights and biases are separate :class:`Parameters`.

    Parameters
    ----------
    layer_sizes : sequence of int
        The number of units in each layer, from input to output, each at least 1. Two sizes make a linear model.
    activation : str or Activation, or a sequence of them, default "sigmoid"
        The activation of the hidden layers: a name in ``ACTIVATIONS`` or an :class:`Activation` of your own, for all of
        them, or one for each.
    loss : str, Loss, Huber, Quantile or Focal, default "cross_entropy"
        A name in ``LOSSES``, or a loss of your own. It also determines what the outputs mean.

    Raises
    ------
    SettingError
        If a size is not a positive whole number, or a name is unknown.

    Examples
    --------
    >>> network = MLP((784, 400, 400, 10))
    >>> network.parameter_count
    478410
    >>> parameters = network.initialise(seed=0)
    >>> logits, cache = network.forward(parameters, np.zeros((5, 784)))
    >>> value, dlogits = network.loss_and_gradient(logits, np.zeros(5, dtype=int))
    >>> gradient = network.backward(parameters, cache, dlogits)
    >>> gradient.W[0].shape, gradient.b[2].shape
    ((784, 400), (10,))
    """

    layer_sizes: tuple[int, ...]
    activation: str | Activation | tuple[str | Activation, ...] = "sigmoid"
    loss: str | Criterion = "cross_entropy"

    def __post_init__(self) -> None:
        sizes = self.layer_sizes if isinstance(self.layer_sizes, Iterable) else (self.layer_sizes,)
        object.__setattr__(self, "layer_sizes", tuple(int(s) if isinstance(s, np.integer) else s for s in sizes))
        if isinstance(self.activation, Iterable) and not isinstance(self.activation, str):
            object.__setattr__(self, "activation", tuple(self.activation))
        if len(self.layer_sizes) < 2 or not all(type(s) is int and s >= 1 for s in self.layer_sizes):
            raise SettingError(
                f"layer sizes {self.layer_sizes}",
                "two or more whole numbers of at least 1",
                "pass (inputs, ..., outputs)",
            )
        if len(self.activations) != len(self.layer_sizes) - 2:
            raise SettingError(
                f"{len(self.activations)} activations for {len(self.layer_sizes) - 2} hidden layers",
                "one name for all hidden layers, or one for each",
                "pass a single name to use it everywhere",
            )
        for activation in self.activation if isinstance(self.activation, tuple) else (self.activation,):
            if not isinstance(activation, Activation):
                _known(activation, ACTIVATIONS, "activation")
        if not hasattr(self.loss, "function"):
            _known(self.loss, LOSSES, "loss")
        object.__setattr__(self, "loss", next((name for name in LOSSES if LOSSES[name] == self.loss), self.loss))

    @property
    def activations(self) -> tuple[str | Activation, ...]:
        """Each hidden layer's activation, by name unless it is your own."""
        if isinstance(self.activation, tuple):
            return self.activation
        return (self.activation,) * (len(self.layer_sizes) - 2)

    @property
    def activation_functions(self) -> tuple[Activation, ...]:
        """Each hidden layer's activation itself, looked up if it was given by name."""
        return tuple(ACTIVATIONS[given] if isinstance(given, str) else given for given in self.activations)

    @property
    def criterion(self) -> Criterion:
        """The loss itself, looked up if it was given by name."""
        return criterion_of(self.loss)

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases."""
        return count_parameters(self.layer_sizes)

    def initialise(
        self,
        seed: int | np.random.SeedSequence | Rng = 0,
        initialiser: str | Initialiser = "glorot_uniform",
        dtype: DTypeLike = np.float64,
    ) -> Parameters:
        """Draw the initial weights and biases, layer by layer.

        Parameters
        ----------
        seed : int, numpy.random.SeedSequence, numpy.random.Generator or numpy.random.RandomState
            The source of randomness. The numbers are drawn in float64 and then rounded to ``dtype``.
        initialiser : str or callable, default "glorot_uniform"
            A name in ``INITIALISERS``, or a function of your own: ``(rng, d_in, d_out)`` to ``(W, b)``.
        dtype : dtype, default float64

        Returns
        -------
        parameters : Parameters

        Raises
        ------
        SettingError
            If there is no initialiser with that name.
        ShapeError
            If your own function returns arrays of another shape.

        Examples
        --------
        >>> MLP((2, 1)).initialise(np.random.RandomState(42), "normal").vector.round(4)
        array([ 0.4967, -0.1383,  0.6477])
        """
        if not callable(initialiser):
            _known(initialiser, INITIALISERS, "initialiser")
            initialiser = INITIALISERS[initialiser]
        rng = seed if isinstance(seed, np.random.Generator | np.random.RandomState) else np.random.default_rng(seed)
        drawn = []
        for d_in, d_out in pairwise(self.layer_sizes):
            W, b = initialiser(rng, d_in, d_out)
            if (np.shape(W), np.shape(b)) != ((d_in, d_out), (d_out,)):
                raise ShapeError(
                    f"initial weights and biases of shapes {np.shape(W)} and {np.shape(b)}",
                    f"{(d_in, d_out)} and {(d_out,)}",
                    "return (W, b) for a layer of d_in inputs and d_out outputs",
                )
            drawn.append((W, b))
        return Parameters.pack([W.astype(dtype) for W, _ in drawn], [b.astype(dtype) for _, b in drawn])

    def forward(
        self, parameters: Parameters, X: Array, masks: Sequence[Array | None] | None = None
    ) -> tuple[Array, Cache]:
        """Compute the logits of each example, layer by layer.

        Parameters
        ----------
        parameters : Parameters
        X : array of shape (n, d)
            Examples, from the same array library and with the same dtype as the parameters.
        masks : sequence of arrays or None, optional
            Dropout: ``masks[l]``, of shape (n, layer_sizes[l]) or None, multiplies the input of layer l.

        Returns
        -------
        logits : array of shape (n, k)
        cache : Cache

        Raises
        ------
        ShapeError
            If X does not have d columns, or the parameters or the masks belong to a different network.
        """
        if X.ndim != 2 or X.shape[1] != self.layer_sizes[0]:
            raise ShapeError(
                f"X of shape {tuple(X.shape)}",
                f"shape (n, {self.layer_sizes[0]})",
                "pass one row per example, with one column per input of the network",
            )
        if parameters.layer_sizes != self.layer_sizes:
            raise ShapeError(
                f"parameters with layer sizes {parameters.layer_sizes}",
                f"the layer sizes of the network, {self.layer_sizes}",
                "pass parameters that belong to this network",
            )
        layers = len(self.layer_sizes) - 1
        masks = tuple(masks) if masks is not None else (None,) * layers
        if len(masks) != layers:
            raise ShapeError(
                f"{len(masks)} dropout masks for {layers} layers",
                "one for each layer",
                "pass None for a layer without dropout",
            )
        H, Z = [X], []
        for layer in range(layers):
            Z.append(_masked(H[layer], masks[layer]) @ parameters.W[layer] + parameters.b[layer])  # (3.4)
            if layer < layers - 1:
                H.append(self.activation_functions[layer].function(Z[layer]))  # (3.4)
        return Z[-1], Cache(tuple(H), tuple(Z), masks)

    def backward(self, parameters: Parameters, cache: Cache, dlogits: Array) -> Parameters:
        """Compute the gradient of the loss with respect to every weight and bias: :meth:`forward` in reverse.

        Parameters
        ----------
        parameters : Parameters
            The parameters used in the forward pass.
        cache : Cache
            The cache of that forward pass.
        dlogits : array of shape (n, k)
            The gradient of the loss with respect to the logits, as the loss returns it, already divided by n.

        Returns
        -------
        gradient : Parameters
            The gradient, with the same layer sizes as the parameters.
        """
        xp = array_namespace(dlogits)
        layers = len(self.layer_sizes) - 1
        dW, db = [None] * layers, [None] * layers
        dZ = dlogits
        for layer in reversed(range(layers)):
            dW[layer] = _masked(cache.H[layer], cache.masks[layer]).T @ dZ  # (4.27)
            db[layer] = xp.sum(dZ, axis=0)  # (4.28)
            if layer > 0:
                dH = _masked(dZ @ parameters.W[layer].T, cache.masks[layer])  # (4.26), the sum over the next layer
                derivative = self.activation_functions[layer - 1].derivative
                dZ = dH * derivative(cache.Z[layer - 1], cache.H[layer])  # (4.26)
        return Parameters.pack(dW, db)

    def value_and_gradient(
        self,
        parameters: Parameters,
        X: Array,
        y: Array,
        *,
        sample_weight: Array | None = None,
        label_smoothing: float = 0.0,
        l2: float = 0.0,
        masks: Sequence[Array | None] | None = None,
        share: float = 1.0,
    ) -> tuple[Array, Parameters]:
        r"""Compute the training objective and its gradient: forward, loss, backward.

        The objective is the loss plus :math:`\frac{l_2}{2} \sum W^2` over all weights; biases are not penalised.

        Parameters
        ----------
        parameters : Parameters
        X : array of shape (n, d)
        y : array of shape (n,) or (n, k)
            Targets of the kind that the loss expects.
        sample_weight : array of shape (n,), optional
        label_smoothing : float, default 0
            Only for losses whose targets are classes or answers.
        l2 : float, default 0
            The factor of the penalty; at least 0.
        masks : sequence of arrays or None, optional
            Dropout masks, as in :meth:`forward`.
        share : float, default 1
            A factor of the loss, but not of the penalty. A batch can be differentiated in parts that add up to the
            whole: each part has its share of the batch's weight, and one of them has the penalty.

        Returns
        -------
        value : array of shape ()
        gradient : Parameters

        Raises
        ------
        ShapeError
            If X or y does not match the network.
        SettingError
            If label smoothing is combined with a loss that has no labels, or l2 is negative.

        Examples
        --------
        >>> network = MLP((2, 3, 2))
        >>> value, gradient = network.value_and_gradient(Parameters((2, 3, 2)), np.ones((4, 2)), np.array([0, 1, 0, 1]))
        >>> round(float(value), 6)
        0.693147
        """
        value, gradient, _ = self.differentiate(
            parameters,
            X,
            y,
            sample_weight=sample_weight,
            label_smoothing=label_smoothing,
            l2=l2,
            masks=masks,
            share=share,
        )
        return value, gradient

    def differentiate(
        self,
        parameters: Parameters,
        X: Array,
        y: Array,
        *,
        sample_weight: Array | None = None,
        label_smoothing: float = 0.0,
        l2: float = 0.0,
        masks: Sequence[Array | None] | None = None,
        share: float = 1.0,
    ) -> tuple[Array, Parameters, Array]:
        """Compute what :meth:`value_and_gradient` returns, and the logits (n, k); training calls this method."""
        if not l2 >= 0:
            raise SettingError(f"l2 is {l2}", "a number of at least 0", "try 1e-4, or 0 for none")
        logits, cache = self.forward(parameters, X, masks)
        value, dlogits = self.loss_and_gradient(logits, y, sample_weight, label_smoothing)
        value, dlogits = share * value, share * dlogits
        gradient = self.backward(parameters, cache, dlogits)
        if l2:
            penalty, penalty_gradient = self.l2_penalty(parameters, l2)
            value = value + penalty
            gradient = Parameters(self.layer_sizes, gradient.vector + penalty_gradient.vector)
        return value, gradient, logits

    def loss_and_gradient(
        self, logits: Array, y: Array, sample_weight: Array | None = None, label_smoothing: float = 0.0
    ) -> tuple[Array, Array]:
        """Compute the loss of this network and its gradient with respect to the logits in one call."""
        loss = self.criterion
        if not label_smoothing:
            return loss.function(logits, y, sample_weight)
        check_smoothing(self.loss, label_smoothing)
        return loss.function(logits, y, sample_weight, label_smoothing)

    def l2_penalty(self, parameters: Parameters, l2: float) -> tuple[Array, Parameters]:
        r"""Compute :math:`\frac{l_2}{2} \sum W^2` and its gradient: l2 W for the weights and zero for the biases."""
        xp = array_namespace(parameters.vector)
        value = l2 / 2 * sum(xp.sum(W * W) for W in parameters.W)
        return value, Parameters.pack([l2 * W for W in parameters.W], [xp.zeros_like(b) for b in parameters.b])

    def predict(self, parameters: Parameters, X: Array) -> Array:
        """Compute predictions: probabilities of classes or answers, or numbers, depending on the loss.

        Parameters
        ----------
        parameters : Parameters
        X : array of shape (n, d)

        Returns
        -------
        array of shape (n, k)

        Examples
        --------
        >>> MLP((2, 2)).predict(Parameters((2, 2)), np.ones((1, 2)))
        array([[0.5, 0.5]])
        """
        logits, _ = self.forward(parameters, X)
        return OUT_ACTIVATIONS[self.criterion.out_activation](logits)


def _masked(H: Array, mask: Array | None) -> Array:
    """Multiply by the dropout mask, if there is one."""
    return H if mask is None else H * mask


def _known(name: object, table: Mapping[str, object], what: str) -> None:
    """Refuse a name that is not in a table, and list those that are."""
    if name not in tuple(table):
        remedy = f"wrap a function of your own in {what.capitalize()}" if callable(name) else "check the spelling"
        raise SettingError(f"{what} {name!r}", "one of " + ", ".join(table), remedy)
