"""What the tests of commands share."""

from small_pictures import _small_pictures  # noqa: F401
