"""A contest as a table in the terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from benchmarks.harness import QUIET


def seconds(value: float) -> str:
    """Write a duration with three digits.

    Examples
    --------
    >>> seconds(0.7134), seconds(0.01234), seconds(0.0000456), seconds(12.34)
    ('0.713 s', '12.3 ms', '45.6 µs', '12.3 s')
    """
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= (0.1 if unit == "s" else 1.0) or unit == "µs":
            return f"{three_digits(value * factor)} {unit}"
    raise AssertionError


def three_digits(value: float) -> str:
    """Write a number with three digits, or with all digits before the point.

    Examples
    --------
    >>> three_digits(0.98765), three_digits(12.345), three_digits(1234.5)
    ('0.988', '12.3', '1234')
    """
    decimals = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{decimals}f}"


def mebibytes(value: float | None) -> str:
    """Write an amount of memory."""
    return "unknown" if value is None else f"{value:,.0f} MiB"


def score(result: dict[str, Any], contest: dict[str, Any]) -> str:
    """Write a contestant's score: accuracy, or R² for regression; for many trainings the mean and how many succeed."""
    scores = result.get("scores") or [result.get("score")]
    if scores[0] is None:
        return ""
    mean = sum(scores) / len(scores)
    if contest["task"]["loss"] == "squared_error":
        return f"R² {mean:.3f}"
    if contest["target"] is None:
        return f"{mean:.2%}"
    reached = sum(value >= contest["target"] for value in scores)
    return f"{mean:.2%}, {reached} of {len(scores)}"


def contest_table(contest: dict[str, Any], source: str) -> Table:
    """Make the table of one contest; ``source`` names the origin of its data."""
    rows = "" if contest["task"]["kind"] == "predict" else f", {contest['task']['examples']:,} rows"
    title = f"{contest['name']}. {contest['title']}: {contest['unit']} ({source}{rows})"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    memory = contest["measure"] == "memory"
    columns = ["peak", "of the first start", "imports and data"] if memory else _headings(contest)
    for column in columns:
        table.add_column(column, justify="right")
    for result in contest["results"]:
        if result["status"] != "ok":
            table.add_row(result["label"], f"{result['status']}: {result['reason']}", *[""] * (len(columns) - 1))
        elif memory:
            cells = (peak_memory(result), result["peak_memory_mib"], result["memory_before_mib"])
            table.add_row(result["label"], *map(mebibytes, cells))
        else:
            table.add_row(result["label"], *_cells(result, contest))
    return table


def peak_memory(result: dict[str, Any]) -> float | None:
    """Return the peak of a contestant's process: of its second start, if any, which compiles nothing."""
    peak: float | None = (result.get("restart") or result)["peak_memory_mib"]
    return peak


def _headings(contest: dict[str, Any]) -> list[str]:
    """Name the columns of a contest of seconds."""
    scored = [] if contest["task"]["kind"] == "predict" else ["score"]
    middle = "mean" if contest["target"] is not None else "median"
    return [middle, "min .. max", "ratio", "round by round", *scored, "cold start", "peak memory"]


def _cells(result: dict[str, Any], contest: dict[str, Any]) -> list[str]:
    """Write the cells of one contestant."""
    summary, ratio = result.get("summary"), result.get("ratio")
    if summary is None:
        return [""] * len(_headings(contest))
    scored = [] if contest["task"]["kind"] == "predict" else [score(result, contest)]
    of = "of_means" if contest["target"] is not None else "of_medians"
    again = result.get("restart")
    cold = seconds(result["cold_seconds"]) + (f", again {seconds(again['cold_seconds'])}" if again else "")
    return [
        seconds(summary["mean" if contest["target"] is not None else "median"]),
        f"{seconds(summary['minimum'])} .. {seconds(summary['maximum'])}",
        f"{ratio[of]:.2f}" if ratio else "",
        f"{ratio['minimum']:.2f} .. {ratio['maximum']:.2f}" if ratio else "",
        *scored,
        cold,
        mebibytes(result.get("peak_memory_mib")),
    ]


def notes(contest: dict[str, Any]) -> list[str]:
    """List what a contest measured besides its rounds."""
    found = []
    if (busy := contest["other_work_cores"]) is not None and busy > QUIET:
        found.append(
            f"{busy:.1f} cores were busy with other work: neither these figures nor their ratios can be trusted."
        )
    for result in contest["results"]:
        extras = result.get("extras") or {}
        if "floor_seconds" in extras:
            speed = extras["large_product_gflop_per_second"]
            found.append(
                f"An epoch has {extras['gflop']:.1f} GFLOP of products; at the speed of one large product here "
                f"({speed:.0f} GFLOP/s) they would take {seconds(extras['floor_seconds'])}."
            )
    return found
