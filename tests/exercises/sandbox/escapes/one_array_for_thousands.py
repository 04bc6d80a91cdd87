"""Answers with an array that is referred to thousands of times."""
# ruff: noqa - it does what no code should

import sys

import numpy as np


def leak(x):
    frame = sys._getframe()
    while "channel" not in frame.f_locals:
        frame = frame.f_back
    values = {f"gained{number}": {"array": 0} for number in range(5000)}
    answer = {"nonce": frame.f_locals["request"]["nonce"], "status": "ok", "values": values}
    frame.f_locals["channel"].write(answer | {"left_out": {}, "events": []}, [np.frombuffer(b"gained", np.uint8)])


def del_sigmoid(h):
    return 0 * h
