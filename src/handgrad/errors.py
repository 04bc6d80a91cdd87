"""The exception tree. Every error says what was found, what was wanted, and the remedy.

::

    HandgradError
    ├── DataError            data that cannot be had, read or used
    │   ├── FormatError      a file whose bytes are not what its name or header promises
    │   └── DownloadError    a data set that no mirror would give
    ├── SettingError         an option outside its range (also a ValueError)
    ├── ShapeError           arrays whose shapes do not fit together (also a ValueError)
    ├── DivergenceError      a training whose loss is no longer a finite number
    ├── RunError             a run folder or model file that cannot be written or read
    └── ExerciseError        a sheet, submission or rubric that cannot be read, or a check that cannot be run

This module imports nothing, so that every other one may import it.
"""


class HandgradError(Exception):
    """An error a user can mend.

    Parameters
    ----------
    found : str
        What was found, with the name and the value of the thing at fault.
    wanted : str
        What would have been accepted.
    remedy : str
        What to do next, as an instruction.

    Examples
    --------
    >>> print(HandgradError("batch_size is 0", "a whole number from 1", "pass batch_size=64"))
    batch_size is 0; wanted: a whole number from 1. Remedy: pass batch_size=64.
    """

    def __init__(self, found: str, wanted: str, remedy: str) -> None:
        super().__init__(found, wanted, remedy)
        self.found, self.wanted, self.remedy = found, wanted, remedy

    def __str__(self) -> str:
        return f"{self.found}; wanted: {self.wanted}. Remedy: {self.remedy}."


class DataError(HandgradError):
    """Data that cannot be had, read or used."""


class FormatError(DataError):
    """A file whose bytes are not what its name or its header promises."""


class DownloadError(DataError):
    """A data set that no mirror would give."""


class SettingError(HandgradError, ValueError):
    """An option outside its range."""


class ShapeError(HandgradError, ValueError):
    """Arrays whose shapes do not fit together."""


class DivergenceError(HandgradError):
    """A training whose loss is no longer a finite number."""


class RunError(HandgradError):
    """A run folder or a model file that cannot be written or read."""


class ExerciseError(HandgradError):
    """A sheet, a submission or a rubric that cannot be read, or a check that cannot be run."""
