"""Check every known and every held-out form of a mistake, and write the tables into docs/exercise.md.

python -m tests.exercises.proof
"""

import sys
from pathlib import Path

from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.files import written

from .prove import held_out_forms, judge, judge_pairs, known_forms, rejected_variants, table, variants

DOCUMENT = Path(__file__).parents[3] / "docs" / "exercise.md"
START, END = "<!-- proof:start -->", "<!-- proof:end -->"


def main() -> None:
    """Write whatever comes out."""
    sandbox = find_sandbox()
    wrong, correct = held_out_forms()
    pairs = judge_pairs(150, sandbox)
    both = sum(named for *_, named in pairs)
    rejected = rejected_variants(sandbox)
    refused = [form for form in judge(correct, sandbox) if not form.missed]
    text = f"""\
### Known forms

{table(judge(known_forms(), sandbox))}

Of {len(pairs)} submissions with two mistakes at different quantities, both mistakes are named in {both}.
Correct solutions, each written in another way: {len(list(variants()))}; rejected: {len(rejected)}.

### Held-out forms

{table(judge(wrong, sandbox))}

Held-out correct solutions: {len(correct)}; rejected: {len(refused)}.
"""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    with written(DOCUMENT) as file:
        file.write(f"{before}{START}\n\n{text}\n{END}{after}".encode())
    sys.stdout.write("\n".join([text, *rejected, *map(str, refused), ""]))


if __name__ == "__main__":
    main()
