"""The exception tree. Every error says what was found, what was expected, and what to do about it.

::

    HandgradError
    ├── DataError            data that cannot be obtained, read or used
    │   ├── FormatError      a file whose contents contradict its name or header
    │   └── DownloadError    a data set that could not be downloaded from any mirror
    ├── SettingError         an option outside its range (also a ValueError)
    ├── ShapeError           arrays whose shapes do not match (also a ValueError)
    ├── DivergenceError      a training run whose loss is no longer finite
    ├── RunError             a run folder or model file that cannot be read or written
    └── ExerciseError        a sheet, submission or rubric that cannot be read, or a check that cannot be run

This module imports nothing, so any other module may import it.
"""

_LONGEST = 1000  # characters of each part; a name or a field in a file that is quoted may have millions


class HandgradError(Exception):
    """An error that the user can correct.

    Parameters
    ----------
    found : str
        What was found: the name and the value of whatever is at fault.
    wanted : str
        What would have been accepted. It completes the phrase "expected ...".
    remedy : str
        What to do about it, as an instruction without a capital letter or a full stop; the message adds both.

    Examples
    --------
    >>> print(HandgradError("batch_size is 0", "a whole number of at least 1", "pass batch_size=64"))
    batch_size is 0; expected a whole number of at least 1. Pass batch_size=64.
    """

    def __init__(self, found: str, wanted: str, remedy: str) -> None:
        found, wanted, remedy = map(_shortened, (found, wanted, remedy))
        super().__init__(found, wanted, remedy)
        self.found, self.wanted, self.remedy = found, wanted, remedy

    def __str__(self) -> str:
        return f"{self.found}; expected {self.wanted}. {self.remedy[:1].upper()}{self.remedy[1:]}."


def _shortened(text: str) -> str:
    """Leave out the middle of a long text."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST * 2 // 3]} ... {text[-_LONGEST // 4 :]}"


class DataError(HandgradError):
    """Data that cannot be obtained, read or used."""


class FormatError(DataError):
    """A file whose contents contradict its name or its header."""


class DownloadError(DataError):
    """A data set that could not be downloaded from any mirror."""


class SettingError(HandgradError, ValueError):
    """An option outside its range."""


class ShapeError(HandgradError, ValueError):
    """Arrays whose shapes do not match."""


class DivergenceError(HandgradError):
    """A training run whose loss is no longer finite."""


class RunError(HandgradError):
    """A run folder or a model file that cannot be read or written."""


class ExerciseError(HandgradError):
    """A sheet, a submission or a rubric that cannot be read, or a check that cannot be run."""
