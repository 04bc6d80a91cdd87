"""Compiled code is kept on disk, where there is a folder to keep it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cfunc, njit, typeof


def njit_cached(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile without the interpreter's lock, and keep the result on disk where a folder can be written."""

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return njit(nogil=True, cache=True, **options)(function)
        except RuntimeError:  # numba found no folder that it may write to
            return njit(nogil=True, **options)(function)

    return decorate


def compile_for(function: Any, arguments: tuple[Any, ...]) -> None:
    """Compile a function, or load what was kept, for arguments of these types, without calling it."""
    function.compile(tuple(typeof(argument) for argument in arguments))


def compiled_at_an_address(function: Callable[..., Any], signature: Any) -> Any:
    """Compile a function to be called by its address, which is an attribute of what is returned.

    What numba calls by name it compiles again within each caller, and within each of theirs: the whole engine took
    50 seconds that way, and takes a third of it with its kernels called by address.
    """
    try:
        return cfunc(signature, nopython=True, cache=True)(function)
    except RuntimeError:  # as above
        return cfunc(signature, nopython=True)(function)
