"""Puts the ids and facts of a check into words: the one place where sentences are made, for every kind of report.

:func:`blocks` lists the parts of a report on one task, from top to bottom. The terminal, the HTML page and Gradescope
only draw these blocks, and the JSON file takes its texts from the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Literal

from handgrad.exercises.catalogue.mistakes import catalogue
from handgrad.exercises.report.parts import Link, State, chain, is_sequence, number, place, words
from handgrad.exercises.results import Fact, Finding, Language, Note, Picture, TaskResult
from handgrad.exercises.words.wording import texts

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Paragraph:
    """A few sentences about the task as a whole."""

    text: str


@dataclass(frozen=True)
class CodeLine:
    """The learner's own line that raised, where it stands, and what Python said."""

    where: str
    source: str
    label: str
    said: str


@dataclass(frozen=True)
class Message:
    """What is wrong; ``lead`` marks a further finding, ``note`` an unrecognised cause."""

    lead: str
    text: str
    note: str


@dataclass(frozen=True)
class Chain:
    """The quantities in a row, each with how it stands, and a note on what that means."""

    links: tuple[Link, ...]
    states: Mapping[State, str]
    sequence: bool
    note: str


@dataclass(frozen=True)
class Line:
    """A labelled line of advice."""

    kind: Literal["equation", "hint", "explanation"]
    label: str
    text: str


@dataclass(frozen=True)
class Advice:
    """Equation, hint and explanation, as far as there are any."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Numbers:
    """Expected and found beside each other, and the places (row, column) at which they differ."""

    caption: str
    expected: Rows
    found: Rows
    wrong: frozenset[tuple[int, int]]


Block = Paragraph | CodeLine | Message | Chain | Advice | Numbers


def blocks(result: TaskResult, language: Language) -> tuple[Block, ...]:
    """List the parts of a report on one task, from top to bottom.

    Examples
    --------
    >>> blocks(TaskResult("del_sigmoid", "right", notes=(Note("right"),)), "en")
    (Paragraph(text='Right.'),)
    """
    word = words(language)
    said: list[Block] = []
    if own := own_text(result, language):
        said.append(Paragraph(own))
    if crash := result.crash:
        error = f"{crash.type}: {crash.message}" if crash.message else crash.type
        where = place(crash, language)
        quoted = CodeLine(where, crash.source, word["python_says"], error)
        said.append(quoted if crash.line else Paragraph(f"{word['python_says']}: {error}"))
    for position, finding in enumerate(result.findings):
        lead = word["also"] if position else ""
        unnamed = "" if finding.mistake or finding.repair else word["unnamed"]
        said.append(Message(lead, message(finding, language), unnamed))
        if position == 0 and finding.quantities and (links := chain(result)):
            states = {link.state: word[f"chain_{link.state}"] for link in links}
            note = word["chain_explained"] if result.consequences else ""
            said.append(Chain(links, states, is_sequence(result), note))
        lines = (
            Line("equation", word["equation"], finding.equation),
            Line("hint", word["hint"], hint(finding, language)),
            Line("explanation", word["explanation"], explanation(finding, language)),
        )
        said.append(Advice(tuple(line for line in lines if line.text)))
        if position == 0 and result.picture:
            said.append(_numbers(result.picture, language))
    return tuple(said)


def own_text(result: TaskResult, language: Language) -> str:
    """Write the notes on a task, which stand before its findings."""
    notes = [note for note in result.notes if not (result.findings and note.id == "right")]
    return " ".join(sentence(note, language) for note in notes)


def summary(result: TaskResult, language: Language) -> str:
    """Sum up a task in a sentence or two: its first finding, or its notes if it has none.

    Examples
    --------
    >>> summary(TaskResult("del_sigmoid", "not_attempted", notes=(Note("not_attempted"),)), "en")
    'Not attempted yet.'
    """
    if result.findings and result.status != "right":
        return message(result.findings[0], language)
    remarks = [message(finding, language) for finding in result.findings]
    return " ".join([*(sentence(note, language) for note in result.notes), *remarks])


def message(finding: Finding, language: Language) -> str:
    """Say what is wrong, in this submission's own numbers.

    Examples
    --------
    >>> message(Finding(("delta_out",), seen=(Note("sign", {"quantities": ("delta_out",)}),)), "en")
    'Your delta_out has the right absolute values, but the opposite sign throughout.'
    """
    named = catalogue()[finding.mistake].words[language].message if finding.mistake else ""
    seen = [sentence(note, language) for note in finding.seen]
    repair = [sentence(finding.repair, language)] if finding.repair else []
    return " ".join([*([_filled(named, finding.facts, language)] if named else []), *seen, *repair])


def hint(finding: Finding, language: Language) -> str:
    """Give a push in the right direction."""
    if finding.mistake:
        return _filled(catalogue()[finding.mistake].words[language].hint, finding.facts, language)
    first = finding.seen[0]
    fact = first.id.removesuffix("_uneven").removesuffix("_unknown")
    return _filled(texts("feedback", language)[f"{fact}_hint"], first.facts, language)


def explanation(finding: Finding, language: Language) -> str:
    """Tell the whole story, with the reason; never code."""
    if finding.mistake:
        return catalogue()[finding.mistake].words[language].explanation
    if finding.repair:
        return str(texts("feedback", language)["repair_explanation"])
    routine = finding.seen[0].id.startswith("routine_")
    text: str = texts("feedback", language)["routine_unrecognised" if routine else "unrecognised"]
    return text


def sentence(note: Note, language: Language) -> str:
    """Put a note into words.

    Examples
    --------
    >>> sentence(Note("consequences", {"quantities": ("db_h2", "dW_i_h1")}), "en")
    'db_h2 and dW_i_h1 are wrong only as a consequence.'
    """
    return _filled(texts("feedback", language)[note.id], note.facts, language)


def _filled(text: str, facts: Mapping[str, Fact], language: Language) -> str:
    """Put facts into the braces of a sentence; {is} agrees with how many quantities it is about."""
    quantities = facts.get("quantities", ())
    verb = texts("feedback", language)["is" if isinstance(quantities, tuple) and len(quantities) == 1 else "are"]
    return text.strip().format_map({"is": verb, **{name: _spoken(fact, language) for name, fact in facts.items()}})


def _spoken(fact: Fact, language: Language) -> str:
    """Write a fact as it is read: numbers with the language's decimal mark, names joined as one speaks them."""
    if isinstance(fact, Note):
        return sentence(fact, language)
    if isinstance(fact, float):
        return "?" if isnan(fact) else number(fact, language)
    if not isinstance(fact, tuple):
        return str(fact)
    parts = [_spoken(one, language) for one in fact]
    if len(parts) < 2 or isinstance(fact[0], float):  # a comma between numbers could be a decimal one
        return "; ".join(parts)
    return f"{', '.join(parts[:-1])} {texts('feedback', language)['and']} {parts[-1]}"


def _numbers(picture: Picture, language: Language) -> Numbers:
    """Write the numbers of a worked example, and find those that differ when written."""
    expected, found = (
        tuple(tuple(_spoken(entry, language) for entry in row) for row in rows)
        for rows in (picture.expected, picture.found)
    )
    alike = [len(row) for row in expected] == [len(row) for row in found] and not picture.by_chance
    wrong = frozenset(
        (i, j) for i, row in enumerate(expected if alike else ()) for j, entry in enumerate(row) if entry != found[i][j]
    )
    return Numbers(sentence(picture.caption, language), expected, found, wrong)
