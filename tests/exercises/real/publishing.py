"""Writes the table of the collected cases for ``docs/exercise.md``: the checker, and beside it two usual tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from handgrad.files import written

from .outcomes import OUTCOMES, Outcome

DOCUMENT = Path(__file__).parents[3] / "docs" / "exercise.md"
START, END = "<!-- real:start -->", "<!-- real:end -->"
ROWS = (
    ("mistakes", "named", "named"),
    ("mistakes", "repaired", "a change shown that makes it right"),
    ("mistakes", "another cause", "named wrongly"),
    ("mistakes", "described", "wrong, without a cause"),
    ("mistakes", "missed", "missed"),
    ("right", "rejected", "rejected"),
    ("cheats", "full marks", "full marks"),
)
TITLES = {"mistakes": "mistakes", "right": "right solutions", "cheats": "cheats"}

Words = Mapping[tuple[str, str], str]  # a word of OUTCOMES, by the kind and the name of the case
Interval = Callable[[int, int], tuple[float, float]]


def worst(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], str]:
    """Take the worst word that each case got with any seed."""
    words: dict[tuple[str, str], str] = {}
    for one in outcomes:
        order = (*OUTCOMES[one.case.kind], "crash")
        key = one.case.kind, one.case.name
        words[key] = max(words.get(key, order[0]), one.word, key=order.index)
    return words


def table(checker: Words, tools: Mapping[str, Words], interval: Interval) -> str:
    """Write a Markdown table: a line for each outcome of the kinds that have cases, with its share and exact interval.

    ``interval`` gives the bounds of a proportion.
    """
    lines = [
        f"| cases | outcome | handgrad | share, 95% interval | {' | '.join(f'{tool} alone' for tool in tools)} |",
        f"|---|---|---|---|{'---|' * len(tools)}",
    ]
    number = Counter(kind for kind, _ in checker)
    for kind, word, outcome in (row for row in ROWS if number[row[0]]):
        count, *others = (
            sum(of == kind and said == word for (of, _), said in words.items()) for words in (checker, *tools.values())
        )
        low, high = interval(count, number[kind])
        share = f"{count / number[kind]:.1%}, {100 * low:.1f} to {100 * high:.1f}%"
        lines.append(
            f"| {TITLES[kind]} ({number[kind]}) | {outcome} | {count} | {share} | {' | '.join(map(str, others))} |"
        )
    return "\n".join(lines)


def publish(text: str, document: Path = DOCUMENT) -> None:
    """Put a text between the two marks of a document."""
    before, start, rest = document.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{document} lacks {START} or {END}")
    with written(document) as file:
        file.write(f"{before}{START}\n\n{text}\n\n{END}{after}".encode())


def summary(checker: Words, tools: Mapping[str, Words], seeds: Mapping[str, int], interval: Interval) -> str:
    """Write the table, and below it the numbers of seeds, by kind, and of the checker's own crashes."""
    crashes = sum(word == "crash" for word in checker.values())
    return (
        f"{table(checker, tools, interval)}\n\n"
        f"Seeds: {', '.join(f'{seeds[kind]} for each of the {title}' for kind, title in TITLES.items())}. "
        f"A case counts with the worst of its outcomes. "
        f"Crashes of the checker: {crashes}."
    )
