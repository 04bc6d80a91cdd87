"""Check one half of the collected cases, and print what came out.

python -m tests.exercises.real [open | held-out] [SEEDS]
"""

import sys

from handgrad.exercises.sandbox.isolation import find_sandbox

from . import HELD_OUT, OPEN
from .outcomes import judge, table


def main() -> None:
    """Print the table, then each case that did not come out as it should."""
    half, seeds = (*sys.argv[1:], "held-out", "1")[:2] if len(sys.argv) > 1 else ("held-out", "1")
    cases = {"open": OPEN, "held-out": HELD_OUT}[half]
    judged = judge([case for those in cases.values() for case in those], range(int(seeds)), find_sandbox())
    sys.stdout.write(table(judged) + "\n\n")
    for one in judged:
        if not one.as_wanted:
            sys.stdout.write(f"{one}\n")


if __name__ == "__main__":
    main()
