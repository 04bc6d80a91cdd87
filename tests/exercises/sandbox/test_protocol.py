"""The wire: what is written comes back, and whatever else is read is refused, never trusted, never executed."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from handgrad.exercises.sandbox.inside.protocol import MOST_ARRAYS, PREFIX, TYPES, GarbageError, decode, encode, plain

plain_arrays = arrays_of.arrays(
    st.sampled_from(sorted(TYPES)).map(np.dtype), arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
)


def split(frame: bytes) -> tuple[bytes, bytes]:
    """Cut a frame into header and body."""
    head, body = PREFIX.unpack_from(frame)
    assert len(frame) == PREFIX.size + head + body
    return frame[PREFIX.size : PREFIX.size + head], frame[PREFIX.size + head :]


@given(st.lists(plain_arrays, max_size=4), st.dictionaries(st.text(), st.integers() | st.text(), max_size=3))
def test_what_is_encoded_is_decoded(arrays: list[np.ndarray], header: dict[str, object]) -> None:
    """Every array of a plain type, with its type, shape and values; and the header."""
    header.pop("arrays", None)
    found, given_back = decode(*split(encode(header, arrays)))
    assert {key: value for key, value in found.items() if key != "arrays"} == header
    for before, after in zip(arrays, given_back, strict=True):
        assert (before.dtype, before.shape) == (after.dtype, after.shape)
        assert before.tobytes() == after.tobytes()
        assert after.flags.writeable


@given(st.data())
def test_a_spoilt_frame_is_refused_or_read_as_plain_arrays(data: st.DataObject) -> None:
    """Whatever bytes are changed, decoding gives garbage or arrays of plain types, and raises nothing else."""
    head, body = split(encode({"status": "ok"}, [np.arange(6.0).reshape(2, 3), np.array([True])]))
    both = bytearray(head + body)
    for place, byte in data.draw(st.lists(st.tuples(st.integers(0, len(both) - 1), st.integers(0, 255)), max_size=6)):
        both[place] = byte
    cut = data.draw(st.integers(0, len(both)))
    for at in (len(head), cut):
        try:
            _, arrays = decode(bytes(both[:at]), bytes(both[at:]))
        except GarbageError:
            continue
        assert {array.dtype.str[1:] for array in arrays} <= TYPES


@pytest.mark.parametrize(
    ("head", "body", "message"),
    [
        (b"\x80\x04N.", b"", "not JSON"),
        (b"[" * 100_000, b"", "not JSON"),
        (b'{"arrays": [' + b"9" * 5000 + b"]}", b"", "not JSON"),
        (b'"right"', b"", "lists no arrays"),
        (b'{"status": "right"}', b"", "lists no arrays"),
        (b'{"arrays": []}', b"x", "belong to no array"),
        (b'{"arrays": [["f8", [1]]]}', bytes(7), "longer than its bytes"),
        (b'{"arrays": [["f8", [2147483647, 2147483647, 2147483647]]]}', bytes(8), "longer than its bytes"),
        (b'{"arrays": [["f8", [-1]]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["f8", [true]]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["f8", [1.0]]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["f8", [0, 2147483647]]]}', b"", "strange type or shape"),
        (b'{"arrays": [["f8", [2147483647, 0, 2147483647]]]}', b"", "strange type or shape"),
        (b'{"arrays": [["O", [1]]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["O8", [1]]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["c16", [1]]]}', bytes(16), "strange type or shape"),
        (b'{"arrays": [["U1", [1]]]}', bytes(4), "strange type or shape"),
        (b'{"arrays": [["V8", [1]]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [[["f8"], [1]]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["f8", 1]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["f8", [1], 0]]}', bytes(8), "strange type or shape"),
        (b'{"arrays": [["u1", [1,1,1,1,1,1,1,1,1]]]}', bytes(1), "strange type or shape"),
        (json.dumps({"arrays": [["u1", [0]]] * (MOST_ARRAYS + 1)}).encode(), b"", "too many"),
    ],
)
def test_what_is_refused(head: bytes, body: bytes, message: str) -> None:
    """Pickles, endless nesting, objects, texts, negative and huge shapes: each is refused, and the reason named."""
    with pytest.raises(GarbageError, match=message):
        decode(head, body)


def test_a_boolean_is_zero_or_one() -> None:
    """Other bytes, with which NumPy's booleans would behave strangely, count as true."""
    _, [array] = decode(b'{"arrays": [["b1", [3]]]}', bytes([0, 1, 7]))
    assert array.tobytes() == bytes([0, 1, 1])


def test_plain_asks_the_value_nothing() -> None:
    """A class that lies about itself in every way is taken for the numbers in its memory, or for nothing."""

    class Liar(np.ndarray):
        shape = dtype = nbytes = size = ndim = property(lambda _: 1 / 0)
        __array__ = astype = tobytes = copy = lambda *_, **__: 1 / 0

    class Number(float):
        __float__ = __eq__ = __array__ = lambda *_: 1 / 0
        __hash__ = None

    array = np.arange(3.0)
    found = plain(array.view(Liar))
    assert type(found) is np.ndarray
    assert found.tolist() == [0, 1, 2]
    assert not np.shares_memory(found, array)
    assert plain(Number(1)) is None
    assert plain(np.broadcast_to(1.0, (10**6, 10**6))) is None
    assert plain(np.empty((0, 2**31 - 1))) is None
    assert plain(10**30) is None
