"""What the checker says of the collected cases."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from handgrad.exercises.check import check_submission
from handgrad.exercises.sandbox.isolation import Sandbox
from handgrad.exercises.submission.reading import Cell, Submission

from . import Case

WANTED = {"mistakes": ("named", "repaired"), "right": ("right",), "cheats": ("caught",)}
OUTCOMES = {  # from good to bad; anything may also end in a "crash" of the checker
    "mistakes": ("named", "repaired", "described", "another cause", "missed"),
    "right": ("right", "rejected"),
    "cheats": ("caught", "full marks"),
}


@dataclass(frozen=True)
class Outcome:
    """What was said of a case with one seed.

    ``word`` is one of ``OUTCOMES``, or "crash"; ``said`` lists the tasks that are not right, with the mistakes
    reported. A mistake is "repaired" if none is named, but a change of the code is shown that makes the task right.
    What only extreme numbers show is named if the task is right, with a remark on just that. If a case has no
    id, a reported mistake is ``another cause`` until somebody has compared the two.
    """

    case: Case
    seed: int
    word: str
    said: str

    @property
    def as_wanted(self) -> bool:
        """Whether that is what a teacher would want."""
        return self.word in WANTED[self.case.kind]

    def __str__(self) -> str:
        cause = f" ({self.case.task}: {self.case.cause})" if self.case.cause else ""
        return f"{self.word}: {self.case.name}, seed {self.seed}{cause}: {self.said}"


def judge(cases: Sequence[Case], seeds: Sequence[int], sandbox: Sandbox) -> list[Outcome]:
    """Check every case with every seed, on all cores."""
    jobs = [(case, seed) for case in cases for seed in seeds]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(partial(_judged, sandbox), jobs, chunksize=4))


def _judged(sandbox: Sandbox, job: tuple[Case, int]) -> Outcome:
    """Check one case; whatever it does must not be the end of the checker.

    With the first seed all tasks are judged; with others, only that in which the case is wrong, if it is.
    """
    case, seed = job
    tasks = None if seed == 0 or case.kind == "right" else [case.reported_in]
    submission = Submission(f"{case.name}.py", (Cell(0, case.sheet),))
    try:
        results = check_submission(submission, sandbox, tasks=tasks, seed=seed).tasks
    except Exception as error:
        return Outcome(case, seed, "crash", repr(error))
    if failed := [result for result in results if result.status == "not_judged"]:
        return Outcome(case, seed, "crash", str(failed[0].notes))
    wrong = [result for result in results if result.status != "right"]
    said = "; ".join(f"{r.task} {r.status} {[f.mistake for f in r.findings]}" for r in wrong)
    if case.kind != "mistakes":
        good, bad = OUTCOMES[case.kind]
        return Outcome(case, seed, good if bool(wrong) == (case.kind == "cheats") else bad, said)
    of_task = next((result for result in results if result.task == case.reported_in), None)
    named = [finding.mistake for finding in of_task.findings if finding.mistake] if of_task else []
    explained = [note.id for note in of_task.notes if note.id.startswith("crash_")] if of_task else []
    if (named and named[0] in case.ids) or (explained and not case.ids):
        return Outcome(case, seed, "named", said)
    if of_task and (any(f.repair for f in of_task.findings) or any(n.id.startswith("repair") for n in of_task.notes)):
        return Outcome(case, seed, "repaired", said)
    if of_task is None or of_task.status == "right":
        return Outcome(case, seed, "missed" if not wrong else "described", said)
    return Outcome(case, seed, "another cause" if named else "described", said)


def table(judged: Iterable[Outcome]) -> str:
    """Write a Markdown table of the outcomes by kind."""
    counts = Counter((one.case.kind, one.word) for one in judged)
    lines = ["| cases | outcomes |", "|---|---|"]
    for kind, words in OUTCOMES.items():
        lines.append(f"| {kind} | {', '.join(f'{counts[kind, word]} {word}' for word in (*words, 'crash'))} |")
    return "\n".join(lines)
