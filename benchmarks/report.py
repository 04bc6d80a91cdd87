"""Make the documents' table and picture of a run's result.

    python -m benchmarks.report benchmarks/results/latest.json [--anyway]

The table goes between the markers ``<!-- benchmarks:start -->`` and ``<!-- benchmarks:end -->`` of ``README.md`` and
``docs/performance.md``, where they are; the picture is ``docs/images/performance.png``. A run that is not fit to be
published (see :func:`objections`) is refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.contestants import CONTESTANTS
from benchmarks.harness import QUIET
from benchmarks.tables import mebibytes, peak_memory, score, seconds
from handgrad.files import written

ROOT = Path(__file__).parents[1]
START, END = "<!-- benchmarks:start -->", "<!-- benchmarks:end -->"
# Okabe and Ito's colours, which the colour-blind can tell apart; shapes, which do without colour; and how far above or
# below the middle of its row a point lies, so that equal ratios do not hide each other.
COLOURS = {
    "handgrad-numpy": ("#56B4E9", "o", 0.0),
    "notebook": ("#999999", "v", 0.2),
    "torch": ("#D55E00", "s", -0.2),
    "torch-compile": ("#E69F00", "D", 0.2),
    "jax": ("#009E73", "^", 0.0),
    "tensorflow": ("#F0E442", "X", -0.1),
    "sklearn": ("#CC79A7", "P", 0.0),
}
TIMES = "\N{MULTIPLICATION SIGN}"
TICKS, FEW_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50), (0.01, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
BLUE, GREY = "#0072B2", "#666666"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write table and picture, or say why not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--anyway", action="store_true", help="publish a run that is not fit for it")
    options = parser.parse_args(arguments)
    console = Console(stderr=True, highlight=False)
    report = json.loads(options.file.read_text(encoding="utf-8"))
    if found := objections(report):
        for objection in found:
            console.print(f"not fit to be published: {objection}")
        if not options.anyway:
            return 1
    for path, text in (("README.md", summary(report)), ("docs/performance.md", summary(report) + details(report))):
        console.print(f"{path}: {'written' if fill(root / path, text) else 'no markers, left as it is'}")
    picture = root / "docs" / "images" / "performance.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(report, picture)
    console.print(f"{picture.relative_to(root)}: written")
    return 0


def objections(report: dict[str, Any]) -> list[str]:
    """Say why a run's figures should not be published: too little work, no MNIST, or other work on the machine."""
    found = ["it is a --quick run"] if report["quick"] else []
    if report["data"].get("digits") not in (None, "mnist"):
        found.append(f"the digits are {report['data']['digits']}, not MNIST: the accuracies mean nothing")
    for contest in report["contests"]:
        busy = contest["other_work_cores"]
        if busy is not None and busy > QUIET:
            found.append(f"{busy:.1f} cores were busy with other work during contest {contest['name']}")
        if any(result["status"] == "failed" for result in contest["results"]):
            found.append(f"a contestant of {contest['name']} failed")
    return found


def value(result: dict[str, Any], contest: dict[str, Any]) -> float | None:
    """Return what a contestant is judged by: seconds (of many trainings the mean), or MiB."""
    if result["status"] != "ok":
        return None
    if contest["measure"] == "memory":
        return peak_memory(result)
    figures = result.get("summary")
    return figures["mean" if contest["target"] is not None else "median"] if figures else None


def ratios(contest: dict[str, Any]) -> dict[str, float]:
    """Divide every contestant's value by handgrad's, that of the compiled engine where it took part."""
    values = {result["contestant"]: value(result, contest) for result in contest["results"] if result["competes"]}
    base = next((values[name] for name in ("handgrad", "handgrad-numpy") if values.get(name)), None)
    return {} if base is None else {name: v / base for name, v in values.items() if v is not None}


def summary(report: dict[str, Any]) -> str:
    """Write the table of all contests: handgrad's figure, and how many times it every other one's is."""
    present = {result["contestant"] for contest in report["contests"] for result in contest["results"]}
    peers = [name for name in COLOURS if name in present]
    rows = [["", "handgrad", *(CONTESTANTS[name].label for name in peers)], ["---", *["---:"] * (len(peers) + 1)]]
    for contest in report["contests"]:
        found = ratios(contest)
        if not found:
            continue
        base = next(name for name in ("handgrad", "handgrad-numpy") if name in found)
        own = next(value(result, contest) for result in contest["results"] if result["contestant"] == base)
        text = mebibytes(own) if contest["measure"] == "memory" else seconds(own or 0.0)
        cells = [f"{found[name]:.2f} {TIMES}" if name in found and name != base else "" for name in peers]
        note = "" if base == "handgrad" else " (NumPy engine)"
        rows.append([f"{contest['title']}: {contest['unit']}", text + note, *cells])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n\n" + caption(report) + "\n"


def caption(report: dict[str, Any]) -> str:
    """Say what the figures are, and on what they were measured."""
    machine = report["machine"]
    memory = f", {machine['memory_gib']} GiB" if machine["memory_gib"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report["versions"].items()))
    return (
        f"Figures marked {TIMES} are the other program's divided by handgrad's: above 1, handgrad is faster or uses "
        f"less memory. Medians of {report['rounds']} interleaved rounds (means for training to 98%); float32 except in "
        "the exercise's code. "
        f"{machine['cpu']}, {machine['cores']} cores{memory}, {machine['system']}, {machine['python']}, "
        f"{report['threads']} threads; {versions}; {report['date'][:10]}."
    )


def details(report: dict[str, Any]) -> str:
    """Write one table for each contest of seconds."""
    parts = []
    for contest in report["contests"]:
        if contest["measure"] == "memory":
            continue
        middle = "mean" if contest["target"] is not None else "median"
        head = ["", middle, "fastest .. slowest", "ratio, round by round", "score", "cold start", "peak memory"]
        rows = [head, ["---", *["---:"] * (len(head) - 1)]]
        for result in contest["results"]:
            figures, ratio = result.get("summary"), result.get("ratio")
            if result["status"] != "ok" or not figures:
                rows.append([result["label"], result["status"], (result["reason"] or "").replace("|", "/"), *[""] * 4])
                continue
            again = result.get("restart")
            rows.append(
                [
                    result["label"],
                    seconds(figures[middle]),
                    f"{seconds(figures['minimum'])} .. {seconds(figures['maximum'])}",
                    f"{ratio['minimum']:.2f} .. {ratio['maximum']:.2f}" if ratio else "",
                    score(result, contest),
                    seconds(result["cold_seconds"]) + (f", again {seconds(again['cold_seconds'])}" if again else ""),
                    mebibytes(result.get("peak_memory_mib")),
                ]
            )
        table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        parts.append(f"\n**{contest['title']}**, {contest['unit']}:\n\n{table}\n")
    return "".join(parts)


def fill(path: Path, text: str) -> bool:
    """Put a text between a document's markers; say whether it has them."""
    document = path.read_text(encoding="utf-8") if path.is_file() else ""
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        return False
    with written(path) as file:
        file.write(f"{before}{START}\n\n{text.strip()}\n\n{END}{after}".encode())
    return True


def draw(report: dict[str, Any], path: Path) -> None:
    """Draw one row for each contest: handgrad at 1, everyone else where their ratio puts them, on a log axis."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator

    contests = [contest for contest in report["contests"] if len(ratios(contest)) > 1]
    style = {"font.size": 14, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False}
    with matplotlib.style.context(["default", style]):
        figure = Figure(figsize=(13, 2.6 + 0.58 * len(contests)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        everything = [ratio for contest in contests for ratio in ratios(contest).values()]
        low, high = min([0.8, *everything]) / 1.15, max([2.0, *everything]) * 1.15
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.axvspan(low, 1, color=GREY, alpha=0.08, linewidth=0)
        axes.axvline(1, color=BLUE, linewidth=3, zorder=2, label="handgrad")
        seen = set()
        for row, contest in enumerate(contests):
            axes.axhline(row, color="#DDDDDD", linewidth=1, zorder=0)
            for name, ratio in ratios(contest).items():
                if name in COLOURS and not (name == "handgrad-numpy" and "handgrad" not in ratios(contest)):
                    colour, marker, offset = COLOURS[name]
                    label = None if name in seen else CONTESTANTS[name].label
                    axes.plot(
                        ratio,
                        row + offset,
                        marker,
                        color=colour,
                        markersize=12,
                        mec="white",
                        label=label,
                        zorder=3,
                    )
                    seen.add(name)
        axes.set_yticks(range(len(contests)), [_row_label(contest) for contest in contests])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        ticks = [t for t in (FEW_TICKS if high / low > 60 else TICKS) if low <= t <= high]
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda tick, _: f"{tick:g} {TIMES}")
        axes.set_xlabel("divided by handgrad's; grey: handgrad loses")
        figure.legend(loc="outside upper center", ncols=4, frameon=False)
        with written(path) as file:
            figure.savefig(file, format="png", dpi=150, metadata={"Software": None})


def _row_label(contest: dict[str, Any]) -> str:
    """Name a row: the contest, and under it handgrad's own figure."""
    found = ratios(contest)
    base = "handgrad" if "handgrad" in found else "handgrad-numpy"
    own = next(value(result, contest) for result in contest["results"] if result["contestant"] == base) or 0.0
    text = mebibytes(own) if contest["measure"] == "memory" else seconds(own)
    engine = "" if base == "handgrad" else ", NumPy engine"
    return f"{contest['title']}\n{text} {contest['unit']}{engine}"


if __name__ == "__main__":
    sys.exit(main())
