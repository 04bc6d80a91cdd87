"""How compiled code is cached and run: on disk if a folder can be written, and with denormal numbers as zero.

Numbers below the smallest normal one (1.2e-38 in float32) count as zero while compiled code runs: an Intel core takes
some 150 cycles for a product with one, and deltas of saturated sigmoids are full of them. XLA and TensorFlow do the
same. The setting belongs to a thread, and the caller of compiled code gets its own back.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from llvmlite import ir
from numba import njit, typeof, types
from numba.core import cgutils
from numba.core.caching import IndexDataCacheFile
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.extending import intrinsic

from handgrad.compiled.vectors import I32, I64

_MACHINE = platform.machine().lower()
X86, ARM = _MACHINE in ("x86_64", "amd64"), _MACHINE in ("aarch64", "arm64")
FLUSH = 0x8040 if X86 else 1 << 24  # x86: results to zero (bit 15), operands too (bit 6); Arm: both


class CodeFiles(IndexDataCacheFile):
    """The files of one function: an index, and one file for each signature, named after what it is for.

    numba numbers them instead. Two processes that compile the function at once, one for float32 and one for float64,
    both write number 1, and from then on the index may hand one's code to the other: called by its address, it would
    silently compute nonsense.
    """

    def save(self, key: Any, data: Any) -> None:
        """Save the code for a signature; the index, which others may replace meanwhile, can lose but not mix up."""
        digest = sha256(repr((self._source_stamp, key)).encode()).hexdigest()
        name = self._data_name(int(digest[:15], 16))
        self._save_data(name, data)
        self._save_index({**self._load_index(), key: name})


def _cache(compiled: Any) -> None:
    """Cache on disk what is compiled, if a folder can be written."""
    try:
        compiled.enable_caching()
    except RuntimeError:  # numba found no folder that it can write to
        return
    cache = compiled._cache
    stamp = cache._impl.locator.get_source_stamp()
    cache._cache_file = CodeFiles(cache.cache_path, cache._impl.filename_base, stamp)


def njit_cached(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile without the interpreter's lock, and cache the result on disk if a folder can be written."""

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = njit(nogil=True, **options)(function)
        _cache(compiled)
        return compiled

    return decorate


def compile_for(function: Any, arguments: tuple[Any, ...]) -> None:
    """Compile a function for arguments of these types, or load it from the cache, without calling it."""
    function.compile(tuple(typeof(argument) for argument in arguments))


def signatures_kept(function: Any) -> list[Any]:
    """List the types of arguments for which this machine's code is on disk."""
    if function.stats.cache_path is None:
        return []
    machine = function.targetctx.codegen().magic_tuple()
    return [key[0] for key in function._cache._cache_file._load_index() if key[1] == machine]


def compiled_at_an_address(function: Callable[..., Any], signature: Any) -> Any:
    """Compile a function that is called by its address, an attribute of the result.

    numba compiles a function that is called by name again within each caller, and within each of their callers.
    """
    compiled = CFunc(function, normalize_signature(signature), locals={}, options={"nopython": True})
    _cache(compiled)
    compiled.compile()
    return compiled


def _exchange(builder: Any, change: Any) -> Any:
    """Emit a change of the thread's floating-point settings; return the old ones, in 64 bits."""
    if ARM:
        read = cgutils.get_or_insert_function(builder.module, ir.FunctionType(I64, []), "llvm.aarch64.get.fpcr")
        write = ir.FunctionType(ir.VoidType(), [I64])
        old = builder.call(read, [])
        builder.call(cgutils.get_or_insert_function(builder.module, write, "llvm.aarch64.set.fpcr"), [change(old)])
        return old
    if not X86:
        return I64(0)
    byte = ir.IntType(8).as_pointer()
    place, kind = cgutils.alloca_once(builder, I32), ir.FunctionType(ir.VoidType(), [byte])
    read, write = (
        cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{name}") for name in ("stmxcsr", "ldmxcsr")
    )
    builder.call(read, [builder.bitcast(place, byte)])
    old = builder.zext(builder.load(place), I64)
    builder.store(builder.trunc(change(old), I32), place)
    builder.call(write, [builder.bitcast(place, byte)])
    return old


@intrinsic
def flush_denormals(typing_context):
    """Count denormal numbers as zero in this thread; return the old setting for ``restore``."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return _exchange(builder, lambda old: builder.or_(old, I64(FLUSH)))

    return types.int64(), generate


@intrinsic
def restore(typing_context, old):
    """Undo ``flush_denormals``."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        _exchange(builder, lambda _: arguments[0])
        return context.get_dummy_value()

    return types.void(types.int64), generate
