import io
import pickle
import pickletools
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from crafted import as_numpy_1, course_npy, four_arrays, npy_with
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.data.arrays.npy import read_npy
from handgrad.data.arrays.objects import read_pickle
from handgrad.data.arrays.pickled import Machine
from handgrad.errors import DataError, FormatError

MARKER = "executed"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("numpy_1", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "<f8", ">f4", "i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_course_file_of_any_numpy_and_protocol(tmp_path, protocol, numpy_1, dtype, order):
    """Protocols 2 to 5, NumPy 1 and 2, both byte orders and both memory orders give the same data."""
    X_train, y_train, X_test, y_test = four_arrays()
    arrays = (X_train.astype(dtype, order=order), y_train, X_test.astype(dtype, order=order), y_test.astype("u1"))
    content = course_npy(arrays, protocol)
    if numpy_1:
        content = as_numpy_1(content)
        assert b"numpy.core" in content
        assert b"numpy._core" not in content
    (tmp_path / "mnist.npy").write_bytes(content)
    data = read_npy(tmp_path / "mnist.npy")
    np.testing.assert_array_equal(data.X_train * np.float32(255), X_train)
    np.testing.assert_array_equal(data.X_test * np.float32(255), X_test)
    assert (data.y_train.tolist(), data.y_test.tolist()) == (y_train.tolist(), y_test.tolist())


def test_numpys_own_reader_agrees(tmp_path):
    """What np.save wrote and np.load reads is what is read here."""
    boxed = np.empty(4, object)
    boxed[:] = four_arrays()
    np.save(tmp_path / "mnist.npy", boxed, allow_pickle=True)
    trainx, trainy, testx, testy = np.load(tmp_path / "mnist.npy", allow_pickle=True)
    data = read_npy(tmp_path / "mnist.npy")
    for ours, theirs in ((data.X_train, trainx / 255), (data.X_test, testx / 255)):
        np.testing.assert_array_equal(ours, theirs.astype(np.float32))
    assert (data.y_train.tolist(), data.y_test.tolist()) == (trainy.tolist(), testy.tolist())


class Caller:
    """Pickles as a call of whatever it is given."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def global_(module: str, name: str) -> bytes:
    """Write the instruction that names a function."""
    return f"c{module}\n{name}\n".encode()


def text(content: str) -> bytes:
    """Write the instruction that holds a text."""
    return b"X" + struct.pack("<I", len(content)) + content.encode()


def calling(module: str, name: str, *arguments: str) -> bytes:
    """Write a pickle of one call with texts, for functions that Python would not pickle."""
    return b"\x80\x02" + global_(module, name) + b"(" + b"".join(map(text, arguments)) + b"tR."


def crafted_dtype() -> bytes:
    """Give dtype a state whose flags promise object pointers where there are bytes: NumPy would follow them."""
    good = course_npy((np.zeros((2, 4)), np.arange(2), np.zeros((2, 4)), np.arange(2)), 2)
    pickled = good[good.index(b"\x80\x02") :]
    at = pickled.rindex(b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\0")
    return pickled[: at + 11] + b"\x3f" + pickled[at + 12 :]


def crafted_dtype_fields() -> bytes:
    """Give dtype a state with subarray, names and fields that contradict each other."""
    good = course_npy((np.zeros((2, 4)), np.arange(2), np.zeros((2, 4)), np.arange(2)), 2)
    pickled = good[good.index(b"\x80\x02") :]
    return pickled.replace(b"NNNJ", b"N" + b"X\1\0\0\0a\x85" + b"}" + b"J")


HOSTILE = {
    "os.system": lambda: pickle.dumps(Caller(__import__("os").system, f"touch {MARKER}")),
    "eval": lambda: calling("builtins", "eval", f"open('{MARKER}', 'w')"),
    "eval-2": lambda: calling("__builtin__", "eval", f"open('{MARKER}', 'w')"),
    "nested": lambda: course_npy((Caller(eval, f"open('{MARKER}', 'w')"), 1, 2, 3))[128:],
    "stack-global": lambda: (
        b"\x80\x04" + text("builtins") + text("exec") + b"\x93" + text("open('executed','w')") + b"\x85R."
    ),
    "dotted-name": lambda: calling("numpy", "ndarray.tofile", MARKER),
    "numpy-other": lambda: calling("numpy", "save", MARKER),
    "numpy-f2py": lambda: calling("numpy.testing._private.utils", "runstring", f"open('{MARKER}', 'w')"),
    "codecs-other": lambda: calling("_codecs", "lookup", "rot13"),
    "call-a-call": lambda: b"\x80\x02" + global_("_codecs", "encode") + b"(" + text("a") + text("rot13") + b"tR)R.",
    "call-a-text": lambda: b"\x80\x02" + text("os.system") + b")R.",
    "encode-rot13": lambda: calling("_codecs", "encode", "a", "rot13"),
    "extension-1": lambda: b"\x80\x02\x82\x01)R.",
    "extension-2": lambda: b"\x80\x02\x83\x01\x00)R.",
    "extension-4": lambda: b"\x80\x02\x84\x01\x00\x00\x00)R.",
    "persistent-id": lambda: b"Pname\n.",
    "persistent-id-2": lambda: b"\x80\x02" + text("name") + b"Q.",
    "out-of-band": lambda: b"\x80\x05\x97\x98.",
    "inst": lambda: b"(S'touch executed'\nios\nsystem\n.",
    "obj": lambda: b"(" + global_("os", "system") + text(f"touch {MARKER}") + b"o.",
    "newobj": lambda: b"\x80\x02" + global_("numpy", "ndarray") + b")\x81.",
    "build-a-name": lambda: b"\x80\x02" + global_("numpy", "ndarray") + b")b.",
    "memo-bomb": lambda: b"\x80\x02Nr\xff\xff\xff\xff.",
    "memo-missing": lambda: b"\x80\x02j\xff\xff\xff\xff.",
    "huge-bytes": lambda: b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"a.",
    "huge-text": lambda: b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"a.",
    "huge-frame": lambda: b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b"N.",
    "huge-bytearray": lambda: b"\x80\x05\x96" + struct.pack("<Q", 2**63 + 5) + b"a.",
    "deep-tuples": lambda: b"\x80\x02)" + b"\x85" * 9000 + b".",
    "deeper-tuples": lambda: b"\x80\x02)" + b"\x85" * 5_000_000 + b".",
    "deep-marks": lambda: b"\x80\x02" + b"(" * 9000 + b".",
    "lists-in-themselves": lambda: b"\x80\x02]q\x00h\x00a.",
    "doubling": lambda: b"\x80\x02)" + b"q\x00h\x00h\x00\x86" * 2000 + b".",
    "long-number": lambda: b"I" + b"9" * 100_000 + b"\n.",
    "long-line": lambda: b"c" + b"a" * 100_000 + b"\nb\n.",
    "no-stop": lambda: b"\x80\x02N",
    "empty": lambda: b"",
    "empty-stack": lambda: b"\x80\x02.",
    "pop-below-mark": lambda: b"\x80\x02NN(\x86.",
    "two-results": lambda: b"\x80\x02NN.",
    "dict": lambda: b"\x80\x02}.",
    "crafted-dtype": crafted_dtype,
    "crafted-dtype-fields": crafted_dtype_fields,
}

READ_ALL = """
import sys
from pathlib import Path
from handgrad.data.arrays.npy import read_npy
from handgrad.errors import FormatError
for path in sorted(Path(sys.argv[1]).glob("*.npy")):
    try:
        read_npy(path)
    except FormatError as error:
        print(path.stem, len(str(error)))
    else:
        print(path.stem, "was read")
"""


def test_hostile_pickles_neither_run_nor_crash(tmp_path):
    """A fresh interpreter reads every hostile file, refuses each briefly, and lives; nothing is executed."""
    for name, write in HOSTILE.items():
        (tmp_path / f"{name}.npy").write_bytes(npy_with(write()))
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    lengths = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert set(lengths) == set(HOSTILE)
    assert {name: length for name, length in lengths.items() if not length.isdigit() or int(length) > 600} == {}
    assert not (tmp_path / MARKER).exists()


def test_these_pickles_would_do_harm_elsewhere(tmp_path, monkeypatch):
    """The test above is worth something: Python's own reader does what such a file says."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(HOSTILE["os.system"]())
    assert (tmp_path / MARKER).exists()


@pytest.mark.parametrize("name", [name for name in HOSTILE if "huge" in name or "bomb" in name or "deep" in name])
def test_no_hostile_pickle_takes_memory(little_memory, tmp_path, name):
    """Lengths, memo indices and nesting beyond all measure allocate no more than a few times the file."""
    path = tmp_path / "a.npy"
    path.write_bytes(npy_with(HOSTILE[name]()))
    with little_memory(), pytest.raises(FormatError):
        read_npy(path)


def test_what_a_pickle_asks_for_is_named(refused, tmp_path):
    """The message says what the file wanted to call, and that nothing was executed."""
    (tmp_path / "a.npy").write_bytes(npy_with(HOSTILE["eval"]()))
    with refused(FormatError, "a call of 'builtins.eval' (nothing was executed)"):
        read_npy(tmp_path / "a.npy")


X, y = np.zeros((3, 4)), np.arange(3)
STRANGE = {
    "short": (course_npy((X, y, X, y))[:-20], "pickle is broken"),
    "more": (course_npy((X, y, X, y)) + b"more", "4 bytes follow its pickle"),
    "three": (course_npy((X, y, X)), "it contains 3 arrays, but its header declares 4"),
    "no-arrays": (course_npy((1, 2, 3, 4)), "does not contain numeric arrays"),
    "texts": (course_npy((X, np.array(list("abc")), X, y)), "dtype 'U1'"),
    "objects": (course_npy((X, np.array([1, "a", None], object), X, y)), "dtype 'O8'"),
    "complex": (course_npy((X + 1j, y, X, y)), "dtype 'c16'"),
    "times": (course_npy((X, y.astype("M8[s]"), X, y)), "dtype 'M8'"),
    "records": (course_npy((np.zeros(3, "i4,f4"), y, X, y)), "an array of dtype 'V8'"),
    "scalar": (course_npy((X, np.array(3), X, y)), "does not contain numeric arrays"),
    "other-shape": (npy_with(b"N.", shape=(2, 2)), "one array of dtype |O and shape (2, 2)"),
    "plain": (npy_with(bytes(32), dtype="<f8"), "one array of dtype <f8 and shape (4,)"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_arrays_of_another_kind_are_refused(refused, tmp_path, name):
    """Honest pickles of other things are refused with what they hold."""
    content, piece = STRANGE[name]
    (tmp_path / "a.npy").write_bytes(content)
    with refused(FormatError, piece):
        read_npy(tmp_path / "a.npy")


def test_a_false_byte_count_is_refused(refused, tmp_path):
    """The bytes of an array must be as many as its shape and type ask for."""
    content = course_npy((X, y, X, y))
    at = content.index(b"K\x03K\x04\x86")
    (tmp_path / "a.npy").write_bytes(content[:at] + b"K\x03K\x05\x86" + content[at + 5 :])
    with refused(FormatError, "an array of shape (3, 5) and dtype float64 with 96 bytes"):
        read_npy(tmp_path / "a.npy")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), protocol=st.integers(2, 5))
def test_a_corrupted_file_raises_nothing_but_a_data_error(tmp_path, data, protocol):
    """Changed and cut bytes end in a data set or a DataError, never in anything else."""
    content = bytearray(course_npy((X, y, X, y), protocol))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.npy").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(DataError):
        read_npy(tmp_path / "a.npy")


@given(st.binary(max_size=60))
def test_random_instructions_raise_nothing_but_a_data_error(content):
    """The machine is closed: any bytes lead to plain values or to a DataError."""
    with suppress(DataError):
        Machine(Path("random")).run(io.BytesIO(content))


def test_the_machine_knows_every_instruction_numpy_uses():
    """No instruction of NumPy's own pickles is refused, and those that call more than a name's function are unknown."""
    dangerous = {"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER"}
    known = {opcode.name for opcode in pickletools.opcodes}
    assert dangerous <= known
    for opcode in dangerous:
        with pytest.raises(FormatError, match="nothing was executed"):
            Machine(Path("one")).follow(opcode, None)


@pytest.mark.parametrize("count", [20, 20_000])
def test_a_sound_pickle_of_other_things_is_not_called_incomplete(refused, tmp_path, count):
    """A batch of CIFAR has keys of bytes and long lists; to write its arrays with np.savez is the way out."""
    batch = {b"data": np.zeros((count, 12), np.uint8), b"labels": [1] * count, b"filenames": [b"a.png"] * count}
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch, protocol=2))
    with refused(FormatError, "data_batch_1", "arrays", "np.savez(path, "):
        read_pickle(tmp_path / "data_batch_1")
    for protocol in range(2, 6):
        arrays = {b"data": np.eye(12), b"labels": np.arange(12) % 2}
        (tmp_path / "sound.pkl").write_bytes(pickle.dumps(arrays, protocol))
        assert read_pickle(tmp_path / "sound.pkl").class_names == ("0", "1")
