"""The compiled kernels by themselves, against the NumPy that their docstrings give for them.

The file is long, over 300 lines, because every kernel is tested here, on the same drawn matrices.
"""

import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sampling import sampled
from strategies import COMPILED_OPTIMIZERS

from handgrad.network import ACTIVATIONS, LOSSES, MLP, Parameters
from handgrad.training import OPTIMIZERS, TrainingSettings, dropout_keys, dropout_masks

numba = pytest.importorskip("numba", reason="numba is not installed")
barrier = pytest.importorskip("handgrad.compiled.barrier")
context = pytest.importorskip("handgrad.compiled.context")
dropout = pytest.importorskip("handgrad.compiled.dropout")
elementwise = pytest.importorskip("handgrad.compiled.elementwise")
inference = pytest.importorskip("handgrad.compiled.inference")
kernels = pytest.importorskip("handgrad.compiled.kernels")
layers = pytest.importorskip("handgrad.compiled.layers")
optimizers = pytest.importorskip("handgrad.compiled.optimizers")
pairs = pytest.importorskip("handgrad.compiled.pairs")
partition = pytest.importorskip("handgrad.compiled.partition")
rectified = pytest.importorskip("handgrad.compiled.rectified")
sparse = pytest.importorskip("handgrad.compiled.sparse")
tiles = pytest.importorskip("handgrad.compiled.tiles")
arrays = pytest.importorskip("handgrad.training.engines.arrays")

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def rng() -> np.random.Generator:
    """Give the same random numbers to every test."""
    return np.random.default_rng(0)


def in_numpy(kernel: Any, **values: Any) -> None:
    """Run the lines of NumPy in a kernel's docstring on these arrays, which they change in place."""
    _, found, lines = kernel.__doc__.partition("In NumPy::\n")
    assert found, f"{kernel} has no lines of NumPy"
    known = {"np": np, "ACTIVATIONS": ACTIVATIONS, "dropout_masks": dropout_masks}
    exec(textwrap.dedent(lines), {**known, **values})  # noqa: S102 - our own docstrings


# Elementwise functions


@numba.njit
def exponentials(X: np.ndarray, Y: np.ndarray) -> None:
    """Apply the single-precision exponential."""
    for i in range(X.size):
        Y[i] = elementwise._exp32(X[i])


def test_exponential_is_right_over_its_range() -> None:
    """In float32, e^x is right to 3e-7 of itself from -87 to 88, and exactly 1 at 0."""
    X = np.concatenate([np.linspace(-87, 88, 2_000_001), np.linspace(-1, 1, 100_001), [0.0]]).astype(np.float32)
    Y = np.empty_like(X)
    exponentials(X, Y)
    exact = np.exp(X.astype(np.float64))
    assert np.abs(Y / exact - 1).max() <= 3e-7
    assert Y[-1] == 1


@DTYPES
def test_activations_are_those_of_the_network(dtype: type) -> None:
    """Each activation and its derivative agree with the function of the same name, small and large numbers included."""
    Z = np.concatenate([np.linspace(-6, 6, 2001), [0.0, -1e-30, 1e-30, -60, 60, -95, 95, -1e4, 1e4, -3e5, 3e5]])
    Z = np.stack([Z, Z[::-1]]).astype(dtype)
    b = (rng().integers(-8, 9, Z.shape[1]) / 8).astype(dtype)
    X = Z - b
    Z = X + b
    near = {"rtol": 1e-13, "atol": 1e-14} if dtype is np.float64 else {"rtol": 2e-6, "atol": 3e-7}
    block = 0, len(Z), 0, Z.shape[1]
    for name, code in elementwise.ACTIVATION_CODES.items():
        H, kept, D = X.copy(), np.full_like(X, np.nan), np.full_like(X, 3)
        wanted, delta = H.copy(), D.copy()
        elementwise.activate(code, H, b, kept, block)
        in_numpy(elementwise.activate, name=name, H=wanted, biases=b, block=block)
        np.testing.assert_allclose(H, wanted, **near, err_msg=name)
        if code in elementwise.NEEDS_Z:
            np.testing.assert_array_equal(kept, Z, err_msg=name)
        elementwise.differentiate(code, D, H, kept, block)
        in_numpy(elementwise.differentiate, name=name, D=delta, H=H, Z=Z, block=block)
        np.testing.assert_allclose(D, delta, **near, err_msg=f"derivative of {name}")


def test_elementwise_functions_keep_to_their_block() -> None:
    """What lies outside the rows and units that are asked for stays as it was."""
    for code in elementwise.ACTIVATION_CODES.values():
        H, b, kept, D = np.ones((5, 7)), np.zeros(7), np.full((5, 7), 9.0), np.full((5, 7), 3.0)
        elementwise.activate(code, H, b, kept, (1, 3, 2, 6))
        elementwise.differentiate(code, D, H, kept, (1, 3, 2, 6))
        for array, before in ((H, 1.0), (kept, 9.0), (D, 3.0)):
            array[1:3, 2:6] = before
            np.testing.assert_array_equal(array, np.full((5, 7), before))


@DTYPES
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_losses_are_those_of_the_network(smoothing: float, dtype: type) -> None:
    """Each loss and its gradient agree with the function of the same name, for classes and for targets, weighted."""
    n, k = 40, 4
    Z = np.concatenate([rng().standard_normal((n - 2, k)) * 3, np.full((1, k), 80.0), [[-500.0, 300, 0, 1]]])
    b = np.arange(k) / 4
    w, order = rng().uniform(0, 3, n), rng().permutation(n)
    y, T = rng().integers(0, k, n), rng().random((n, k))
    no_labels, no_targets = np.zeros(0, np.int64), np.zeros((0, 0))
    for name, code in elementwise.LOSS_CODES.items():
        loss = LOSSES[name]
        if smoothing and loss.targets == "numbers":
            continue
        for labels, targets in ((y, no_targets), (no_labels, T)):
            if name == "cross_entropy" and not labels.size:
                continue
            network = MLP((2, k), loss=name)
            D, bias, losses = (Z - b).astype(dtype), b.astype(dtype), w[order] / w.sum()
            wanted, wanted_losses = D.copy(), losses.copy()
            given = {"rows": order, "b": bias, "labels": labels, "targets": targets, "smoothing": smoothing}
            in_numpy(elementwise.loss_and_gradient, network=network, Z=wanted, losses=wanted_losses, **given)
            n_correct = elementwise.loss_and_gradient(code, D, order, bias, labels, targets, losses, smoothing)
            near = 1e-12 if dtype is np.float64 else 2e-6
            np.testing.assert_allclose(losses, wanted_losses, rtol=10 * near, atol=near, err_msg=name)
            np.testing.assert_allclose(D, wanted, rtol=0, atol=near * np.abs(wanted).max(), err_msg=name)
            chosen = (labels if labels.size else targets)[order]
            logits = (Z - b).astype(dtype) + b.astype(dtype)
            if labels.size:
                assert n_correct == np.sum(logits.argmax(axis=1) == chosen)
            elif loss.targets == "answers":
                assert n_correct == np.sum(((logits > 0) == (chosen > 0.5)).all(axis=1))


@DTYPES
@pytest.mark.parametrize(("rate", "first"), [(0.05, 0), (0.5, 7), (0.9, 1000)])
def test_dropout_is_drawn_as_the_masks_are(rate: float, first: int, dtype: type) -> None:
    """Rows are dropped as ``dropout_masks`` drops those of the same step, layer and place, bit by bit."""
    keys = dropout_keys(3, np.array([5]), 1)
    X = rng().standard_normal((20, 9)).astype(dtype)
    found = np.full_like(X, np.nan)
    wanted = found.copy()
    for block in ((0, 20, 0, 4), (0, 20, 4, 9)):
        dropout.drop(keys[0, 0], rate, first, X, found, block)
        in_numpy(dropout.drop, key=keys[0, 0], rate=rate, offset=first, source=X, target=wanted, block=block)
    np.testing.assert_array_equal(found, wanted)


@DTYPES
@pytest.mark.parametrize("name", COMPILED_OPTIMIZERS)
def test_updates_are_those_of_the_optimizers(name: str, dtype: type) -> None:
    """Each recurrence, over three steps of a shortened gradient, moves parameters and state as the optimizer does."""
    optimizer: Any = OPTIMIZERS[name]
    theta = rng().standard_normal(101).astype(dtype)
    state = np.zeros((optimizer.slots, 101), dtype)
    ours, our_state = theta.copy(), state.copy()
    known = arrays.settings_of(TrainingSettings(optimizer=name), [])
    code, constants = known.optimizer, known.constants
    for step in (1, 2, 3):
        gradient = (rng().standard_normal(101) * step).astype(dtype)
        ours_v = our_state[0] if optimizer.slots > 0 else ours
        ours_s = our_state[1] if optimizer.slots > 1 else ours
        given = {"optimizer": optimizer, "theta": ours, "v": ours_v, "s": ours_s, "learning_rate": 0.1}
        in_numpy(optimizers.update, gradient=gradient, scale=0.5, step=step, **given)
        v = state[0] if optimizer.slots > 0 else theta
        s = state[1] if optimizer.slots > 1 else v
        corrections = optimizers.corrected(code, constants, 0.1, step)
        optimizers.update(code, constants, theta, gradient, v, s, 0.5, corrections)
    near = 1e-14 if dtype is np.float64 else 2e-6
    np.testing.assert_allclose(theta, ours, rtol=near, atol=near)
    np.testing.assert_allclose(state, our_state, rtol=near, atol=near)


# Products


@numba.njit
def multiply(
    kernel: int, alpha: Any, A: np.ndarray, trans_a: bool, B: np.ndarray, trans_b: bool, beta: Any, C: np.ndarray
) -> None:
    """Call the product."""
    tiles.product(kernel, alpha, A, trans_a, B, trans_b, beta, C, np.zeros(tiles.PANEL_BYTES // A.itemsize, A.dtype))


def part(rows: int, columns: int, dtype: type, scale: float = 1.0) -> np.ndarray:
    """Give a part of a wider matrix, so that its rows lie apart."""
    return (scale * rng().standard_normal((rows + 2, columns + 5))).astype(dtype)[1:-1, 2 : 2 + columns]


@DTYPES
@pytest.mark.parametrize(
    ("trans_a", "trans_b"),
    [(False, False), (False, True), (True, False), (True, True)],
    ids=["AB", "ABt", "AtB", "AtBt"],
)
@pytest.mark.parametrize(
    ("m", "k", "n"),
    sampled([(1, 1, 1), (5, 7, 3), (64, 33, 17), (1, 40, 2), (40, 1, 9), (13, 1000, 33), (12, 16, 32)], 2),
)
def test_products_are_numpys(m: int, k: int, n: int, trans_a: bool, trans_b: bool, dtype: type) -> None:
    """C = beta C + alpha A B, either factor transposed, for rows that lie apart, and nothing beside C is touched."""
    A = part(*((k, m) if trans_a else (m, k)), dtype)
    B = part(*((n, k) if trans_b else (k, n)), dtype, 0.5)
    for alpha, beta in ((1, 0), (-0.25, 1), (2, 0.5)):
        C = part(m, n, dtype)
        around = C.base.copy()
        if beta == 0:
            C[:] = np.nan  # is not read
        wanted = C.copy()
        in_numpy(tiles.product, alpha=alpha, A=A, trans_a=trans_a, B=B, trans_b=trans_b, beta=beta, C=wanted)
        multiply(kernels.kernels_for(dtype).product, dtype(alpha), A, trans_a, B, trans_b, dtype(beta), C)
        np.testing.assert_allclose(C, wanted, rtol=0, atol=(1e-13 if dtype is np.float64 else 1e-5) * k)
        around[1:-1, 2 : 2 + n] = C
        np.testing.assert_array_equal(C.base, around)


def with_zeros(n: int, d: int, dtype: type, share: float) -> np.ndarray:
    """Draw inputs of which this share is not zero."""
    return (rng().standard_normal((n, d)) * (rng().random((n, d)) < share)).astype(dtype)


SPARSE = pytest.mark.parametrize(("n", "d", "units"), [(1, 1, 1), (30, 17, 5), (9, 40, 33), (7, 21, 250)])
SHARES = pytest.mark.parametrize("share", sampled([0.05, 0.0, 0.5, 1.0], 4))


@DTYPES
@SHARES
@SPARSE
def test_products_with_pairs_are_the_dense_ones(n: int, d: int, units: int, share: float, dtype: type) -> None:
    """Forward and gradient over pairs of inputs are those of the whole matrix, for some examples and parts of W."""
    kernel, X = kernels.kernels_for(dtype).pairs, with_zeros(n, d, dtype, share)
    X.flags.writeable = False  # as the engine gives it
    starts, in_row = np.zeros(n + 1, np.int64), (d + 1) // 2
    pairs.compress(X, np.zeros(0, np.uint16), np.zeros((0, 2), dtype), starts)
    found, values = np.zeros(starts[-1], np.uint16), np.zeros((starts[-1], 2), dtype)
    pairs.compress(X, found, values, starts)
    padded = np.zeros((n, in_row, 2), dtype)
    padded.reshape(n, -1)[:, :d] = X
    there = padded.any(axis=2)
    np.testing.assert_array_equal(starts, [0, *np.cumsum(there.sum(axis=1))])
    np.testing.assert_array_equal(found, np.nonzero(there)[1])
    np.testing.assert_array_equal(values, padded[there])
    rows = rng().integers(0, n, n // 2 + 1)
    room, ends = len(rows), np.zeros(in_row, np.int64)
    places, listed = np.zeros(in_row * room, np.uint16), np.zeros((in_row * room, 2), dtype)
    for kept, first, end in ((values, 0, in_row // 2), (values[:0], in_row // 2, in_row)):  # copied, or only in X
        pairs.list_inputs(X, found, kept, starts, rows, first, end, room, ends, places, listed)

    def entries(first: int) -> tuple:
        return first * room, room, ends[first:], places, listed.ctypes.data, 0, 0

    W, D = part(d, units, dtype), part(len(rows), units, dtype)
    near = {"rtol": 0, "atol": (1e-13 if dtype is np.float64 else 1e-5) * max(n, d)}
    scratch = np.zeros(len(rows) * pairs.PAIR_VECTORS * 16, dtype)
    H, wanted = (np.full((len(rows), units + 3), np.nan, dtype) for _ in range(2))
    pairs.forward_pairs(kernel, entries(0), W, H, 2, scratch)
    in_numpy(pairs.forward_pairs, X=X[rows], W=W, Z=wanted, start=2)
    np.testing.assert_allclose(H, wanted, **near)
    assert np.isnan(H[:, [0, 1, -1]]).all()
    for first, end in ((0, in_row), (in_row // 3, in_row - in_row // 3), (in_row - 1, in_row)):
        top, bottom = 2 * first, min(d, 2 * end)
        for alpha, beta in ((1, 0), (-0.5, 1), (-0.5, 0.75)):
            target = W.copy()
            if beta == 0:
                target[top:bottom] = np.nan  # is not read
            wanted = target.copy()
            part_of_X = X[rows, top:bottom]
            in_numpy(pairs.gradient_pairs, X=part_of_X, D=D, alpha=alpha, beta=beta, target=wanted[top:bottom])
            given = D, dtype(alpha), dtype(beta), target[top:bottom], scratch
            pairs.gradient_pairs(kernel, entries(first), *given)
            np.testing.assert_allclose(target, wanted, **near)


@DTYPES
@SHARES
@pytest.mark.parametrize(("n", "d", "units"), [(1, 2, 1), (30, 18, 5), (9, 40, 33), (7, 22, 250)])
def test_products_behind_a_rectifier_are_the_dense_ones(n: int, d: int, units: int, share: float, dtype: type) -> None:
    """Forward, gradient and deltas over listed pairs of units are the whole matrices', whoever lists which units."""
    known, lists_before, room = kernels.kernels_for(dtype), 3, n + 1
    H = with_zeros(n, d, dtype, share)
    ends, places = np.zeros(lists_before + d // 2, np.int64), np.zeros((lists_before + d // 2) * room, np.uint16)
    wanted_ends, wanted_places = ends.copy(), places.copy()
    for first, last in ((0, d // 4 * 2), (d // 4 * 2, d)):
        given = {"H": H, "first": first, "last": last, "at": lists_before, "room": room}
        rectified.list_units(**given, ends=ends, rows=places)
        in_numpy(rectified.list_units, **given, ends=wanted_ends, rows=wanted_places)
    there = H.reshape(n, -1, 2).any(axis=2)
    np.testing.assert_array_equal(ends, wanted_ends)
    for c in range(lists_before, len(ends)):
        listed = slice(c * room, ends[c])
        np.testing.assert_array_equal(places[listed], wanted_places[listed])
    assert rectified.entries_in(lists_before, len(ends), room, ends) == there.sum()
    W, D = part(d, units, dtype), part(n, units, dtype)
    near = {"rtol": 0, "atol": (1e-13 if dtype is np.float64 else 1e-5) * max(n, d, units)}
    scratch = np.zeros(n * pairs.PAIR_VECTORS * 16, dtype)

    def entries(first: int) -> tuple:
        c, address = lists_before + first, H.ctypes.data + 2 * first * H.itemsize
        return c * room, room, ends[c:], places, address, d, 2

    Z, wanted = (np.full((n, units), np.nan, dtype) for _ in range(2))
    pairs.forward_pairs(known.pairs, entries(0), W, Z, 0, scratch)
    in_numpy(pairs.forward_pairs, X=H, W=W, Z=wanted, start=0)
    np.testing.assert_allclose(Z, wanted, **near)
    half = d // 4
    target, deltas = np.full((d, units), np.nan, dtype), np.full((n, d), 7, dtype)
    pairs.gradient_pairs(known.pairs, entries(half), D, dtype(-0.5), dtype(0), target[2 * half :], scratch)
    wanted = np.full_like(target[2 * half :], np.nan)
    in_numpy(pairs.gradient_pairs, X=H[:, 2 * half :], D=D, alpha=-0.5, beta=0, target=wanted)
    np.testing.assert_allclose(target[2 * half :], wanted, **near)
    lists = (lists_before + half) * room, room, ends[lists_before + half :], places
    wanted = deltas.copy()
    rectified.delta_pairs(known.dots, *lists, D, W[2 * half :], deltas[:, 2 * half :])
    named = dict(zip(("begin", "room", "ends", "rows"), lists, strict=True))
    in_numpy(rectified.delta_pairs, **named, D=D, W=W[2 * half :], out=wanted[:, 2 * half :])
    np.testing.assert_allclose(deltas, wanted, **near)


@DTYPES
@SHARES
@SPARSE
def test_sums_over_entries_are_the_dense_product(n: int, d: int, units: int, share: float, dtype: type) -> None:
    """Row by row, forward over what is not zero is the product of the whole matrix."""
    X = with_zeros(n, d, dtype, share)
    columns, values = np.nonzero(X)[1].astype(np.uint16), X[X != 0]
    ends = np.cumsum((X != 0).sum(axis=1))
    W, Z = part(d, units, dtype), np.full((n, units), np.nan, dtype)
    begins, wanted = np.array([0, *ends[:-1]]), Z.copy()
    sparse.forward_sparse(kernels.kernels_for(dtype).sums, columns, values, begins, ends, W, Z)
    in_numpy(sparse.forward_sparse, columns=columns, values=values, begins=begins, ends=ends, W=W, Z=wanted)
    np.testing.assert_allclose(Z, wanted, rtol=0, atol=(1e-13 if dtype is np.float64 else 1e-5) * d)


@DTYPES
def test_squares_are_added_up_by_column_and_by_row(dtype: type) -> None:
    """The squares of a block are added up in double precision, columns to what was there, rows afresh."""
    W = part(30, 17, dtype)
    for kernel, units in ((layers.square_columns, 17), (layers.square_rows, 30)):
        squares, wanted = np.ones(units), np.ones(units)
        kernel(W, squares)
        in_numpy(kernel, W=W, squares=wanted)
        np.testing.assert_allclose(squares, wanted, rtol=1e-14)


@DTYPES
def test_compressing_a_block_finds_what_is_not_zero(dtype: type) -> None:
    """The entries of some rows are those that are not zero, with their columns, and are counted right."""
    X = with_zeros(9, 40, dtype, 0.3)
    columns, values = np.zeros(X.size + 1, np.uint16), np.zeros(X.size + 1, dtype)
    begins, ends = np.zeros(9, np.int64), np.zeros(9, np.int64)
    inference.compress_block(X, columns, values, begins, ends)
    assert inference.entries_of(X) == ends[-1] == np.count_nonzero(X)
    for i, x in enumerate(X):
        np.testing.assert_array_equal(columns[begins[i] : ends[i]], np.nonzero(x)[0])
        np.testing.assert_array_equal(values[begins[i] : ends[i]], x[x != 0])


def test_views_of_the_flat_vector_are_the_networks() -> None:
    """The weights and biases that compiled code sees in the flat vector are those that ``Parameters`` shows."""
    sizes = (3, 5, 1, 4)
    parameters = Parameters(sizes, np.arange(34.0))
    nothing = np.zeros(0, np.int64)
    described = context.Network(np.array(sizes), np.array([0, 20, 26]), nothing, nothing, 0)
    for layer in range(3):
        W = layers.weights_of(parameters.vector, described, layer)
        b = layers.biases_of(parameters.vector, described, layer)
        np.testing.assert_array_equal(W, parameters.W[layer])
        np.testing.assert_array_equal(b, parameters.b[layer])
        assert np.shares_memory(W, parameters.vector)
        assert np.shares_memory(b, parameters.vector)


@pytest.mark.parametrize("by_owner", [1, 3])
@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_a_spans_vector_shows_each_thread_its_weights(threads: int, by_owner: int) -> None:
    """Laid out by owner, a vector shows each thread its part of W and no other's; laid back, it is as before."""
    network = MLP((7, 40, 24, 10))
    parameters = network.initialise(seed=0)
    vector, described = parameters.vector.copy(), arrays.network_of(network)
    copy = np.zeros_like(vector)
    arrays.to_owners(vector, copy, described, threads, by_owner)
    for layer in range(3):
        for thread in range(threads):
            block = partition.partition_weights(described, layer, thread, threads)
            top, bottom, first, last = block
            begin, row = partition.place_of(described, layer, block, layer < by_owner)
            seen = [copy[begin + i * row : begin + i * row + last - first] for i in range(bottom - top)]
            wanted = parameters.W[layer][top:bottom, first:last]
            np.testing.assert_array_equal(np.reshape(seen, (bottom - top, last - first)), wanted)
            if by_owner == 1:
                np.testing.assert_array_equal(partition.own_weights(copy, described, layer, block), wanted)
        np.testing.assert_array_equal(layers.biases_of(copy, described, layer), parameters.b[layer])
    arrays.from_owners(copy, vector, described, threads, by_owner)
    np.testing.assert_array_equal(vector, parameters.vector)


# Threads


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
@pytest.mark.parametrize("units", [1, 10, 16, 32, 100, 400])
def test_every_unit_has_one_owner(units: int, threads: int) -> None:
    """In every layer the threads' units are side by side, complete, and whole vectors."""
    for layer in range(3):
        shares = sorted(partition.partition(units, layer, thread, threads) for thread in range(threads))
        assert [unit for first, last in shares for unit in range(first, last)] == list(range(units))
        assert all(first % partition.UNITS == 0 for first, last in shares if first < last)


def team(threads: int) -> Any:
    """Make what threads share."""
    counters, stop, halted = np.zeros(32, np.int64), np.zeros(1, np.uint8), np.zeros(1, np.uint8)
    return context.Team(threads, counters, stop, halted, barrier.sleep_address())


@numba.njit(nogil=True)
def take_turns(shared: Any, counts: np.ndarray, thread: int, rounds: int) -> bool:
    """Count up, and between two barriers check that the others have counted as far."""
    threads = len(counts) // 16
    for at in range(rounds):
        counts[16 * thread] += 1
        if not barrier.barrier(shared):
            return False
        for other in range(threads):
            if counts[16 * other] != at + 1:
                return False
        if not barrier.barrier(shared):
            return False
    return True


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_nobody_passes_a_barrier_before_all_are_there(threads: int) -> None:
    """At a thousand barriers, with more threads than cores or fewer, each sees afterwards what all did before."""
    shared, counts = team(threads), np.zeros(16 * threads, np.int64)
    take_turns(shared, counts[:16], 0, 0)  # compiles
    with ThreadPoolExecutor(threads) as executor:
        futures = [executor.submit(take_turns, shared, counts, thread, 1000) for thread in range(threads)]
        assert all(future.result() for future in futures)


def test_nobody_waits_for_a_thread_that_is_gone() -> None:
    """If a thread will never come, the others leave the barrier."""
    shared, counts = team(2), np.zeros(32, np.int64)
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(take_turns, shared, counts, 0, 1)
        time.sleep(0.05)
        assert not waiting.done()
        shared.stop[0] = barrier.GONE
        assert waiting.result(timeout=10) is False


def test_a_thread_that_has_arrived_goes_on_until_it_waits() -> None:
    """Of two threads the first to arrive is not held up; it is held where it waits, until the other has arrived."""
    shared = team(2)
    ticket = barrier.arrive(shared)
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(barrier.wait, shared, ticket)
        time.sleep(0.05)
        assert not waiting.done()
        other = barrier.arrive(shared)
        assert waiting.result(timeout=10) is True
    assert barrier.wait(shared, other) is True
