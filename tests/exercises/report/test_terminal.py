import io
import re

import pytest
from reports import CRASH, DERIVATIVE, REMARK, SHAPES, everything, one, unnamed
from rich.console import Console

from handgrad.errors import ExerciseError
from handgrad.exercises.calls import Crash
from handgrad.exercises.report import show_report
from handgrad.exercises.report.feedback import explanation, hint, message
from handgrad.exercises.report.parts import clean, words
from handgrad.exercises.results import Checked, Finding, Note, Picture, TaskResult
from handgrad.exercises.tasks import BACKPROP, PARAMETERS
from handgrad.exercises.words.wording import texts


def shown(checked: Checked, explain: bool = False, encoding: str = "utf-8", terminal: int = 0) -> str:
    """Show a report in a file, or in a terminal of the given width, and return the output."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    show_report(checked, Console(file=file, force_terminal=terminal > 0, width=terminal or None), explain)
    file.seek(0)
    return file.read()


def test_table_has_a_line_for_each_task() -> None:
    """Each task has a line with its number on the sheet, its name and its status in words."""
    text = shown(everything())
    assert text.startswith("anna: 2 of 7 tasks right, checked in 1.2 s\n")
    table = [re.split(r" {2,}", line.strip()) for line in text.split("\n\n")[1].splitlines()]
    assert [(line[1], line[2], line[3]) for line in table] == [
        ("4.1", "delta_last_layer", "right"),
        ("4.1", "delta_last_layer_easy_approach", "wrong"),
        ("4.2", "del_sigmoid", "crashed"),
        ("4.3", "backprop", "wrong"),
        ("4.4", "gradient_step", "not attempted"),
        ("4.5", "gradient_descent", "too slow"),
        ("4.5", "stochastic_gradient_descent", "right"),
    ]
    assert table[3][4] == "from delta_h2 on"
    assert table[4][4] == "Not attempted yet."


def test_panels_are_for_what_is_not_right() -> None:
    """What is wrong, crashed or too slow is explained below the table; right and untouched tasks are not."""
    headings = re.findall(r"^\d\.\d (\w+): ", shown(everything()), re.MULTILINE)
    assert headings == ["delta_last_layer_easy_approach", "del_sigmoid", "backprop", "gradient_descent"]


def test_chain_names_each_quantity_with_its_state() -> None:
    """The chain of backprop is drawn in order: right, wrong, and wrong only because of earlier ones."""
    text = " ".join(shown(everything()).split())
    states = dict.fromkeys(BACKPROP, "ok") | {"delta_h2": "WRONG", "delta_h1": "WRONG", "dW_i_h1": "WRONG"}
    states |= dict.fromkeys(("dW_h1_h2", "db_h2", "db_h1"), "follows")
    assert " → ".join(f"{quantity} {states[quantity]}" for quantity in BACKPROP) in text


def test_no_chain_where_no_quantity_is_wrong() -> None:
    """If only the forward pass is wrong, a chain in which every quantity is right would be confusing."""
    finding = Finding((), "forward_sigmoid_output", {"quantities": ("out",)}, equation="(3.4)")
    text = shown(one(TaskResult("backprop", "wrong", (finding,))))
    assert "softmax" in text
    assert "→" not in text


def test_chain_does_not_vouch_for_the_unseen() -> None:
    """A delta that a submission does not keep is not called right, nor wrong."""
    text = shown(one(TaskResult("backprop", "wrong", (unnamed("dW_h1_h2"),), unseen=("delta_out", "delta_h2"))))
    assert "delta_out not judged → dW_h2_o ok → db_out ok → delta_h2 not judged → dW_h1_h2 WRONG" in " ".join(
        text.split()
    )


def test_chain_of_unrelated_quantities_has_no_arrows() -> None:
    """The parameters of a step do not follow from each other, so commas join them."""
    text = shown(one(TaskResult("gradient_step", "wrong", (unnamed("b_h1"),))))
    states = [f"{name} {'WRONG' if name == 'b_h1' else 'ok'}" for name in PARAMETERS]
    assert ", ".join(states) in " ".join(text.split())


def test_single_quantity_has_no_chain() -> None:
    """Where there is only one quantity there is nothing to draw."""
    text = shown(one(TaskResult("del_sigmoid", "wrong", (unnamed("del_sigmoid"),))))
    assert "del_sigmoid is zero everywhere." in text
    assert "WRONG" not in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_terminal_is_framed_within_its_width(width: int) -> None:
    """In a terminal there are frames and colours, no line is wider than it, and no link of the chain is broken."""
    text = shown(everything(), terminal=width)
    assert "\x1b[" in text
    assert "╭" in text
    lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
    assert max(map(len, lines)) <= width
    assert any("dW_h1_h2 follows →" in line for line in lines)


def test_hint_comes_without_explanation() -> None:
    """The full explanation is given only where it is asked for; otherwise the report says how to get it."""
    brief, full = shown(everything()), shown(everything(), explain=True)
    story = "".join(explanation(DERIVATIVE, "en").split())
    assert f"Hint:{hint(DERIVATIVE, 'en')}".replace(" ", "") in "".join(brief.split())
    assert story not in "".join(brief.split())
    assert "--explain" in brief
    assert f"Explanation:{story}" in "".join(full.split())
    assert "--explain" not in full


def test_second_mistake_follows_the_first() -> None:
    """Further findings come after the first one and its picture, and a cause that is not known is called so."""
    text = " ".join(shown(everything()).split())
    pieces = (
        "In your delta_h2 and delta_h1, z(1 - z)",
        "Equation: (4.26)",
        "expected found",
        "Also: dW_i_h1 has the shape",
    )
    places = [text.index(piece) for piece in pieces]
    assert places == sorted(places)
    assert "The cause was not recognised." in text[places[-1] :]


def test_picture_sets_numbers_side_by_side() -> None:
    """Expected and found numbers stand in the same lines, a star at each that differs."""
    lines = shown(everything()).splitlines()
    start = next(i for i, line in enumerate(lines) if "expected" in line)
    assert [line.split() for line in lines[start : start + 4]] == [
        ["expected", "found"],
        ["0.125", "0.2", "0.125", "0.25*"],
        ["0.3", "0.4", "0.3", "0.45*"],
        ["*", "differs"],
    ]


def test_picture_of_another_shape_has_no_stars() -> None:
    """Numbers of arrays of different shapes are not compared one by one."""
    picture = Picture(Note("picture_del_sigmoid"), ((1.0, 2.0),), ((1.0,), (3.0,)))
    text = shown(one(TaskResult("del_sigmoid", "wrong", (unnamed("del_sigmoid"),), picture=picture)))
    assert "found" in text
    assert "*" not in text


def test_crash_quotes_the_learners_line() -> None:
    """A crash is told in plain words, with the learner's own line, where it stands, and Python's words."""
    text = shown(everything())
    assert "their shapes do not fit together: (2,3) (4,)" in text
    assert "cell 4, line 3:\n      return h * W\n  Python says: ValueError: operands could not be broadcast" in text


def test_crash_of_a_module_has_no_cell() -> None:
    """A plain module has lines only."""
    crash = Crash("NameError", "", 0, 7, "foo()")
    text = shown(one(TaskResult("del_sigmoid", "crashed", crash=crash)))
    assert "line 7:" in text
    assert "cell" not in text


def test_plain_text_has_no_control_characters() -> None:
    """Outside a terminal there is not one control character but line ends, and no line ends in spaces."""
    text = shown(everything(isolated=False), explain=True)
    assert [letter for letter in text if letter != "\n" and not letter.isprintable()] == []
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("terminal", [0, 100])
def test_hostile_text_is_shown_as_it_is(terminal: int) -> None:
    """Escape sequences, writing from right to left and rich's markup from a submission change nothing on the screen."""
    evil = "\x1b[2J\x1b]0;title\x07 \u202egnorw\u202c [bold red]all right[/] \r\x08 \ud800"
    told, shape = Note("killed", {"reason": evil}), unnamed("del_sigmoid", "shape", found_shape=evil)
    crash = Crash("E" + evil, evil, 1, 1, evil)
    picture = Picture(Note("picture_backprop", {"quantity": evil}), ((evil,),), ((1.0,),))
    for result in (
        TaskResult("del_sigmoid", "wrong", (shape,), (told,), picture=picture),
        TaskResult("del_sigmoid", "crashed", notes=(told,), crash=crash),
        TaskResult("del_sigmoid", "not_attempted", notes=(told,)),
    ):
        text = shown(Checked(evil, (result,), "en", True, 1.0), explain=True, terminal=terminal)
        ours = re.sub(r"\x1b\[[\d;]*m", "", text)  # colours
        assert [letter for letter in ours if letter != "\n" and not letter.isprintable()] == []
        assert "[bold red]all right[/]" in text


def test_remarks_come_after_what_is_wrong() -> None:
    """What is to be corrected is read first, whatever the order of the tasks."""
    remark = TaskResult("sigmoid", "right", (Finding(("sigmoid",), "argument_changed", {"quantities": ("sigmoid",)}),))
    wrong = TaskResult("softmax", "too_slow", notes=(Note("too_slow"),))
    text = shown(Checked("a.py", (remark, wrong), "en", True, 0.5))
    assert text.index("3.2 softmax:") < text.index("3.1 sigmoid:")


def test_right_task_may_have_a_remark() -> None:
    """A remark on a right task is marked in the table, and told below with its hint, as no mistake."""
    result = TaskResult("delta_last_layer", "right", (REMARK,), (Note("right"),), credit=1.0)
    text = shown(one(result))
    assert re.search(r"✓ +4\.1 +delta_last_layer +right +with a remark$", text, re.MULTILINE)
    assert " ".join(text.split()).count(message(REMARK, "en")) == 1
    assert f"Hint: {hint(REMARK, 'en')}" in text
    assert "1 of 1 tasks right" in text


def test_crash_after_a_mistake_tells_both() -> None:
    """A crash is explained in plain words, with the learner's line, before the finding."""
    text = shown(one(TaskResult("backprop", "crashed", (DERIVATIVE,), (SHAPES,), crash=CRASH)))
    assert text.count("In your delta_h2 and delta_h1") == 1
    assert text.index("Two arrays") < text.index("return h * W") < text.index("In your delta_h2 and delta_h1")


def test_wide_picture_is_stacked() -> None:
    """Where expected and found do not fit side by side, one stands above the other, and nothing is cut off."""
    row = ("12 11 10 9 8 7 6 5 4 3 2 1 0 12 11 10 9 8 7 6 5 4 3 2 1 0", "0.5")
    picture = Picture(Note("picture_routine"), (row,), ((row[0], "0.7"),))
    lines = shown(one(TaskResult("gradient_descent", "wrong", (unnamed("steps"),), picture=picture))).splitlines()
    assert [line.split()[0] for line in lines if line.strip() in ("expected", "found")] == ["expected", "found"]
    assert sum(row[0] in line for line in lines) == 2


def test_flood_is_cut() -> None:
    """A message of a million characters, or of a million lines, is cut to what a person would read."""
    assert len(clean("x" * 1_000_000)) < 5_000
    assert clean("x\n" * 1_000_000).count("\n") < 100
    assert clean("a\tb\N{NO-BREAK SPACE}c") == "a   b c"


def test_ascii_output_is_never_an_error() -> None:
    """Where the output has no Unicode, marks and arrows are ASCII and other letters are question marks."""
    text = shown(everything("de"), encoding="ascii")
    assert "delta_out ok -> dW_h2_o ok ->" in text
    assert re.search(r"^  x +4\.2 +del_sigmoid +abgest\?rzt", text, re.MULTILINE)


def test_german_report_has_german_words() -> None:
    """In German every word of ours is German."""
    text = shown(everything("de", isolated=False), explain=True)
    for word in ("2 von 7 Aufgaben richtig", "Zelle 4, Zeile 3", "FALSCH", "Hinweis", "Erklärung", "Selbsttest"):
        assert word in text
    assert not re.search(r"\b(WRONG|follows|crashed|too slow|Hint|Equation|expected|cell|Self-check)\b", text)


def test_missing_isolation_is_said() -> None:
    """A report of code that ran without isolation calls itself a self-check; another one does not."""
    assert "Self-check" in shown(everything(isolated=False))
    assert "Self-check" not in shown(everything())


def test_empty_submission_is_told_so() -> None:
    """Where no task was found, the report says so instead of showing an empty table."""
    assert "No task of the exercise was found" in shown(Checked("anna", (), "en", True, 0.1))


def test_languages_have_the_same_words() -> None:
    """English and German have the same keys, with the same names in braces, and none is empty."""
    tables = [texts("report", language) for language in ("en", "de")]
    assert tables[0].keys() == tables[1].keys()
    for key, english in tables[0].items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", tables[1][key])), key
        assert english.strip()
        assert tables[1][key].strip()


def test_other_language_is_refused(refused) -> None:
    """A language without words is refused with the two there are."""
    with refused(ExerciseError, "'fr'", "en or de"):
        words("fr")


@pytest.mark.parametrize("terminal", [0, 100])
def test_a_crash_without_a_place_has_no_line(terminal: int) -> None:
    """Where Python names no line of the learner's, only its message is quoted."""
    crash = Crash("TypeError", "fcc() takes no arguments", 0, 0, "")
    text = shown(one(TaskResult("backprop", "crashed", notes=(SHAPES,), crash=crash)), terminal=terminal)
    assert "Python says: TypeError: fcc() takes no arguments" in text
    assert "line 0" not in text
