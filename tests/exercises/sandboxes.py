"""The isolating sandbox that tests run in: where it does not work, they are skipped, but fail in CI on Linux."""

import os
import sys

import pytest

from handgrad.exercises.sandbox.isolation import Sandbox, why_not


def need_isolation() -> Sandbox:
    """Give a sandbox that isolates, or end the test."""
    reason = why_not()
    if reason is not None:
        missed = os.environ.get("CI") == "true" and sys.platform == "linux"
        (pytest.fail if missed else pytest.skip)(reason)
    return Sandbox(isolated=True)
