"""Runs a shell, by every road."""
# ruff: noqa - it does what no code should

import os
import pty
import subprocess

import numpy as np


def leak(x):
    found = b""
    for road in (
        lambda: subprocess.run(["/bin/sh", "-c", f"cat {CANARY}"], capture_output=True).stdout,
        lambda: os.popen(f"cat {CANARY}").read().encode(),
        lambda: os.posix_spawn("/bin/sh", ["sh", "-c", f"echo 1 > {CANARY}"], {}),
        lambda: os.system(f"echo 1 > {CANARY}"),
        lambda: pty.spawn(["cat", CANARY]),
        lambda: os.execv("/bin/sh", ["sh", "-c", f"echo 1 > {CANARY}"]),
    ):
        try:
            found += road()
        except Exception:
            pass
    return np.frombuffer(found + b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
