"""The command line: one module for each family of commands, with arguments and wiring only."""

from handgrad.cli.entry import main

__all__ = ["main"]
