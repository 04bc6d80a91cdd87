"""A barrier for the threads of a call that costs less than a microsecond.

A waiting thread spins for 100 to 250 microseconds, then polls, sleeping in between, so that its core is free for other
work. (Yielding the core without sleeping gives it away for milliseconds.) A parallel loop of a library would put its
threads to sleep and wake them each time, which takes some 50 microseconds; a step has about six barriers.

A thread that can go on without the others calls ``arrive``, does that work, and then calls ``wait``.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from handgrad.compiled.vectors import I64, call

SPINS = 10_000  # before the first sleep: 100 to 250 microseconds
SLEEP = 0 if sys.platform == "win32" else 20  # microseconds; Windows counts in milliseconds, and 0 yields the core
ARRIVED, ROUND = 0, 16  # on cache lines of their own, to avoid false sharing
GONE = 2  # in ``stop``: a thread could not be started, or failed, so the others must not wait for it


def sleep_address() -> int:
    """Return the address of the system's function that lets a thread sleep, in microseconds (on Windows milliseconds).

    Examples
    --------
    >>> sleep_address() > 0
    True
    """
    function = ctypes.CDLL("kernel32").Sleep if sys.platform == "win32" else ctypes.CDLL(None).usleep
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


@intrinsic
def _add(typing_context, address, amount):
    """Add to an integer in memory, atomically, and return its former value."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", builder.inttoptr(arguments[0], I64.as_pointer()), arguments[1], "seq_cst")

    return types.int64(types.intp, types.int64), generate


@intrinsic
def _read(typing_context, address):
    """Read an integer that another thread may write, and see everything that it wrote before (acquire)."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        if platform.machine().lower() in ("x86_64", "amd64"):  # tells the core that this is a spin loop
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return builder.load_atomic(builder.inttoptr(arguments[0], I64.as_pointer()), "acquire", 8)

    return types.int64(types.intp), generate


@njit(nogil=True)
def barrier(team):
    """Wait until all threads are here; return False if one of them will never come."""
    return wait(team, arrive(team))


@njit(nogil=True)
def arrive(team):
    """Tell the others that this thread has arrived; return a ticket for ``wait``."""
    if team.threads == 1:
        return 0
    arrived, now = team.counters.ctypes.data + 8 * ARRIVED, team.counters.ctypes.data + 8 * ROUND
    ticket: int = _add(now, 0)
    if _add(arrived, 1) == team.threads - 1:
        _add(arrived, -team.threads)
        _add(now, 1)
    return ticket


@njit(nogil=True)
def wait(team, ticket):
    """Wait until all threads have arrived; return False if one of them never will."""
    now, spins = team.counters.ctypes.data + 8 * ROUND, 0
    while team.threads > 1 and _read(now) == ticket:
        spins += 1
        if spins > SPINS:
            if team.stop[0] == GONE:
                return False
            call(team.sleep, (np.int32(SLEEP),))
    return True
