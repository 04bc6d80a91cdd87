"""The command line: one module for each family of commands, with arguments and wiring only."""

from handgrad.cli.program import app, main

__all__ = ["app", "main"]
