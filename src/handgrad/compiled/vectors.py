"""Explicit vector instructions, for loops that the compiler does not vectorise well by itself.

A kernel is a function that emits LLVM instructions; numba calls it while compiling the code around it. How many numbers
a vector has depends on the machine and on the precision; kernels call that number ``lanes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

I32, I64 = ir.IntType(32), ir.IntType(64)
_FEATURES = binding.get_host_cpu_features()
VECTOR_BYTES = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx2") else 16
LINE_BYTES = 64
ZERO = np.int64(0)  # for arguments: numba compiles a function anew for each literal that it is called with
REGISTERS = 16 if VECTOR_BYTES == 32 or (_FEATURES.get("sse2") and VECTOR_BYTES == 16) else 32


def _prefetch(builder: Any, pointer: Any) -> None:
    """Emit a prefetch into the first-level cache."""
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [builder.bitcast(pointer, byte), I32(0), I32(3), I32(1)])


class Vectors:
    """Emits instructions on vectors of one type of number, behind an LLVM builder.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    number : numba type
        float32 or float64.
    """

    def __init__(self, builder: Any, number: Any) -> None:
        self.builder = builder
        self.item = number.bitwidth // 8
        self.lanes = VECTOR_BYTES // self.item
        self.number = ir.FloatType() if number is types.float32 else ir.DoubleType()
        self.pointer = self.number.as_pointer()
        self.type = ir.VectorType(self.number, self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)
        self._suffix = f"v{self.lanes}f{number.bitwidth}"

    def _external(self, name: str, result: Any, *arguments: Any) -> Any:
        """Call one of LLVM's intrinsic functions."""
        kinds = [argument.type for argument in arguments]
        function = cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(result, kinds), name)
        return self.builder.call(function, arguments)

    def splat(self, value: Any) -> Any:
        """Copy one number into all lanes."""
        kind = ir.VectorType(value.type, self.lanes)
        first = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, I32(0))
        return self.builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(I32, self.lanes), [0] * self.lanes))

    def place(self, address: Any) -> Any:
        """Turn an address into a pointer to numbers."""
        return self.builder.inttoptr(address, self.pointer)

    def after(self, pointer: Any, count: Any) -> Any:
        """Advance a pointer by ``count`` numbers."""
        return self.builder.gep(pointer, [I64(count) if isinstance(count, int) else count])

    def scalar(self, pointer: Any) -> Any:
        """Load one number into all lanes."""
        return self.splat(self.builder.load(pointer, align=self.item))

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        """Compute x y + z, rounded once if the machine can."""
        return self._external(f"llvm.fmuladd.{self._suffix}", self.type, x, y, z)

    def mask(self, width: Any, first: int) -> Any:
        """Return the mask of the lanes before ``width``, if the first lane is number ``first``."""
        lanes = ir.Constant(ir.VectorType(I64, self.lanes), list(range(first, first + self.lanes)))
        return self.builder.icmp_signed("<", lanes, self.splat(width))

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """Load a vector; lanes outside a mask are not read, and become zero."""
        pointer = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self.item)
        name = f"llvm.masked.load.{self._suffix}.p0"
        return self._external(name, self.type, pointer, I32(self.item), mask, self.zero)

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """Store a vector; lanes outside a mask are not written."""
        pointer = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            self.builder.store(value, pointer, align=self.item)
        else:
            self._external(f"llvm.masked.store.{self._suffix}.p0", ir.VoidType(), value, pointer, I32(self.item), mask)

    def prefetch(self, pointer: Any, count: int) -> None:
        """Prefetch the cache lines of ``count`` numbers."""
        for place in (*range(0, count, LINE_BYTES // self.item), count - 1):
            _prefetch(self.builder, self.after(pointer, place))

    def loop(self, count: Any, starts: Iterable[Any], body: Callable[..., Iterable[Any]]) -> list[Any]:
        """Run ``body`` ``count`` times, at least once; its results are its arguments the next time."""
        builder, before = self.builder, self.builder.block
        again = builder.append_basic_block("again")
        done = builder.append_basic_block("done")
        builder.branch(again)
        builder.position_at_end(again)
        counter, values = builder.phi(I64), []
        counter.add_incoming(I64(0), before)
        for start in starts:
            value = builder.phi(start.type)
            value.add_incoming(start, before)
            values.append(value)
        results = list(body(*values))
        following = builder.add(counter, I64(1))
        counter.add_incoming(following, builder.block)
        for value, result in zip(values, results, strict=True):
            value.add_incoming(result, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, count), again, done)
        builder.position_at_end(done)
        return results

    def either(
        self, condition: Any, emit: Callable[[], Iterable[Any]], other: Callable[[], Iterable[Any]]
    ) -> list[Any]:
        """Return the values of ``emit`` if the condition holds, otherwise those of ``other``."""
        builder, made = self.builder, []
        with builder.if_else(condition) as branches:
            for branch, function in zip(branches, (emit, other), strict=True):
                with branch:
                    made.append((list(function()), builder.block))
        results = [builder.phi(value.type) for value in made[0][0]]
        for values, block in made:
            for result, value in zip(results, values, strict=True):
                result.add_incoming(value, block)
        return results

    def cases(self, value: Any, numbers: Iterable[int], emit: Callable[[int], None]) -> None:
        """Emit a variant for each number; the one that equals ``value`` runs."""
        builder = self.builder
        end = builder.append_basic_block("end")
        switch = builder.switch(value, end)
        for number in numbers:
            block = builder.append_basic_block(f"case{number}")
            switch.add_case(I64(number), block)
            builder.position_at_end(block)
            emit(number)
            builder.branch(end)
        builder.position_at_end(end)


@njit(inline="always")
def lanes_of(array):
    """Return how many numbers of an array's type a vector has."""
    return VECTOR_BYTES // array.itemsize


@njit(nogil=True)
def block(left, lanes, most):
    """Return how many of the ``left`` numbers of a row the next block takes: equal blocks of up to ``most`` vectors."""
    vectors = (left + lanes - 1) // lanes
    blocks = (vectors + most - 1) // most
    return min(left, (vectors + blocks - 1) // blocks * lanes)


@njit(nogil=True)
def whole_block(left, lanes, most):
    """As ``block``, in whole vectors: return numbers and vectors; 0 vectors if only a few numbers are left."""
    vectors = left // lanes
    if vectors == 0:
        return left, 0
    blocks = (vectors + most - 1) // most
    vectors = (vectors + blocks - 1) // blocks
    return vectors * lanes, vectors


@intrinsic
def prefetch(typing_context, address):
    """Prefetch the cache line at an address."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        _prefetch(builder, builder.inttoptr(arguments[0], ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(types.intp), generate


@intrinsic
def call(typing_context, address, arguments):
    """Call the function at an address with a tuple of numbers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place, packed = values
        unpacked = cgutils.unpack_tuple(builder, packed)
        function = ir.FunctionType(ir.VoidType(), [value.type for value in unpacked])
        builder.call(builder.inttoptr(place, function.as_pointer()), unpacked)
        return context.get_dummy_value()

    return types.void(address, arguments), generate


@intrinsic
def matrix_at(typing_context, vector, first, rows, columns):
    """View (rows, columns) numbers of a vector, from ``first`` on; ``reshape`` takes seconds to compile."""
    kind = types.Array(vector.dtype, 2, "C", readonly=not vector.mutable)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector, first, rows, columns = arguments
        source, view = make_array(signature.args[0])(context, builder, vector), make_array(kind)(context, builder)
        item = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        populate_array(
            view,
            data=builder.gep(source.data, [first]),
            shape=cgutils.pack_array(builder, [rows, columns]),
            strides=cgutils.pack_array(builder, [builder.mul(columns, item), item]),
            itemsize=item,
            meminfo=None,  # borrowed: no reference counting, which costs 10 ns a view, also of each row
        )
        return view._getvalue()

    return kind(vector, types.intp, types.intp, types.intp), generate


@intrinsic
def borrowed(typing_context, arrays):
    """Return a nested tuple of arrays without reference counters; the caller of the compiled code keeps the arrays.

    Otherwise every function that takes a part of a context counts its arrays up and down, in memory that the threads
    share.
    """

    def without_counters(context: Any, builder: Any, kind: Any, value: Any) -> Any:
        if isinstance(kind, types.Array):
            array = make_array(kind)(context, builder, value)
            array.meminfo = cgutils.get_null_value(array.meminfo.type)
            return array._getvalue()
        if isinstance(kind, types.NamedTuple | types.NamedUniTuple):
            for i, field in enumerate(kind.types):
                part = without_counters(context, builder, field, builder.extract_value(value, i))
                value = builder.insert_value(value, part, i)
        return value

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return without_counters(context, builder, arrays, arguments[0])

    return arrays(arrays), generate
