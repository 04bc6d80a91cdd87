"""The network itself: forward and backward, side by side. Read this file first (after ``handout.py``).

Equations have the exercise's numbers: (3.4) is a layer, (4.26) a delta, (4.27) and (4.28) the gradients;
``docs/derivation.md`` derives them. Here a delta is called ``dZ`` and has one row per example, like ``Z``, so every
product reads from left to right. The code uses only the array API standard: it runs unchanged on NumPy, PyTorch, CuPy
and JAX arrays. The code that makes training fast on a CPU is in ``handgrad.compiled``.

The file has over 300 lines because of its documentation; forward and backward are thirty lines that belong together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from handgrad.errors import SettingError, ShapeError
from handgrad.network.activations import ACTIVATIONS, Activation
from handgrad.network.initialisers import INITIALISERS, Initialiser, Rng
from handgrad.network.losses import LOSSES, OUT_ACTIVATIONS, Criterion, check_smoothing, criterion_of
from handgrad.network.normalisation import NORMALISATIONS, Normalised, del_normalise, normalise, normalise_by
from handgrad.network.parameters import Array, Parameters, Shapes, count_parameters, namespace, shapes_of
from handgrad.network.regularisation import penalty


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
    normalised: tuple[Normalised, ...] = ()


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
    normalisation : {"batch", "layer"}, optional
        How the hidden layers are normalised before their activation; by default, they are not.

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
    normalisation: str | None = None

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
                f"{len(self.activations)} activation functions, and {len(self.layer_sizes) - 2} hidden layers",
                "one name for all hidden layers, or one for each",
                "pass a single name to use it everywhere",
            )
        for activation in self.activation if isinstance(self.activation, tuple) else (self.activation,):
            if not isinstance(activation, Activation):
                _known(activation, ACTIVATIONS, "activation")
        if not hasattr(self.loss, "function"):
            _known(self.loss, LOSSES, "loss")
        object.__setattr__(self, "loss", next((name for name in LOSSES if LOSSES[name] == self.loss), self.loss))
        if self.normalisation is not None:
            _known(self.normalisation, NORMALISATIONS, "normalisation")

    @property
    def activations(self) -> tuple[str | Activation, ...]:
        """Each hidden layer's activation, by name unless it is your own."""
        if isinstance(self.activation, tuple):
            return self.activation
        return (self.activation,) * (len(self.layer_sizes) - 2)

    @cached_property
    def activation_functions(self) -> tuple[Activation, ...]:
        """Each hidden layer's activation itself, looked up if it was given by name."""
        return tuple(ACTIVATIONS[given] if isinstance(given, str) else given for given in self.activations)

    @property
    def criterion(self) -> Criterion:
        """The loss itself, looked up if it was given by name."""
        return criterion_of(self.loss)

    @cached_property
    def parameter_count(self) -> int:
        """The number of weights, biases and whatever else is stored in the parameters' vector."""
        return count_parameters(self.layer_sizes) + sum(size for (size,) in self.more.values())

    @cached_property
    def learnt_count(self) -> int:
        """The number of parameters that are learnt; running averages stand behind them in the vector."""
        return count_parameters(self.layer_sizes) + sum(size for (size,) in self._shapes("g").values())

    @cached_property
    def more(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the gains of a normalisation, and of the running averages of a batch normalisation, by name."""
        return self._shapes("g", *(("mean", "variance") if self.normalisation == "batch" else ()))

    def _shapes(self, *kinds: str) -> dict[str, tuple[int, ...]]:
        sizes = self.layer_sizes[1:-1] if self.normalisation else ()
        return {f"{kind}.{layer}": (size,) for kind in kinds for layer, size in enumerate(sizes)}

    @property
    def shapes(self) -> Shapes:
        """The shapes of all arrays, by name, in their order in the vector."""
        return shapes_of(self.layer_sizes) | self.more

    def parameters(self, vector: Array | None = None) -> Parameters:
        """Return parameters of this network's shapes in a vector, by default zeros."""
        return Parameters(self.layer_sizes, vector, self.more)

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
            If there is no initialiser with that name, or your own function returns what is not a finite number.
        ShapeError
            If your own function does not return a pair of arrays, or arrays of another shape.

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
            layer = initialiser(rng, d_in, d_out)
            if not isinstance(layer, tuple | list) or len(layer) != 2:
                found = f"an initialiser that returns {type(layer).__name__}"
                raise ShapeError(
                    found, "a pair of arrays", "return (W, b) for a layer of d_in inputs and d_out outputs"
                )
            W, b = map(np.asarray, layer)
            if (np.shape(W), np.shape(b)) != ((d_in, d_out), (d_out,)):
                raise ShapeError(
                    f"initial weights and biases of shapes {np.shape(W)} and {np.shape(b)}",
                    f"{(d_in, d_out)} and {(d_out,)}",
                    "return (W, b) for a layer of d_in inputs and d_out outputs",
                )
            if not all(array.dtype.kind in "fiu" and np.isfinite(array).all() for array in (W, b)):
                found = "initial weights or biases that are not finite numbers"
                raise SettingError(found, "finite numbers", "correct the initialiser")
            drawn.append((W, b))
        return self.pack([W for W, _ in drawn], [b for _, b in drawn], dtype)

    def pack(self, W: Sequence[Array], b: Sequence[Array], dtype: DTypeLike = np.float64) -> Parameters:
        """Make initial parameters of weights and biases: gains and running variances are 1, running means 0."""
        more = {name: np.full(shape, float(not name.startswith("mean")), dtype) for name, shape in self.more.items()}
        return Parameters.pack([array.astype(dtype) for array in W], [array.astype(dtype) for array in b], more)

    def forward(
        self, parameters: Parameters, X: Array, masks: Sequence[Array | None] | None = None, training: bool = False
    ) -> tuple[Array, Cache]:
        """Compute the logits of each example, layer by layer.

        Parameters
        ----------
        parameters : Parameters
        X : array of shape (n, d)
            Examples, from the same array library and with the same dtype as the parameters.
        masks : sequence of arrays or None, optional
            Dropout: ``masks[l]``, of shape (n, layer_sizes[l]) or None, multiplies the input of layer l.
        training : bool, default False
            Whether a batch normalisation takes mean and variance of these examples, instead of the running averages,
            which a single example always gets.

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
        self.check_parameters(parameters)
        layers = len(self.layer_sizes) - 1
        masks = tuple(masks) if masks is not None else (None,) * layers
        if len(masks) != layers:
            raise ShapeError(
                f"{len(masks)} dropout masks for {layers} layers",
                "one for each layer",
                "pass None for a layer without dropout",
            )
        H, Z, normalised = [X], [], []
        for layer in range(layers):
            A = _masked(H[layer], masks[layer]) @ parameters.W[layer]
            if self.normalisation and layer < layers - 1:
                normalised.append(self._normalise(parameters, layer, A, training))
                A = parameters.more[f"g.{layer}"] * normalised[layer].N
            Z.append(A + parameters.b[layer])  # (3.4)
            if layer < layers - 1:
                H.append(self.activation_functions[layer].function(Z[layer]))  # (3.4)
        return Z[-1], Cache(tuple(H), tuple(Z), masks, tuple(normalised))

    def _normalise(self, parameters: Parameters, layer: int, A: Array, training: bool) -> Normalised:
        """Normalise the products of a hidden layer, (n, units), as its kind and the purpose require."""
        if self.normalisation == "layer":
            return normalise(A, axis=1)
        if training and A.shape[0] > 1:  # a single example has no variance
            return normalise(A, axis=0)
        return normalise_by(A, parameters.more[f"mean.{layer}"], parameters.more[f"variance.{layer}"])

    def check_parameters(self, parameters: Parameters) -> None:
        """Refuse parameters that belong to a different network.

        Raises
        ------
        ShapeError
        """
        if parameters.layer_sizes != self.layer_sizes:
            raise ShapeError(
                f"parameters with layer sizes {parameters.layer_sizes}",
                f"the layer sizes of the network, {self.layer_sizes}",
                "pass parameters that belong to this network",
            )
        if (self.normalisation or parameters.more) and parameters.shapes != self.shapes:
            raise ShapeError(
                f"parameters with the arrays {', '.join(parameters.shapes)}",
                f"those of a network with the normalisation {self.normalisation}",
                "pass parameters that belong to this network, from initialise or parameters",
            )

    def backward(
        self, parameters: Parameters, cache: Cache, dlogits: Array, penalties: Sequence[Array] | None = None
    ) -> Parameters:
        """Compute the gradient of the loss with respect to every weight and bias: :meth:`forward` in reverse.

        Parameters
        ----------
        parameters : Parameters
            The parameters used in the forward pass.
        cache : Cache
            The cache of that forward pass.
        dlogits : array of shape (n, k)
            The gradient of the loss with respect to the logits, as the loss returns it, already divided by n.
        penalties : sequence of arrays, optional
            What the weights' own penalty adds to the gradient of each layer's weights.

        Returns
        -------
        gradient : Parameters
            The gradient, with the same layer sizes as the parameters.
        """
        xp = namespace(dlogits)
        layers = len(self.layer_sizes) - 1
        dW, db = [None] * layers, [None] * layers
        more = {name: xp.zeros_like(array) for name, array in parameters.more.items()}
        dZ = dlogits
        for layer in reversed(range(layers)):
            db[layer] = xp.sum(dZ, axis=0)  # (4.28)
            if self.normalisation and layer < layers - 1:
                more[f"g.{layer}"] = xp.sum(dZ * cache.normalised[layer].N, axis=0)
                dZ = del_normalise(dZ * parameters.more[f"g.{layer}"], cache.normalised[layer])
            dW[layer] = _masked(cache.H[layer], cache.masks[layer]).T @ dZ  # (4.27)
            if layer > 0:
                dH = _masked(dZ @ parameters.W[layer].T, cache.masks[layer])  # (4.26), the sum over the next layer
                derivative = self.activation_functions[layer - 1].derivative
                dZ = dH * derivative(cache.Z[layer - 1], cache.H[layer])  # (4.26)
        if penalties is not None:
            dW = [gradient + of_penalty for gradient, of_penalty in zip(dW, penalties, strict=True)]
        return Parameters.pack(dW, db, more)

    def value_and_gradient(
        self,
        parameters: Parameters,
        X: Array,
        y: Array,
        *,
        sample_weight: Array | None = None,
        label_smoothing: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        masks: Sequence[Array | None] | None = None,
        share: float = 1.0,
    ) -> tuple[Array, Parameters]:
        r"""Compute the training objective and its gradient: forward, loss, backward.

        The objective is the loss plus :math:`l_1 \sum |W| + \frac{l_2}{2} \sum W^2` over all weights; biases are not
        penalised. A batch normalisation takes mean and variance of these examples, as in training; a single example
        has no variance, and gets the running averages.

        Parameters
        ----------
        parameters : Parameters
        X : array of shape (n, d)
        y : array of shape (n,) or (n, k)
            Targets of the kind that the loss expects.
        sample_weight : array of shape (n,), optional
        label_smoothing : float, default 0
            Only for losses whose targets are classes or answers.
        l1, l2 : float, default 0
            The factors of the penalties; at least 0.
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
            If label smoothing is combined with a loss that has no labels, or l1 or l2 is negative.

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
            l1=l1,
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
        l1: float = 0.0,
        l2: float = 0.0,
        masks: Sequence[Array | None] | None = None,
        share: float = 1.0,
    ) -> tuple[Array, Parameters, Cache]:
        """Compute what :meth:`value_and_gradient` returns, and the cache of the forward pass; training calls it."""
        for name, factor in (("l1", l1), ("l2", l2)):
            if not factor >= 0:
                raise SettingError(f"{name} is {factor}", "a number of at least 0", "try 1e-4, or 0 for none")
        logits, cache = self.forward(parameters, X, masks, training=True)
        value, dlogits = self.loss_and_gradient(logits, y, sample_weight, label_smoothing)
        value, dlogits = share * value, share * dlogits
        penalties = None
        if l1 or l2:
            penalty_value, penalties = penalty(parameters.W, l1, l2)
            value = value + penalty_value
        gradient = self.backward(parameters, cache, dlogits, penalties)
        return value, gradient, cache

    def loss_and_gradient(
        self, logits: Array, y: Array, sample_weight: Array | None = None, label_smoothing: float = 0.0
    ) -> tuple[Array, Array]:
        """Compute the loss of this network and its gradient with respect to the logits in one call."""
        loss = self.criterion
        if not label_smoothing:
            return loss.function(logits, y, sample_weight)
        check_smoothing(self.loss, label_smoothing)
        return loss.function(logits, y, sample_weight, label_smoothing)

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


def _known(name: object, table: Collection[str], what: str) -> None:
    """Refuse a name that is not in a table, and list those that are."""
    if name not in tuple(table):
        remedy = f"wrap a function of your own in {what.capitalize()}" if callable(name) else "check the spelling"
        raise SettingError(f"{what} {name!r}", "one of " + ", ".join(table), remedy)
