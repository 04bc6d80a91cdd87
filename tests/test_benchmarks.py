"""The benchmark harness: everything runs at a tiny size, figures are what they say, unfit runs are not published."""

import importlib.util
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from sampling import sampled

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the package is not installed: it runs from the root of the repository

from benchmarks import data, harness, machine, report  # noqa: E402
from benchmarks.__main__ import main, run  # noqa: E402
from benchmarks.contestants import CONTESTANTS  # noqa: E402
from benchmarks.contests import CONTESTS, Contest, Task, shrunk  # noqa: E402
from benchmarks.statistics import compare, summarise  # noqa: E402
from benchmarks.tables import contest_table, score, seconds  # noqa: E402

TINY = Task("epochs", (784, 8, 8, 10), batch_size=16, examples=128)


def play(contest: Contest, folder: Path, rounds: int = 1) -> dict[str, Any]:
    """Run a contest on little data, and give back what lies in the file."""
    out = folder / "result.json"
    arrays = {"digits": data.like_mnist(128, 64), "table": data.table(128, 64)}
    console = Console(file=io.StringIO(), width=200)
    run([contest], out, machine.cores(), rounds, True, console, arrays, pause=0.0, empty_caches=False)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def contest_of(*contestants: str, **task: Any) -> Contest:
    """Make a tiny contest."""
    return Contest("t", "t", "A tiny contest", "an epoch", replace(TINY, **task), contestants)


def made_up(ratio: float = 2.0, **changes: Any) -> dict[str, Any]:
    """Make a report of one contest between handgrad and PyTorch, fit to be published."""
    results = []
    for name, values in (("handgrad", [1.0, 1.0]), ("torch", [ratio, ratio])):
        start = {"import_seconds": 1.0, "build_seconds": 0.5, "first_round_seconds": values[0]}
        known = {"label": CONTESTANTS[name].label, "competes": True, "status": "ok", "reason": None}
        results.append({"contestant": name, "rounds": values, "scores": [], "score": 0.9, **known, **start})
    contest = {
        "name": "a", "group": "a", "title": "A made-up contest", "unit": "an epoch", "measure": "seconds",
        "target": None, "other_work_cores": 0.0, "task": {"kind": "epochs", "loss": "cross_entropy", "examples": 10},
        "results": harness.with_figures(results),
    }  # fmt: skip
    whole = {
        "quick": False, "threads": 2, "rounds": 2, "date": "2030-01-02T03:04+00:00", "data": {"digits": "mnist"},
        "machine": {"cpu": "A processor", "cores": 2, "memory_gib": 8, "system": "Linux", "python": "CPython 3.11"},
        "versions": {"handgrad": "0.1.0"}, "contests": [contest],
    }  # fmt: skip
    return whole | changes


def test_handgrad_runs_and_is_written_down(tmp_path: Path) -> None:
    """Both engines play a round in processes of their own, learn the same, and the file has every field."""
    pytest.importorskip("numba", reason="numba is not installed")
    found = play(contest_of("handgrad", "handgrad-numpy", "notebook", "floor"), tmp_path)
    assert {"machine", "load", "versions", "threads", "rounds", "data", "date", "quick"} <= set(found)
    assert found["machine"]["cores"] >= 1
    assert "numba" in found["versions"]
    (contest,) = found["contests"]
    results = {result["contestant"]: result for result in contest["results"]}
    assert [result["reason"] for result in contest["results"]] == [None] * 4
    for result in results.values():
        assert len(result["rounds"]) == 1
        assert result["summary"]["median"] == result["rounds"][0] > 0
        assert result["cold_seconds"] > 0
    assert results["handgrad"]["ratio"]["of_medians"] == 1
    scores = [results[name]["score"] for name in ("handgrad", "handgrad-numpy", "notebook")]
    assert max(scores) - min(scores) <= 1 / 64 + 1e-9
    assert results["floor"]["score"] is None
    assert results["floor"]["extras"]["floor_seconds"] > 0


@pytest.mark.parametrize("name", sampled(["torch", "jax", "sklearn"], 3))
def test_peers_run(name: str, tmp_path: Path) -> None:
    """Each installed peer plays a round of a regression with Adam beside handgrad's NumPy engine."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    task = {"sizes": (20, 8, 1), "loss": "squared_error", "data": "table", "activation": "relu"}
    found = play(contest_of("handgrad-numpy", name, optimizer="adam", learning_rate=0.001, **task), tmp_path)
    ours, theirs = found["contests"][0]["results"]
    assert theirs["reason"] is None
    if name != "sklearn":  # it draws other first weights
        assert theirs["score"] == pytest.approx(ours["score"], abs=1e-4)


def test_a_contestant_that_cannot_or_dies_leaves_the_others(tmp_path: Path) -> None:
    """One that cannot take part is skipped with its reason, one that fails is noted, and the rest is measured."""
    contest = contest_of("sklearn", "notebook", "handgrad-numpy", sizes=(784, 8, 10), schedule="one_cycle")
    sklearn, notebook, ours = play(contest, tmp_path)["contests"][0]["results"]
    assert (sklearn["status"], notebook["status"], ours["status"]) == ("skipped", "failed", "ok")
    assert "settings" in sklearn["reason"]
    assert len(ours["rounds"]) == 1


def test_a_process_that_dies_or_hangs_is_reported(tmp_path: Path) -> None:
    """A killed process and one that is too slow end as failures with a reason, not as an error of the run."""
    data.write(tmp_path, "digits", data.like_mnist(128, 64))
    setup = harness.Setup(tmp_path, 1, 1)
    with harness.started("handgrad-numpy", TINY, setup) as worker:
        worker.receive()
        worker.process.kill()
        with pytest.raises(harness.Gone, match="ended with"):
            worker.ask({"do": "round", "number": 0})
    hasty = replace(setup, patience=0.001)
    with harness.started("handgrad-numpy", TINY, hasty) as worker, pytest.raises(harness.Gone, match="no answer"):
        worker.receive()
    assert worker.process.poll() is not None


def test_summary_and_ratio() -> None:
    """Medians, means, quartiles and round-by-round ratios are what their names say."""
    summary = summarise([4.0, 1.0, 3.0, 2.0])
    assert (summary.median, summary.mean, summary.minimum, summary.maximum) == (2.5, 2.5, 1.0, 4.0)
    assert (summary.lower_quartile, summary.upper_quartile) == (1.75, 3.25)
    ratio = compare([2.0, 8.0, 3.0], [1.0, 2.0, 3.0])
    assert (ratio.of_medians, ratio.median, ratio.minimum, ratio.maximum) == (1.5, 2.0, 1.0, 4.0)
    assert ratio.of_means == pytest.approx(13 / 6)


def test_cold_start_leaves_out_a_usual_round() -> None:
    """The cold start is import, building, and only what the first round took longer than the median one."""
    start = {"import_seconds": 1.0, "build_seconds": 2.0, "first_round_seconds": 5.0}
    assert harness.cold(start, 4.0) == 4.0
    assert harness.cold(start, 9.0) == 3.0


def test_other_work_is_noticed() -> None:
    """Busy cores follow from two readings, and a contest with many of them says so under its table."""
    assert machine.busy_cores(None, None) is None
    found = made_up()
    found["contests"][0]["other_work_cores"] = 1.5
    assert any("1.5 cores" in objection for objection in report.objections(found))


def test_orders_are_permutations_and_shared() -> None:
    """A round's order is the same whoever asks, differs from round to round, and repeats no row in an epoch."""
    task = replace(TINY, repeats=2, examples=130)
    first, second = data.order_of(task, 0), data.order_of(task, 1)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, data.order_of(task, 0))
    assert not np.array_equal(first, second)
    assert first.shape == (256,)
    assert len(set(first[:128])) == 128


def test_generated_digits_are_as_sparse_as_mnist() -> None:
    """Without MNIST the rows have its share of zeros, and every class."""
    drawn = data.like_mnist(2000, 10)
    assert np.mean(drawn["X_train"] != 0) == pytest.approx(data.INK, abs=0.02)
    assert set(drawn["y_train"]) == set(range(10))


def test_every_contest_names_known_contestants_and_shrinks() -> None:
    """All contests are between contestants that exist, and none grows by --quick."""
    for contest in CONTESTS:
        assert set(contest.contestants) <= set(CONTESTANTS)
        assert shrunk(contest).task.examples <= contest.task.examples


def test_report_fills_markers_and_draws(tmp_path: Path) -> None:
    """A fit run's table replaces what stood between the markers, and nothing else; a picture lies beside."""
    (tmp_path / "README.md").write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n")
    path = tmp_path / "result.json"
    path.write_text(json.dumps(made_up()))
    assert report.main([str(path)], tmp_path) == 0
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert f"| A made-up contest: an epoch | 1.00 s | 2.00 {report.TIMES} |" in text
    assert (tmp_path / "docs/images/performance.png").stat().st_size > 10_000


@pytest.mark.parametrize("changes", [{"quick": True}, {"data": {"digits": "generated"}}])
def test_unfit_runs_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    """A quick run, or one without MNIST, is published only where that is insisted on."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(made_up(**changes)))
    assert report.main([str(path)], tmp_path) == 1
    assert not (tmp_path / "docs").exists()
    assert report.main([str(path), "--anyway"], tmp_path) == 0


def test_tables_and_units() -> None:
    """Durations keep three digits, scores say what they are, and a table has a row for each contestant."""
    durations = [seconds(value) for value in (12.34, 0.7134, 0.01234, 4.56e-5)]
    assert durations == ["12.3 s", "0.713 s", "12.3 ms", "45.6 µs"]
    contest = made_up()["contests"][0]
    assert contest_table(contest, "mnist").row_count == 2
    many = contest | {"target": 0.98}
    assert score({"scores": [0.97, 0.99]}, many) == "98.00%, 1 of 2"


@pytest.mark.parametrize("arguments", [["--only", "zebra"], ["--rounds", "0"], ["--threads", "two"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    """A contest that there is not, and numbers that are none, end before anything is measured."""
    with pytest.raises(SystemExit):
        main(arguments)
