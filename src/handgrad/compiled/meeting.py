"""Where the threads of a span wait for one another: a barrier that costs less than a microsecond.

A thread that waits looks again and again for a short while, then sleeps a little between two looks, and so leaves its
core to others. (Offering the core without sleeping gives it away for milliseconds.) A library's parallel loop would put
its threads to sleep and wake them each time: some 50 microseconds, and a step has some six such places.
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

LOOKS = 10_000  # before the first sleep: 100 to 250 microseconds
NAP = 0 if sys.platform == "win32" else 20  # microseconds; Windows counts in milliseconds, 0 lets others run
ARRIVED, ROUND = 0, 16  # far apart, since writing to a cache line takes it from all who read it
GONE = 2  # in ``stop``: a thread could not be started, or failed, and nobody shall wait for it


def sleep_address() -> int:
    """Return the address of the system's function that lets a thread sleep for as many microseconds as it is given.

    Examples
    --------
    >>> sleep_address() > 0
    True
    """
    function = ctypes.CDLL("kernel32").Sleep if sys.platform == "win32" else ctypes.CDLL(None).usleep
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


@intrinsic
def _add(typing_context, address, amount):
    """Add to an integer in memory, which no other thread can do meanwhile, and return what it was before."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", builder.inttoptr(arguments[0], I64.as_pointer()), arguments[1], "seq_cst")

    return types.int64(types.intp, types.int64), generate


@intrinsic
def _look(typing_context, address):
    """Read an integer that another thread may write, and see all that it wrote before."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        if platform.machine().lower() in ("x86_64", "amd64"):  # tells the core that it waits
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return builder.load_atomic(builder.inttoptr(arguments[0], I64.as_pointer()), "acquire", 8)

    return types.int64(types.intp), generate


@njit(nogil=True)
def meet(board, threads, stop, sleep):
    """Wait until all threads are here; return False if one of them will never come.

    ``board`` holds 32 integers, zero at first; ``sleep`` is ``sleep_address()``.
    """
    return wait(board, arrive(board, threads), threads, stop, sleep)


@njit(nogil=True)
def arrive(board, threads):
    """Tell the others that one is here, and go on with what needs none of them; returns what ``wait`` wants to know."""
    if threads == 1:
        return 0
    arrived, now = board.ctypes.data + 8 * ARRIVED, board.ctypes.data + 8 * ROUND
    mine: int = _add(now, 0)
    if _add(arrived, 1) == threads - 1:
        _add(arrived, -threads)
        _add(now, 1)
    return mine


@njit(nogil=True)
def wait(board, mine, threads, stop, sleep):
    """Wait until all threads have arrived; as ``meet``."""
    now, looks = board.ctypes.data + 8 * ROUND, 0
    while threads > 1 and _look(now) == mine:
        looks += 1
        if looks > LOOKS:
            if stop[0] == GONE:
                return False
            call(sleep, (np.int32(NAP),))
    return True
