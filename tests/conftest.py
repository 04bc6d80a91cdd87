"""What all tests share: hypothesis profiles, optional libraries, and the check of an error message."""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from threadpoolctl import threadpool_limits

from handgrad.errors import HandgradError

IN_CI = os.environ.get("CI") == "true"


def folder_for_code() -> Path:
    """Name a cache folder for compiled code after a hash of all sources of that code.

    numba checks only the file of the cached function itself, and misses changes in the functions that it calls.
    """
    package = Path(find_spec("handgrad").submodule_search_locations[0])
    sources = b"".join(file.read_bytes() for file in sorted((package / "compiled").glob("*.py")))
    return Path(__file__).parents[1] / ".pytest_cache" / f"numba-{sha256(sources).hexdigest()[:16]}"


os.environ.setdefault("NUMBA_CACHE_DIR", str(folder_for_code()))


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis draw fewer examples where the slow tests are left out; in CI every run draws the same ones."""
    drawn = {"derandomize": True, "database": None, "print_blob": True} if IN_CI else {}
    count = 20 if config.getoption("markexpr") == "not slow" else 50
    settings.register_profile("tests", deadline=None, max_examples=count, **drawn)  # deadlines measure the machine
    settings.load_profile("tests")


def import_or_fail(name: str, *_: object, **__: object) -> ModuleType:
    """Import a module that a test needs; stands in for ``pytest.importorskip``, with the same arguments."""
    return importlib.import_module(name)


if IN_CI:  # everything is installed there: a missing library, or a module of ours that was renamed, must not be a skip
    pytest.importorskip = import_or_fail


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile what the tests need, once for all processes: one starts with float32, another with float64."""
    wanted = any("compiled" in getattr(item, "fixturenames", ()) for item in session.items)
    if session.config.option.collectonly or not (wanted and find_spec("numba") and find_spec("joblib")):
        return
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    dtypes = ["float32", "float64"]
    for dtype in dtypes if os.environ.get("PYTEST_XDIST_WORKER") == "gw0" else dtypes[::-1]:
        with FileLock(folder / f"{dtype}.lock"):  # the second process finds the code on disk
            compile_for(dtype)


def compile_for(dtype: str) -> None:
    """Train and predict briefly with compiled code."""
    from handgrad.network.mlp import MLP
    from handgrad.training import Examples, TrainingSettings, TrainingState, make_predictor, train

    network, X = MLP((2, 2, 2)), np.ones((2, 2), dtype)
    parameters = network.initialise(dtype=np.dtype(dtype))
    settings = TrainingSettings(engine="compiled", epochs=1)
    list(train(network, TrainingState.start(parameters), Examples(X, np.array([0, 1])), settings=settings))
    make_predictor(network, parameters, "compiled")(X)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Limit NumPy to one thread: two processes test at once, with small arrays."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """Return PyTorch, limited to one thread because the arrays of these tests are small."""
    module = pytest.importorskip("torch", reason="torch is not installed")
    module.set_num_threads(1)
    return module


@pytest.fixture(scope="session")
def keras(torch: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:  # noqa: ARG001 - it is used
    """Return Keras, computing with PyTorch; its settings are written in a folder of the tests."""
    os.environ |= {"KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path_factory.mktemp("keras"))}
    return pytest.importorskip("keras", reason="keras is not installed")


@pytest.fixture(scope="session")
def strict() -> ModuleType:
    """Return the array library that has only the functions of the standard."""
    return pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")


@pytest.fixture(params=["numpy", "torch", "array_api_strict"])
def library(request: pytest.FixtureRequest) -> ModuleType:
    """Return each array library in turn."""
    if request.param == "torch":
        return request.getfixturevalue("torch")
    return pytest.importorskip(request.param, reason=f"{request.param} is not installed")


@pytest.fixture
def refused() -> Callable[..., AbstractContextManager[None]]:
    """Return a context manager: its block must raise this error, with a complete message.

    Every further argument is a piece of text that the message must contain.
    """

    @contextmanager
    def refused(kind: type[HandgradError], *pieces: str) -> Iterator[None]:
        with pytest.raises(kind) as caught:
            yield
        error = caught.value
        assert type(error) is kind
        instruction = error.remedy[:1].upper() + error.remedy[1:]
        assert str(error) == f"{error.found}; expected {error.wanted}. {instruction}."
        assert all(text.strip() for text in (error.found, error.wanted, error.remedy))
        assert not error.remedy.endswith("."), "the message adds the full stop"
        for piece in pieces:
            assert piece in str(error)

    return refused
