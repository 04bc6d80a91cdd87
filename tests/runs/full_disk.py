"""Train on a small file system that fills up, and look at what is there afterwards. Run by ``test_full_disk``.

``python -m runs.full_disk FOLDER KIB...`` mounts a tmpfs of each size on the folder, in a mount namespace of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runs import chaos

from handgrad.errors import HandgradError
from handgrad.model import load_model
from handgrad.reporting import read_history
from handgrad.runs.checkpoint import read_checkpoint
from handgrad.runs.train import train_run


def trained(folder: Path) -> tuple[list[str], list[str]]:
    """Train in a folder; return what was told, and what is missing at the end."""
    told: list[str] = []
    try:
        done = train_run(chaos.configuration(folder / "run", epochs=4), chaos.DATA, chaos.passed_on, told.append)
    except HandgradError as error:
        return [*told, str(error)], ["everything"]
    return told, list(done.missing)


def faults(folder: Path) -> list[str]:
    """Train, and name whatever is not as promised."""
    before = b"what was there before" * 40
    (folder / "before").write_bytes(before)
    told, missing = trained(folder)
    run, found = folder / "run", list[str]()
    if (folder / "before").read_bytes() != before:
        found.append("a file from before is damaged")
    if run.is_dir() and (left := [path.name for path in run.glob(".*.part")]):
        found.append(f"left behind: {left}")
    for name in missing:
        if name != "everything" and sum(f"warning: {name} could not be written" in sentence for sentence in told) != 1:
            found.append(f"{name} was not named once")
    wanted = {"model.safetensors", "summary.json", "curves.png", "first_layer.png", "confusion.png"}
    if "everything" not in missing and not {name for name in wanted if not (run / name).is_file()} <= set(missing):
        found.append(f"missing without a word: {wanted - set(missing)}")
    if (run / "model.safetensors").exists():
        load_model(run / "model.safetensors")
    if (run / "history.jsonl").exists():
        read_history(run / "history.jsonl")
    if run.is_dir():
        read_checkpoint(run, lambda sentence: found.append(sentence))
    return found


def main(folder: Path, sizes: list[int]) -> int:
    """Try each size, and print the faults of those that have any."""
    bad = 0
    for size in sizes:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder)], check=True)
        try:
            found = faults(folder)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        if found:
            bad += 1
            sys.stdout.write(f"{size} KiB: {found}\n")
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]]))
