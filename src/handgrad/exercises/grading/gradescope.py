"""Gradescope: the zip file that defines an autograder, and the results.json that Gradescope reads.

The format is that of https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

from __future__ import annotations

import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

from handgrad.errors import ExerciseError
from handgrad.exercises.grading.rubric import Rubric, read_rubric
from handgrad.exercises.report.feedback import Advice, Chain, CodeLine, Message, Numbers, Paragraph, blocks
from handgrad.exercises.report.parts import clean, clean_line, words
from handgrad.exercises.results import Checked, Language, TaskResult
from handgrad.exercises.tasks import TASKS
from handgrad.files import opened, written

# Gradescope runs this once, as root, in an Ubuntu image, and saves the image.
_SETUP = """\
#!/usr/bin/env bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y bubblewrap python3 python3-venv
python=python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    apt-get install -y python3.11 python3.11-venv
    python=python3.11
fi
"$python" -m venv /opt/handgrad
/opt/handgrad/bin/pip install --no-cache-dir {package}
"""

# Gradescope runs this for each submission, in a fresh container.
_RUN = """\
#!/usr/bin/env bash
# The submission runs isolated from the grader. If the container does not allow namespaces, handgrad refuses to grade.
# With --unsafe below it would grade anyway, but a submission could then change its own result.
root=${{AUTOGRADER_ROOT:-/autograder}}
export PATH="/opt/handgrad/bin:$PATH"
out=$(mktemp -d)
# A folder with a name like Moodle's is one learner's, whatever files are in it.
submission="$out/submission_1_assignsubmission_file_"
cp -R "$root/submission" "$submission"
handgrad grade "$submission" --out "$out/grading" --gradescope --language {language}{rubric}
if [ -f "$out/grading/results.json" ]; then
    cp "$out/grading/results.json" "$root/results/results.json"
else
    echo '{{"score": 0, "output": "{failed}", "output_format": "text"}}' > "$root/results/results.json"
fi
"""

_FAILED: dict[Language, str] = {
    "en": "This submission could not be graded. Your teacher can find the reason in the output of the autograder.",
    "de": "Diese Abgabe konnte nicht bewertet werden. Deine Lehrkraft findet den Grund in der Ausgabe des Autograders.",
}


def gradescope_zip(out: Path, language: Language = "en", rubric: Path | None = None, wheel: Path | None = None) -> None:
    """Write the zip file to upload to Gradescope as an autograder.

    Parameters
    ----------
    out : Path
    language : {"en", "de"}, default "en"
        The language of what learners read.
    rubric : Path, optional
        The rubric to grade by; see :func:`handgrad.exercises.grading.rubric.read_rubric`.
    wheel : Path, optional
        A wheel of handgrad to install instead of this version from the package index.

    Raises
    ------
    ExerciseError
        If ``out`` exists already, or the rubric is not valid.
    DataError
        If a file cannot be read or written.

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "autograder.zip"
    >>> gradescope_zip(out)
    >>> zipfile.ZipFile(out).namelist()
    ['setup.sh', 'run_autograder']
    """
    words(language)  # refuses an unknown language
    if out.exists() or out.is_symlink():
        raise ExerciseError(f"{out} exists already", "a new file", "choose another name, or remove the file first")
    package = f"handgrad=={metadata.version('handgrad')}" if wheel is None else f"/autograder/source/{wheel.name}"
    members = {
        "setup.sh": _SETUP.format(package=f"'{package}'").encode(),
        "run_autograder": _RUN.format(
            language=language,
            rubric="" if rubric is None else ' --rubric "$root/source/rubric.toml"',
            failed=_FAILED[language],
        ).encode(),
    }
    if rubric is not None:
        read_rubric(rubric)
        members["rubric.toml"] = _bytes(rubric)
    if wheel is not None:
        members[wheel.name] = _bytes(wheel)
    with written(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name)  # with a fixed date, so that the same arguments give the same zip file
            member.external_attr = 0o755 << 16
            archive.writestr(member, content)


def results_json(checked: Checked | None, rubric: Rubric, reason: str = "") -> dict[str, Any]:
    """Give the content of ``results.json``.

    Parameters
    ----------
    checked : Checked or None
        None if the submission could not be checked.
    rubric : Rubric
        Its tasks become Gradescope's tests.
    reason : str
        Why the submission could not be checked.

    Returns
    -------
    dict
        Plain numbers and text, for ``json.dump``. Learners see text without formatting; the output of the autograder
        itself is hidden from them.

    Examples
    --------
    >>> right = TaskResult("del_sigmoid", "right", credit=1.0)
    >>> results = results_json(Checked("anna", (right,), "en", True, 0.5), Rubric({"del_sigmoid": 1.0}))
    >>> results["tests"][0]["score"], results["tests"][0]["max_score"], results["tests"][0]["status"]
    (1.0, 1.0, 'passed')
    """
    results = {} if checked is None else {result.task: result for result in checked.tasks}
    tests = []
    for task, points in rubric.points.items():
        result = results.get(task)
        tests.append(
            {
                "name": task,
                "number": f"{TASKS[task].sheet}.{TASKS[task].number}",
                "score": 0.0 if result is None else rubric.score(result),
                "max_score": points,
                "status": "passed" if result is not None and result.status == "right" else "failed",
                "output": "" if result is None or checked is None else _output(result, checked.language),
                "visibility": "visible",
            }
        )
    return {
        "execution_time": 0.0 if checked is None else round(checked.seconds, 3),
        "output": _summary(checked, reason),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _summary(checked: Checked | None, reason: str) -> str:
    """Say how many tasks are right, or why the submission could not be checked."""
    if checked is None:
        return clean(reason)
    said = words(checked.language)
    right = sum(result.status == "right" for result in checked.tasks)
    lines = [said["summary"].format(right=right, all=len(checked.tasks)) if checked.tasks else said["nothing"]]
    return "\n".join(lines if checked.isolated else [*lines, said["self_check"]])


def _output(result: TaskResult, language: Language) -> str:
    """Say in plain text what was found for a task."""
    lines = [] if result.status == "right" else [words(language)[f"status_{result.status}"], ""]
    for block in blocks(result, language):
        match block:
            case Paragraph(text):
                lines += [clean(text), ""]
            case CodeLine(where, source, label, said):
                lines += [f"{where}:", f"    {clean_line(source)}", f"{label}: {clean_line(said)}", ""]
            case Message(lead, text, note):
                lines += [(f"{lead}: " if lead else "") + clean(text) + (f" {note}" if note else "")]
            case Chain(links, states):
                lines += [", ".join(f"{link.quantity} {states[link.state]}" for link in links)]
            case Advice(advice):
                lines += [f"{line.label}: {clean(line.text)}" for line in advice if line.kind != "explanation"]
                lines += [""]
            case Numbers():
                pass  # too wide for Gradescope's text
    return "\n".join(lines).strip()


def _bytes(path: Path) -> bytes:
    """Read a file that the teacher named."""
    with opened(path) as file:
        return file.read()
