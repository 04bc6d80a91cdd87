"""The compiled kernels by themselves, against NumPy and the functions of ``network`` that they stand for."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from strategies import COMPILED_OPTIMIZERS

from handgrad.network import ACTIVATIONS, LOSSES, MLP, Parameters
from handgrad.training import OPTIMIZERS, dropout_keys, dropout_masks

numba = pytest.importorskip("numba", reason="numba is not installed")
arguments = pytest.importorskip("handgrad.compiled.arguments")
functions = pytest.importorskip("handgrad.compiled.functions")
inference = pytest.importorskip("handgrad.compiled.inference")
kernels = pytest.importorskip("handgrad.compiled.kernels")
layers = pytest.importorskip("handgrad.compiled.layers")
meeting = pytest.importorskip("handgrad.compiled.meeting")
pairs = pytest.importorskip("handgrad.compiled.pairs")
rectified = pytest.importorskip("handgrad.compiled.rectified")
sparse = pytest.importorskip("handgrad.compiled.sparse")
span = pytest.importorskip("handgrad.compiled.span")
tiles = pytest.importorskip("handgrad.compiled.tiles")
updates = pytest.importorskip("handgrad.compiled.updates")
compiled_arrays = pytest.importorskip("handgrad.training.engines.arrays")

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def rng() -> np.random.Generator:
    """Give the same random numbers to every test."""
    return np.random.default_rng(0)


# Elementwise functions


@numba.njit
def exponentials(X: np.ndarray, Y: np.ndarray) -> None:
    """Apply the single-precision exponential."""
    for i in range(X.size):
        Y[i] = functions._exp32(X[i])


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
    for name, code in functions.ACTIVATION_CODES.items():
        activation = ACTIVATIONS[name]
        H, kept, D = X.copy(), np.full_like(X, np.nan), np.full_like(X, 3)
        functions.activate(code, H, b, kept, 0, len(Z), 0, Z.shape[1])
        np.testing.assert_allclose(H, activation.function(Z), **near, err_msg=name)
        if code in functions.NEEDS_Z:
            np.testing.assert_array_equal(kept, Z, err_msg=name)
        functions.differentiate(code, D, H, kept, 0, len(Z), 0, Z.shape[1])
        np.testing.assert_allclose(D, 3 * activation.derivative(Z, H), **near, err_msg=f"derivative of {name}")


def test_elementwise_functions_keep_to_their_block() -> None:
    """What lies outside the rows and units that are asked for stays as it was."""
    for code in functions.ACTIVATION_CODES.values():
        H, b, kept, D = np.ones((5, 7)), np.zeros(7), np.full((5, 7), 9.0), np.full((5, 7), 3.0)
        functions.activate(code, H, b, kept, 1, 3, 2, 6)
        functions.differentiate(code, D, H, kept, 1, 3, 2, 6)
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
    for name, code in functions.LOSS_CODES.items():
        loss = LOSSES[name]
        if smoothing and loss.targets == "numbers":
            continue
        for labels, targets in ((y, no_targets), (no_labels, T)):
            if name == "cross_entropy" and not labels.size:
                continue
            D = (Z - b).astype(dtype)
            share = w[order] / w.sum()
            right = functions.lose(code, D, order, b.astype(dtype), labels, targets, share, smoothing)
            network = MLP((2, k), loss=name)
            chosen = (labels if labels.size else targets)[order]
            wanted, dZ = network.loss_and_gradient((Z - b).astype(dtype) + b.astype(dtype), chosen, w[order], smoothing)
            near = 1e-12 if dtype is np.float64 else 2e-6
            assert share.sum() == pytest.approx(float(wanted), rel=near), name
            np.testing.assert_allclose(D, dZ, rtol=0, atol=near * np.abs(dZ).max(), err_msg=name)
            logits = (Z - b).astype(dtype) + b.astype(dtype)
            if labels.size:
                assert right == np.sum(logits.argmax(axis=1) == chosen)
            elif loss.targets == "answers":
                assert right == np.sum(((logits > 0) == (chosen > 0.5)).all(axis=1))


@DTYPES
@pytest.mark.parametrize(("rate", "first"), [(0.05, 0), (0.5, 7), (0.9, 1000)])
def test_dropout_is_drawn_as_the_masks_are(rate: float, first: int, dtype: type) -> None:
    """Rows are dropped as ``dropout_masks`` drops those of the same step, layer and place, bit by bit."""
    keys = dropout_keys(3, np.array([5]), 1)
    X = rng().standard_normal((20, 9)).astype(dtype)
    found = np.full_like(X, np.nan)
    layers.drop(keys[0, 0], rate, first, X, found, 0, 20, 0, 4)
    layers.drop(keys[0, 0], rate, first, X, found, 0, 20, 4, 9)
    (mask,) = dropout_masks(keys[0], (rate,), (9,), first, 20, dtype)
    np.testing.assert_array_equal(found, X * mask)


@DTYPES
@pytest.mark.parametrize("name", COMPILED_OPTIMIZERS)
def test_updates_are_those_of_the_optimizers(name: str, dtype: type) -> None:
    """Each recurrence, over three steps of a shortened gradient, moves parameters and state as the optimizer does."""
    optimizer: Any = OPTIMIZERS[name]
    theta = rng().standard_normal(101).astype(dtype)
    state = np.zeros((optimizer.slots, 101), dtype)
    ours, our_state = theta.copy(), state.copy()
    constants, code = compiled_arrays.constants_of(optimizer), compiled_arrays.OPTIMIZER_CODES[type(optimizer)]
    for step in (1, 2, 3):
        gradient = (rng().standard_normal(101) * step).astype(dtype)
        optimizer.update(ours, gradient * dtype(0.5), our_state, 0.1, step)
        v = state[0] if optimizer.slots > 0 else theta
        s = state[1] if optimizer.slots > 1 else v
        corrections = updates.corrected(code, constants, 0.1, step)
        updates.update(code, constants, theta, gradient, v, s, 0.5, corrections)
    near = 1e-14 if dtype is np.float64 else 2e-6
    np.testing.assert_allclose(theta, ours, rtol=near, atol=near)
    np.testing.assert_allclose(state, our_state, rtol=near, atol=near)


# Products


@numba.njit
def multiply(
    kernel: int, alpha: Any, A: np.ndarray, turn_A: bool, B: np.ndarray, turn_B: bool, keep: Any, C: np.ndarray
) -> None:
    """Call the product."""
    tiles.product(kernel, alpha, A, turn_A, B, turn_B, keep, C, np.zeros(tiles.PANEL_BYTES // A.itemsize, A.dtype))


def part(rows: int, columns: int, dtype: type, scale: float = 1.0) -> np.ndarray:
    """Give a part of a wider matrix, so that its rows lie apart."""
    return (scale * rng().standard_normal((rows + 2, columns + 5))).astype(dtype)[1:-1, 2 : 2 + columns]


@DTYPES
@pytest.mark.parametrize(
    ("turn_A", "turn_B"),
    [(False, False), (False, True), (True, False), (True, True)],
    ids=["AB", "ABt", "AtB", "AtBt"],
)
@pytest.mark.parametrize(
    ("m", "k", "n"), [(1, 1, 1), (5, 7, 3), (64, 33, 17), (1, 40, 2), (40, 1, 9), (13, 1000, 33), (12, 16, 32)]
)
def test_products_are_numpys(m: int, k: int, n: int, turn_A: bool, turn_B: bool, dtype: type) -> None:
    """C = keep C + alpha A B, either factor transposed, for rows that lie apart, and nothing beside C is touched."""
    A = part(*((k, m) if turn_A else (m, k)), dtype)
    B = part(*((n, k) if turn_B else (k, n)), dtype, 0.5)
    for alpha, keep in ((1, 0), (-0.25, 1), (2, 0.5)):
        C = part(m, n, dtype)
        around = C.base.copy()
        if keep == 0:
            C[:] = np.nan  # what keep = 0 multiplies is not looked at
        wanted = alpha * (A.T if turn_A else A) @ (B.T if turn_B else B) + (keep * C if keep else 0)
        multiply(kernels.kernels_for(dtype).product, dtype(alpha), A, turn_A, B, turn_B, dtype(keep), C)
        np.testing.assert_allclose(C, wanted, rtol=0, atol=(1e-13 if dtype is np.float64 else 1e-5) * k)
        around[1:-1, 2 : 2 + n] = C
        np.testing.assert_array_equal(C.base, around)


def with_zeros(n: int, d: int, dtype: type, share: float) -> np.ndarray:
    """Draw inputs of which this share is not zero."""
    return (rng().standard_normal((n, d)) * (rng().random((n, d)) < share)).astype(dtype)


SPARSE = pytest.mark.parametrize(("n", "d", "units"), [(1, 1, 1), (30, 17, 5), (9, 40, 33), (7, 21, 250)])
SHARES = pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])


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
    scratch = np.zeros(len(rows) * pairs.ACROSS * 16, dtype)
    H = np.full((len(rows), units + 3), np.nan, dtype)
    pairs.forward_pairs(kernel, entries(0), W, H, 2, scratch)
    np.testing.assert_allclose(H[:, 2:-1], X[rows] @ W, **near)
    assert np.isnan(H[:, [0, 1, -1]]).all()
    for first, end in ((0, in_row), (in_row // 3, in_row - in_row // 3), (in_row - 1, in_row)):
        top, bottom = 2 * first, min(d, 2 * end)
        for alpha, keep in ((1, 0), (-0.5, 1), (-0.5, 0.75)):
            target = W.copy()
            if keep == 0:
                target[top:bottom] = np.nan  # what keep = 0 multiplies is not looked at
            wanted = W.copy()
            wanted[top:bottom] = alpha * (X[rows].T @ D)[top:bottom] + keep * W[top:bottom]
            given = D, dtype(alpha), dtype(keep), target[top:bottom], scratch
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
    for first, last in ((0, d // 4 * 2), (d // 4 * 2, d)):
        rectified.list_units(H, first, last, lists_before, room, ends, places)
    there = H.reshape(n, -1, 2).any(axis=2)
    for c in range(d // 2):
        begin = (lists_before + c) * room
        np.testing.assert_array_equal(places[begin : ends[lists_before + c]], np.nonzero(there[:, c])[0])
    assert rectified.entries_in(lists_before, len(ends), room, ends) == there.sum()
    W, D = part(d, units, dtype), part(n, units, dtype)
    near = {"rtol": 0, "atol": (1e-13 if dtype is np.float64 else 1e-5) * max(n, d, units)}
    scratch = np.zeros(n * pairs.ACROSS * 16, dtype)

    def entries(first: int) -> tuple:
        c, address = lists_before + first, H.ctypes.data + 2 * first * H.itemsize
        return c * room, room, ends[c:], places, address, d, 2

    Z = np.full((n, units), np.nan, dtype)
    pairs.forward_pairs(known.pairs, entries(0), W, Z, 0, scratch)
    np.testing.assert_allclose(Z, H @ W, **near)
    half = d // 4
    target, deltas = np.full((d, units), np.nan, dtype), np.full((n, d), 7, dtype)
    pairs.gradient_pairs(known.pairs, entries(half), D, dtype(-0.5), dtype(0), target[2 * half :], scratch)
    np.testing.assert_allclose(target[2 * half :], (-0.5 * H.T @ D)[2 * half :], **near)
    lists = (lists_before + half) * room, room, ends[lists_before + half :], places
    rectified.delta_pairs(known.dots, *lists, D, W[2 * half :], deltas[:, 2 * half :])
    wanted = np.where(np.repeat(there, 2, axis=1), D @ W.T, 7)
    wanted[:, : 2 * half] = 7
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
    sparse.forward_sparse(kernels.kernels_for(dtype).sums, columns, values, np.array([0, *ends[:-1]]), ends, W, Z)
    np.testing.assert_allclose(Z, X @ W, rtol=0, atol=(1e-13 if dtype is np.float64 else 1e-5) * d)


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
    shape = arguments.Shape(np.array(sizes), np.array([0, 20, 26]), nothing, nothing, 0)
    for layer in range(3):
        W = layers.weights_of(parameters.vector, shape, layer)
        b = layers.biases_of(parameters.vector, shape, layer)
        np.testing.assert_array_equal(W, parameters.W[layer])
        np.testing.assert_array_equal(b, parameters.b[layer])
        assert np.shares_memory(W, parameters.vector)
        assert np.shares_memory(b, parameters.vector)


@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_a_spans_vector_shows_each_thread_its_weights(threads: int, together: int) -> None:
    """Laid out owner by owner, a vector shows each thread its part of W and no other's; laid back, it is as before."""
    network = MLP((7, 40, 24, 10))
    parameters = network.initialise(seed=0)
    vector, shape = parameters.vector.copy(), compiled_arrays.shape_of(network)
    apart = np.zeros_like(vector)
    compiled_arrays.set_apart(vector, apart, shape, threads, together)
    for layer in range(3):
        for thread in range(threads):
            block = span.own_block(shape, layer, thread, threads)
            top, bottom, first, last = block
            begin, row = layers.place_of(shape, layer, block, layer < together)
            seen = [apart[begin + i * row : begin + i * row + last - first] for i in range(bottom - top)]
            np.testing.assert_array_equal(
                np.reshape(seen, (bottom - top, last - first)), parameters.W[layer][top:bottom, first:last]
            )
            if together == 1:
                np.testing.assert_array_equal(
                    layers.own_weights(apart, shape, layer, block), parameters.W[layer][top:bottom, first:last]
                )
        np.testing.assert_array_equal(layers.biases_of(apart, shape, layer), parameters.b[layer])
    compiled_arrays.bring_together(apart, vector, shape, threads, together)
    np.testing.assert_array_equal(vector, parameters.vector)


# Threads


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
@pytest.mark.parametrize("units", [1, 10, 16, 32, 100, 400])
def test_every_unit_has_one_owner(units: int, threads: int) -> None:
    """Whatever the layer, the threads' units lie side by side, are all there, and are whole vectors."""
    for layer in range(3):
        shares = sorted(span.own(units, layer, thread, threads) for thread in range(threads))
        assert [unit for first, last in shares for unit in range(first, last)] == list(range(units))
        assert all(first % span.BUNCH == 0 for first, last in shares if first < last)


@numba.njit(nogil=True)
def take_turns(board: np.ndarray, counts: np.ndarray, thread: int, rounds: int, stop: np.ndarray, sleep: int) -> bool:
    """Count up, and between two meetings look whether the others have counted as far."""
    threads = len(counts) // 16
    for at in range(rounds):
        counts[16 * thread] += 1
        if not meeting.meet(board, threads, stop, sleep):
            return False
        for other in range(threads):
            if counts[16 * other] != at + 1:
                return False
        if not meeting.meet(board, threads, stop, sleep):
            return False
    return True


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_nobody_leaves_a_meeting_before_all_are_there(threads: int) -> None:
    """In a thousand meetings, more threads than cores or fewer, each sees after it what all did before it."""
    board, counts, stop = np.zeros(32, np.int64), np.zeros(16 * threads, np.int64), np.zeros(1, np.uint8)
    take_turns(board, counts[:16], 0, 0, stop, meeting.sleep_address())  # compiles
    with ThreadPoolExecutor(threads) as executor:
        futures = [
            executor.submit(take_turns, board, counts, thread, 1000, stop, meeting.sleep_address())
            for thread in range(threads)
        ]
        assert all(future.result() for future in futures)


def test_nobody_waits_for_one_who_is_gone() -> None:
    """Where a thread will never come, the others are sent home."""
    board, counts, stop = np.zeros(32, np.int64), np.zeros(32, np.int64), np.zeros(1, np.uint8)
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(take_turns, board, counts, 0, 1, stop, meeting.sleep_address())
        time.sleep(0.05)
        assert not waiting.done()
        stop[0] = meeting.GONE
        assert waiting.result(timeout=10) is False


def test_who_has_arrived_goes_on_until_it_waits() -> None:
    """Of two threads the first to arrive is not held; it is where it waits, until the other has arrived as well."""
    board, stop, sleep = np.zeros(32, np.int64), np.zeros(1, np.uint8), meeting.sleep_address()
    ticket = meeting.arrive(board, 2)
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(meeting.wait, board, ticket, 2, stop, sleep)
        time.sleep(0.05)
        assert not waiting.done()
        other = meeting.arrive(board, 2)
        assert waiting.result(timeout=10) is True
    assert meeting.wait(board, other, 2, stop, sleep) is True
