"""Ignores every signal that can be ignored, and never returns."""
# ruff: noqa - it does what no code should

import signal

for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def del_sigmoid(h):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
