"""Check one half of the collected cases, and print what came out; ``--write`` puts the table into docs/exercise.md.

python -m tests.exercises.real [open | held-out] [SEEDS] [--right SEEDS] [--write]
"""

import argparse
import sys

from handgrad.exercises.sandbox.isolation import find_sandbox

from ..proof.prove import interval
from . import HELD_OUT, OPEN
from .outcomes import judge, table
from .publishing import publish, summary, worst
from .yardsticks import TOOLS, outcome


def main() -> None:
    """Print the tables, then each case that did not come out as it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.exercises.real")
    parser.add_argument("half", nargs="?", choices=["open", "held-out"], default="held-out")
    parser.add_argument("seeds", nargs="?", type=int, default=1)
    parser.add_argument("--right", type=int, default=0, help="seeds for the right solutions, if it is to be more")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()

    kinds = {"open": OPEN, "held-out": HELD_OUT}[asked.half]
    cases = [case for those in kinds.values() for case in those]
    if not cases:
        parser.exit(
            message="No cases are held out: all that were measured are open, and no other set is written yet.\n"
        )
    seeds = {kind: max(asked.seeds, asked.right) if kind == "right" else asked.seeds for kind in kinds}
    judged = [one for kind in kinds for one in judge(kinds[kind], range(seeds[kind]), find_sandbox())]
    sys.stdout.write(table(judged) + "\n\n")
    tools = {tool: {(case.kind, case.name): outcome(tool, case) for case in cases} for tool in TOOLS}
    text = summary(worst(judged), tools, seeds, interval)
    sys.stdout.write(text + "\n\n")
    if asked.write:
        publish(text)
    for one in judged:
        if not one.as_wanted:
            sys.stdout.write(f"{one}\n")


if __name__ == "__main__":
    main()
