"""Check every known and every held-out form of a mistake, and write the tables into docs/exercise.md.

python -m tests.exercises.proof
"""

import sys
from pathlib import Path

from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.files import written

from .prove import judge_forms, judge_pairs, rejected_variants, table, variants
from .written import mutants

DOCUMENT = Path(__file__).parents[3] / "docs" / "exercise.md"
START, END = "<!-- proof:start -->", "<!-- proof:end -->"


def main() -> None:
    """Write whatever comes out."""
    sandbox = find_sandbox()
    known = judge_forms([form for form in mutants() if not form.again], sandbox)
    pairs = judge_pairs(mutants(), 150, sandbox)
    rejected = rejected_variants(sandbox)
    correct = len(list(variants()))
    both = sum(named for *_, named in pairs)
    text = f"""\
### Known forms

{table(known)}

Of {len(pairs)} submissions with two mistakes at different quantities, both mistakes are named in {both}.
Of {correct} correct solutions, each written in another way, {len(rejected)} are rejected.
"""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    with written(DOCUMENT) as file:
        file.write(f"{before}{START}\n\n{text}\n{END}{after}".encode())
    sys.stdout.write("\n".join([text, *rejected, ""]))


if __name__ == "__main__":
    main()
