"""The frame of every HTML page: one file, nothing fetched, nothing executed."""

from __future__ import annotations

import html
from importlib import resources

from handgrad.exercises.report.parts import clean, clean_line

# Even text that slipped through unescaped could load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, language: str, body: str, wide: bool = False) -> str:
    """Put a body into a page.

    Parameters
    ----------
    title : str
        Plain text; it is escaped here.
    language : {"en", "de"}
    body : str
        HTML.
    wide : bool, default False
        For tables with many columns.

    Returns
    -------
    str
        The whole document.

    Examples
    --------
    >>> page("a < b", "en", "<p>text</p>").splitlines()[5]
    '<title>a &lt; b</title>'
    """
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="{language}">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escaped(title)}</title>
<style>
{style}</style>
<main{' class="wide"' if wide else ""}>
{body}
</main>
</html>
"""


def escaped(text: str) -> str:
    """Clean and escape text for one line, also within quotation marks."""
    return html.escape(clean_line(text))


def escaped_text(text: str) -> str:
    """Clean and escape text whose line ends are kept."""
    return html.escape(clean(text))


def breakable(name: str) -> str:
    """Escape a name in Python's way, which a narrow screen may break after each underscore."""
    return escaped(name).replace("_", "_<wbr>")
