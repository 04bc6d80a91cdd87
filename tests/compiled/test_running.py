"""How compiled code runs: beside other threads and trainings, until Ctrl-C, with threads and memory given back."""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handgrad.network import MLP
from handgrad.training import Examples, TrainingSettings, TrainingState, train

pytest.importorskip("numba", reason="numba is not installed")
joblib = pytest.importorskip("joblib", reason="joblib is not installed")
compiled_engine = pytest.importorskip("handgrad.training.engines.compiled")

pytestmark = pytest.mark.slow  # interrupts, timing and whole processes: not beside other work

# A second is what a person bears; the rest is for a busy machine. What is stopped would take minutes.
PATIENCE = 5
NETWORK = MLP((30, 64, 48, 5), "tanh")


def examples(n: int = 4096, d: int = 30) -> Examples:
    """Draw examples."""
    rng = np.random.default_rng(0)
    return Examples(rng.standard_normal((n, d)).astype(np.float32), rng.integers(0, 5, n))


def make(threads: int = 1, n: int = 4096, **options: Any) -> Any:
    """Make a compiled engine with parameters of its own."""
    settings = TrainingSettings(**{"optimizer": "momentum", "batch_size": 64, **options})
    return compiled_engine.CompiledEngine(NETWORK, examples(n), settings, np.float32, threads)


def fresh(engine: Any) -> TrainingState:
    """Make the state before the first step."""
    return TrainingState.start(NETWORK.initialise(seed=1, dtype=np.float32), engine.settings)


def steps(engine: Any, state: TrainingState, count: int) -> None:
    """Take some steps, over the examples in order, again and again."""
    engine.run_span(*span(engine, state, count))


def span(engine: Any, state: TrainingState, count: int) -> tuple[Any, ...]:
    """Give the arguments of such a span."""
    size = len(engine.examples) if engine.settings.full_batch else 64
    order = np.arange(size * state.step, size * (state.step + count)) % len(engine.examples)
    return state, order, size * np.arange(1, count + 1), [1e-4] * count


def trained(seed: int, engine: str = "compiled") -> np.ndarray:
    """Train from a seed and return the parameters."""
    parameters = NETWORK.initialise(seed=seed, dtype=np.float32)
    part = examples(640)
    settings = TrainingSettings("adam", 0.01, epochs=5, dropout=0.1, seed=seed, engine=engine, threads=2)
    for _ in train(NETWORK, TrainingState.start(parameters, settings), part, settings=settings):
        pass
    return parameters.vector


def cores() -> list[set[int]]:
    """List on which cores each thread of this process may run."""
    tasks = Path("/proc/self/task")
    return [os.sched_getaffinity(int(task.name)) for task in tasks.iterdir()] if tasks.exists() else []


# Beside others


def test_the_interpreter_is_free_during_a_span() -> None:
    """While a span runs, other Python threads go on: no pause of theirs is as long as half the span."""
    engine = make()
    engine.prepare()
    state, times, over = fresh(engine), [], threading.Event()

    def watch() -> None:
        while not over.is_set():
            times.append(time.perf_counter())
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        began = time.perf_counter()
        steps(engine, state, 8000)
        ended = time.perf_counter()
    finally:
        over.set()
        watcher.join()
    within = [began, *(at for at in times if began < at < ended), ended]
    assert ended - began > 0.2
    assert max(np.diff(within)) < (ended - began) / 2


def test_trainings_at_once_in_threads_are_right() -> None:
    """Four trainings at once, in four threads, end at the bits at which each ends alone."""
    alone = [trained(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as executor:
        together = list(executor.map(trained, range(4)))
    np.testing.assert_array_equal(together, alone)


def test_both_engines_at_once_are_right() -> None:
    """A training with NumPy beside a compiled one: neither disturbs the other."""
    kinds = ["numpy", "compiled"] * 2
    alone = [trained(seed, kind) for seed, kind in enumerate(kinds)]
    with ThreadPoolExecutor(4) as executor:
        together = list(executor.map(trained, range(4), kinds))
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)


def test_trainings_under_joblib_are_right() -> None:
    """Trainings in joblib's worker processes end at the bits at which they end here."""
    with joblib.parallel_config("loky", n_jobs=2):
        together = joblib.Parallel()(joblib.delayed(trained)(seed) for seed in range(2))
    np.testing.assert_array_equal(together, [trained(seed) for seed in range(2)])


def test_waiting_threads_leave_the_cores_to_others() -> None:
    """Beside as many busy processes as there are cores, two threads still meet hundreds of times a second."""
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import test_running as t; engine = t.make(2); "
        "state = t.fresh(engine); t.steps(engine, state, 2); began = time.perf_counter(); "
        "t.steps(engine, state, 200); print(time.perf_counter() - began)"
    )
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(joblib.cpu_count())]
    try:
        command = [sys.executable, "-c", program, str(Path(__file__).parent)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert float(done.stdout) < 2  # in a busy loop: 200 times a scheduler's slice or more


# Given back


def test_cores_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a span, an evaluation and an error in the compiled call, every thread may run on every core again."""
    engine = make(threads=joblib.cpu_count())
    before, environment = cores()[:1], dict(os.environ)
    state = fresh(engine)
    steps(engine, state, 3)
    assert all(allowed == before[0] for allowed in cores())
    engine.evaluate(state.parameters, engine.examples)
    monkeypatch.setattr(compiled_engine.train_span, "_can_compile", False)  # what it would not compile is an error
    context = engine.context
    engine.context = context._replace(gradient=context.gradient.astype(np.float64))
    with pytest.raises(TypeError, match="No matching definition"):
        steps(engine, state, 3)
    engine.context = context
    assert all(allowed == before[0] for allowed in cores())
    assert dict(os.environ) == environment
    steps(engine, state, 3)
    assert np.isfinite(state.parameters.vector).all()


def resident() -> int:
    """Return this process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not list a process's threads")
def test_engines_leave_no_threads_and_no_memory() -> None:
    """After 200 engines, one after the other, there are as many threads as after a few, and as much memory."""

    def ours() -> int:
        return sum(thread.name.startswith("handgrad") for thread in threading.enumerate())

    def use(count: int) -> tuple[int, int, int]:
        for _ in range(count):
            engine = make(threads=2, n=640)
            steps(engine, fresh(engine), 2)
            del engine
        gc.collect()
        until = time.monotonic() + 10
        while ours() and time.monotonic() < until:
            time.sleep(0.01)
        return ours(), len(os.listdir("/proc/self/task")), resident()  # noqa: PTH208

    python, system, memory = use(10)
    python_later, system_later, memory_later = use(200)
    assert python_later == python == 0
    assert system_later <= system + 2
    assert memory_later < memory + 30e6


# Ctrl-C


CHILD = """
import json, signal, sys, traceback
sys.path.insert(0, sys.argv[1])
import numpy as np
import test_running as t
def press(number, frame):
    if any(at.name == "_wait" for at in traceback.extract_stack(frame)):  # else the press is too late
        raise KeyboardInterrupt
options = json.loads(sys.argv[2])
def engine():
    return t.make(**options)
running, before = engine(), t.cores()[:1]
running.prepare()
state = t.fresh(running)
t.steps(running, state, 1)
long = t.span(running, state, 100 if "full_batch" in options else 150_000)
signal.signal(signal.SIGINT, press)
print("ready", flush=True)
try:
    running.run_span(*long)
    print("no interrupt", flush=True)
except KeyboardInterrupt:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("stopped", flush=True)
if not np.isfinite(state.parameters.vector).all() or any(allowed != before[0] for allowed in t.cores()):
    sys.exit(f"not whole, or cores not given back: {before}, {t.cores()}")
again = engine()
fresh = t.fresh(again)
while not np.array_equal(fresh.parameters.vector, state.parameters.vector):
    t.steps(again, fresh, 1)
    if fresh.step > 150_000:
        sys.exit("the parameters are those of no number of steps")
taken = state.step = fresh.step
t.steps(again, fresh, 2)
t.steps(running, state, 2)
same = np.array_equal(fresh.parameters.vector, state.parameters.vector) and np.array_equal(fresh.slots, state.slots)
print(json.dumps({"taken": taken, "goes_on": bool(same)}), flush=True)
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start a Python process whose Ctrl-C works, whoever runs the tests."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.fixture
def child(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Give a process that takes steps for longer than anyone waits, once it has begun."""
    process = start("-c", CHILD, str(Path(__file__).parent), json.dumps(request.param))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        time.sleep(0.3)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent Ctrl-C alone")
@pytest.mark.parametrize("signals", [1, 3])
@pytest.mark.parametrize(
    "child", [{"threads": 2}, {"threads": 2, "full_batch": True, "n": 300_000}], indirect=True, ids=["span", "batch"]
)
def test_ctrl_c_ends_a_span(child: subprocess.Popen[str], signals: int) -> None:
    """It ends between two steps or in the midst of a full batch, pressed once or more often, and leaves all whole.

    The parameters are those of some step, and the training goes on from there as if nothing had been.
    """
    began = time.perf_counter()
    for _ in range(signals):
        child.send_signal(signal.SIGINT)
        time.sleep(0.005 * (signals > 1))
    assert child.stdout is not None
    assert child.stdout.readline() == "stopped\n", child.communicate()
    assert time.perf_counter() - began < PATIENCE
    out, err = child.communicate(timeout=120)
    assert (child.returncode, err) == (0, "")
    found = json.loads(out)
    assert found["taken"] >= 1
    assert found["goes_on"]


ENDLESS = """
import sys
sys.path.insert(0, sys.argv[1])
import test_running as t
engine = t.make(2)
engine.prepare()
print("ready", flush=True)
t.steps(engine, t.fresh(engine), 150_000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent Ctrl-C alone")
def test_no_thread_keeps_the_interpreter_from_ending() -> None:
    """A process that nobody told what to do on Ctrl-C ends with it, at once."""
    process = start("-c", ENDLESS, str(Path(__file__).parent))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=2 * PATIENCE)
    finally:
        process.kill()
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent Ctrl-C alone")
def test_ctrl_c_ends_a_compilation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not want to wait for the first compilation need not: it ends long before it would be over."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    program = ENDLESS.replace('print("ready", flush=True)', "").replace(
        "engine.p", 'print("ready", flush=True)\nengine.p'
    )
    process = start("-c", program, str(Path(__file__).parent))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
