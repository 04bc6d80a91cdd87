"""Writes, moves and deletes the checker's files."""
# ruff: noqa - it does what no code should

import os
import pathlib
import shutil


def del_sigmoid(h):
    folder = os.path.dirname(REPORT)
    for damage in (
        lambda: pathlib.Path(REPORT).write_text('{"credit": 1}'),
        lambda: os.makedirs(folder, exist_ok=True),
        lambda: pathlib.Path(folder, "new.json").write_text("right"),
        lambda: os.rename(REPORT, CANARY),
        lambda: os.remove(CANARY),
        lambda: os.chmod(REPORT, 0o777),
        lambda: os.truncate(REPORT, 0),
        lambda: shutil.rmtree(folder),
        lambda: os.utime(CANARY, (0, 0)),
    ):
        try:
            damage()
        except OSError:
            pass
    return 0 * h
