"""Sends signals to the checker, to its other processes, and to all there are."""
# ruff: noqa - it does what no code should

import ctypes
import os
import signal

libc = ctypes.CDLL(None)


def del_sigmoid(h):
    for process in (BYSTANDER, CHECKER, os.getppid(), 1, -1, 0, -BYSTANDER):
        for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
            for send in (os.kill, os.killpg, libc.kill, libc.tgkill):
                try:
                    send(process, number) if send is not libc.tgkill else send(process, process, number)
                except (OSError, OverflowError):
                    pass
    try:
        signal.pidfd_send_signal(os.pidfd_open(BYSTANDER), signal.SIGKILL)
    except OSError:
        pass
    return 0 * h
