import re
from html.parser import HTMLParser
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import DERIVATIVE, REMARK, everything, one, unnamed

from handgrad.exercises.calls import Crash
from handgrad.exercises.report import report_html
from handgrad.exercises.report.feedback import explanation, hint, message
from handgrad.exercises.report.page import page
from handgrad.exercises.results import Checked, Note, Picture, TaskResult

VOID = {"meta", "br", "wbr", "img", "hr"}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> &amp; </style></title></pre>"


class Page(HTMLParser):
    """A parsed page: its elements with their attributes, and its text; raises where elements are not nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == ["html"], "the end of html, which HTML does not need as an element"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be of this name."""
        if tag == "html":
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text, but for the style sheet's."""
        if self.open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def test_page_needs_nothing_beside_it() -> None:
    """No element loads anything, no link leaves the page, and a policy forbids both, and all scripts."""
    text = report_html(everything())
    found = Page(text)
    assert not {tag for tag, _ in found.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    }
    assert [a for _, a in found.elements if any(name == "src" or name.startswith("on") for name in a)] == []
    assert all(str(link["href"]).startswith("#") for link in found.all("a"))
    assert "url(" not in text
    assert "@import" not in text
    [policy] = [meta for meta in found.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy["content"]).startswith("default-src 'none'; style-src 'unsafe-inline'")


@pytest.mark.parametrize("language", ["en", "de"])
def test_page_tells_all(language) -> None:
    """Names, statuses in words, messages, chain, crash and numbers are all in the page, in the language asked for."""
    found = Page(report_html(everything(language)))
    english = ("wrong", "not attempted", "crashed", "too slow", "Hint", "WRONG", "follows", "cell 4, line 3", "found")
    german = ("falsch", "nicht bearbeitet", "abgestürzt", "zu langsam", "Hinweis", "FALSCH", "Zelle 4, Zeile 3")
    shown = (message(DERIVATIVE, language), "return h * W", "(4.26)", "0.25*" if language == "en" else "0,25*")
    for word in (*(english if language == "en" else german), *shown):
        assert word in found.text
    assert found.all("html") == [{"lang": language}]


def test_hint_and_explanation_unfold() -> None:
    """Hint and explanation are there, folded, so that a learner decides how much to read."""
    found = Page(report_html(everything()))
    assert hint(DERIVATIVE, "en") in found.text
    assert explanation(DERIVATIVE, "en") in found.text
    assert len(found.all("details")) == 6  # hints and explanations of three findings
    assert all("open" not in attributes for attributes in found.all("details"))


def test_links_lead_somewhere() -> None:
    """Each task that is not right is linked from the table to what is said about it; a right one is not."""
    found = Page(report_html(everything()))
    targets = {attributes.get("id") for _, attributes in found.elements}
    links = [str(link["href"])[1:] for link in found.all("a")]
    assert links == [result.task for result in everything().tasks if result.status != "right"]
    assert set(links) <= targets


def test_points_are_shown_where_given() -> None:
    """With points, each task that counts shows its points, and the head the sum; without, there are none."""
    text = Page(report_html(everything(), {"backprop": (2.5, 4.0), "del_sigmoid": (0.0, 1.0)})).text
    for piece in ("2.5 of 5 points", "2.5 / 4", "0 / 1"):
        assert piece in text
    assert "2,5 von 5 Punkten" in Page(report_html(everything("de"), {"backprop": (2.5, 5.0)})).text
    assert "oints" not in Page(report_html(everything())).text


def hostile(text: str) -> Checked:
    """Put a text everywhere where a submission's own might get."""
    told, shape = Note("killed", {"reason": text}), unnamed("delta_h2", "shape", found_shape=text)
    picture = Picture(Note("picture_backprop", {"quantity": text}), ((text, 1.0),), ((1.0, text),))
    tasks = (
        TaskResult("backprop", "wrong", (shape,), (told,), ("db_h2",), picture=picture),
        TaskResult("del_sigmoid", "crashed", notes=(told,), crash=Crash(text, text, 1, 1, text)),
        TaskResult("gradient_step", "not_attempted", notes=(told,)),
    )
    return Checked(text, tasks, "en", False, 1.0)


def structure(found: Page) -> list[tuple[str, dict[str, str | None]]]:
    """Give all elements but table cells' classes, which depend on whether numbers are alike, and stars."""
    return [(tag, attributes) for tag, attributes in found.elements if tag != "td"]


@given(st.text(max_size=60) | st.sampled_from([EVIL, "<!--", "&lt;", "]]>", "\x00", "\x1b[31m", "\u202e", "\ud800"]))
def test_no_text_becomes_an_element(text: str) -> None:
    """Whatever a submission holds, the page has the same elements and attributes as for harmless text."""
    found = Page(report_html(hostile(f"a{text}b")))
    assert structure(found) == structure(Page(report_html(hostile("harmless"))))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", found.text)


def test_hostile_text_can_be_read() -> None:
    """What looks like HTML in a submission is shown as text."""
    assert EVIL in Page(report_html(hostile(EVIL))).text


def test_title_is_escaped() -> None:
    """The title of a page cannot end the title."""
    assert Page(page("</title><b>", "en", "")).text.split() == ["</title><b>"]


def test_missing_isolation_is_said() -> None:
    """A report of code that ran without isolation calls itself a self-check."""
    assert "Self-check" in Page(report_html(everything(isolated=False))).text
    assert "Self-check" not in Page(report_html(everything())).text


def test_nothing_found_is_said() -> None:
    """A submission without any task gets a page that says so."""
    assert "No task of the exercise was found" in Page(report_html(Checked("anna", (), "en", True, 0.1))).text


def test_right_task_needs_no_words() -> None:
    """A task that is right is in the table only."""
    found = Page(report_html(one(TaskResult("del_sigmoid", "right", notes=(Note("right"),)))))
    assert found.all("section") == []
    assert "✓ right" in found.text


def test_remark_has_a_card() -> None:
    """A right task with a remark is linked to it."""
    found = Page(report_html(one(TaskResult("delta_last_layer", "right", (REMARK,), (Note("right"),)))))
    assert [link["href"] for link in found.all("a")] == ["#delta_last_layer"]
    assert found.text.count(message(REMARK, "en")) == 1


def luminance(colour: str) -> float:
    """Give the relative luminance of a colour (#rrggbb) as WCAG defines it."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_read(scheme: int) -> None:
    """Every text has a contrast of at least 4.5 to each ground that it stands on, in light and in dark."""
    style = (resources.files("handgrad.exercises.report") / "page.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", style.split(":root {")[1 + scheme]))
    inks = ("ink", "quiet", "link", "right", "wrong", "odd")
    pairs = [(ink, ground) for ink in inks for ground in ("page", "card")]
    pairs += [(ink, f"{ink}-bed") for ink in ("right", "wrong", "odd")]
    pairs += [("ink", "odd-bed"), ("ink", "sunk"), ("quiet", "sunk")]
    for ink, ground in pairs:
        bright, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, f"{ink} on {ground}"
