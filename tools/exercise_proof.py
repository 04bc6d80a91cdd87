"""Prove the checker, and put the confusion matrix into docs/exercise.md as a table, and beside it as a picture.

python tools/exercise_proof.py
"""

import sys
from pathlib import Path

from handgrad.exercises.prove import draw, prove, shown, table
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.files import written

ROOT = Path(__file__).parents[1]
DOCUMENT, PICTURE = ROOT / "docs" / "exercise.md", ROOT / "docs" / "images" / "exercise_proof.png"
START, END = "<!-- proof:start -->", "<!-- proof:end -->"


def main() -> int:
    """Write both, whatever comes out, and say it."""
    proof = prove(find_sandbox(), lambda sentence: print(sentence, file=sys.stderr, flush=True))
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    totals = "\n".join(shown(proof).splitlines()[:4])
    text = f"{before}{START}\n\n```text\n{totals}\n```\n\n{table(proof)}\n\n{END}{after}"
    with written(DOCUMENT) as file:
        file.write(text.encode())
    draw(proof, PICTURE)
    print(shown(proof))
    return 0 if proof.holds else 1


if __name__ == "__main__":
    sys.exit(main())
