"""Each compiled kernel beside the NumPy that its docstring gives for it: time, ratio, and that both agree.

    python -m benchmarks.kernels

One core, float32, the shapes of a 784-400-400-10 network; inputs with as many zeros as MNIST, hidden units of which one
in five is on. NumPy's products are those of its BLAS library.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from handgrad.compiled import elementwise, optimizers, pairs, rectified, sparse, tiles
from handgrad.compiled.kernels import kernels_for
from handgrad.compiled.vectors import VECTOR_BYTES
from handgrad.network import ACTIVATIONS
from handgrad.training import OPTIMIZERS, TrainingSettings
from handgrad.training.engines.arrays import settings_of

ROUNDS, SECONDS = 7, 0.02  # a round repeats its call for about as long
ROWS, D, UNITS = 256, 784, 400
Row = tuple[str, float, float]


def numpy_of(kernel: Any, values: dict[str, Any]) -> Callable[[], Any]:
    """Return a call of the NumPy lines in a kernel's docstring, which change the values in place."""
    lines = textwrap.dedent(kernel.__doc__.partition("In NumPy::\n")[2])
    names = {"np": np, "ACTIVATIONS": ACTIVATIONS, **values}
    code = compile(lines, kernel.__name__, "exec")
    return lambda: exec(code, names)  # noqa: S102 - our own docstrings


def microseconds(call: Callable[[], Any]) -> float:
    """Time a call: the median of some rounds."""
    call()
    began = perf_counter()
    call()
    repeats, rounds = max(1, int(SECONDS / (perf_counter() - began))), []
    for _ in range(ROUNDS):
        began = perf_counter()
        for _ in range(repeats):
            call()
        rounds.append((perf_counter() - began) / repeats)
    return 1e6 * float(np.median(rounds))


def compare(
    title: str, kernel: Any, ours: Callable[[np.ndarray], Any], result: np.ndarray, reference: str, **values: Any
) -> Row:
    """Run both versions once and compare their results, then time both."""
    found, wanted = result.copy(), result.copy()
    numpy = numpy_of(kernel, {**values, reference: wanted})
    ours(found)
    numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3 * max(1.0, float(np.abs(wanted).max())))
    return title, microseconds(lambda: ours(found)), microseconds(numpy)


def draw(rng: np.random.Generator, *shape: int, share: float = 1.0) -> np.ndarray:
    """Draw a matrix of which this share is not zero."""
    return (rng.standard_normal(shape) * (rng.random(shape) < share)).astype(np.float32)


def products(rng: np.random.Generator) -> list[Row]:
    """Compare the dense product with BLAS."""
    kernel, one, zero = kernels_for(np.float32).product, np.float32(1), np.float32(0)
    scratch, found = np.zeros(tiles.PANEL_BYTES, np.float32), []
    for m, k, n in ((32, 400, 10), (64, 400, 400), (ROWS, UNITS, UNITS)):
        A, B = draw(rng, m, k), draw(rng, k, n)
        given = {"alpha": 1, "A": A, "trans_a": False, "B": B, "trans_b": False, "beta": 0}
        call = lambda C, A=A, B=B: tiles.product(kernel, one, A, False, B, False, zero, C, scratch)  # noqa: E731
        found.append(compare(f"product, {m} x {k} x {n}", tiles.product, call, draw(rng, m, n), "C", **given))
    return found


def without_zeros(rng: np.random.Generator) -> list[Row]:
    """Compare the products that leave zeros out with BLAS, which multiplies them."""
    known, one, zero, found = kernels_for(np.float32), np.float32(1), np.float32(0), []
    scratch = np.zeros(ROWS * pairs.PAIR_VECTORS * VECTOR_BYTES // 4, np.float32)
    for name, d, share in (("inputs", D, 0.19), ("units", UNITS, 0.2)):
        X, W, deltas, room = draw(rng, ROWS, d, share=share), draw(rng, d, UNITS), draw(rng, ROWS, UNITS), ROWS + 1
        ends, rows = np.zeros(d // 2, np.int64), np.zeros(d // 2 * room, np.uint16)
        rectified.list_units(X, 0, d, 0, room, ends, rows)
        entries = 0, room, ends, rows, X.ctypes.data, d, 2
        result = np.zeros((ROWS, UNITS), np.float32)
        call = lambda Z, e=entries, W=W: pairs.forward_pairs(known.pairs, e, W, Z, 0, scratch)  # noqa: E731
        found.append(compare(f"(3.4), {name}", pairs.forward_pairs, call, result, "Z", X=X, W=W, start=0))
        call = lambda t, e=entries, g=deltas: pairs.gradient_pairs(known.pairs, e, g, one, zero, t, scratch)  # noqa: E731
        given = {"X": X, "D": deltas, "alpha": 1, "beta": 0}
        found.append(compare(f"(4.27), {name}", pairs.gradient_pairs, call, np.zeros_like(W), "target", **given))
    # (4.26) computes only some of the deltas; its reference is the dense product.
    out = np.zeros((ROWS, UNITS), np.float32)
    ours = microseconds(lambda: rectified.delta_pairs(known.dots, 0, room, ends, rows, deltas, W, out))
    found.append(("(4.26), units", ours, microseconds(lambda: np.matmul(deltas, W.T, out=out))))
    x = draw(rng, 1, D, share=0.19)
    columns, values = np.nonzero(x)[1].astype(np.uint16), x[x != 0]
    W, begins, ends = draw(rng, D, UNITS), np.array([0]), np.array([len(values)])
    call = lambda Z: sparse.forward_sparse(known.sums, columns, values, begins, ends, W, Z)  # noqa: E731
    ours = microseconds(lambda: call(out[:1]))
    found.append(("(3.4), one row of inputs", ours, microseconds(lambda: np.matmul(x, W, out=out[:1]))))
    return found


def elementwise_functions(rng: np.random.Generator) -> list[Row]:
    """Compare activations and an optimizer's step."""
    found, H, b = [], draw(rng, ROWS, UNITS), draw(rng, UNITS)
    block = 0, ROWS, 0, UNITS
    for name in ("sigmoid", "tanh", "relu"):
        code = elementwise.ACTIVATION_CODES[name]
        call = lambda X, code=code: elementwise.activate(code, X, b, X, block)  # noqa: E731
        found.append(compare(name, elementwise.activate, call, H, "H", biases=b, block=block, name=name))
    theta, g = draw(rng, D * UNITS), draw(rng, D * UNITS)
    slots = [np.zeros_like(theta) for _ in range(4)]
    known = settings_of(TrainingSettings("adam"), [])
    corrections = optimizers.corrected(known.optimizer, known.constants, 1e-3, 1)
    call = lambda w: optimizers.update(known.optimizer, known.constants, w, g, *slots[:2], 1.0, corrections)  # noqa: E731
    given = {"optimizer": OPTIMIZERS["adam"], "gradient": g, "v": slots[2], "s": slots[3], "scale": 1.0}
    found.append(compare("Adam", optimizers.update, call, theta, "theta", learning_rate=1e-3, step=1, **given))
    return found


def main() -> None:
    """Print the table."""
    table = Table("kernel", "µs", "NumPy, µs", "ratio")
    with threadpool_limits(1):
        rng = np.random.default_rng(0)
        for title, ours, numpy in (*products(rng), *without_zeros(rng), *elementwise_functions(rng)):
            table.add_row(title, f"{ours:.1f}", f"{numpy:.1f}", f"{ours / numpy:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
