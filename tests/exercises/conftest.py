"""Faults of our own come to light in the tests of the exercise."""

import pytest

from handgrad.exercises import check


@pytest.fixture(autouse=True)
def _faults_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an exception of a judge end a check that runs in the test's process."""
    monkeypatch.setattr(check, "FAULTS", ())
