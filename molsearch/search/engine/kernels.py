"""One pass over rows in machine code: products, similarities, scores, and which rows are of use.

Compiled by Numba as this module is imported, or loaded from its cache; `molsearch.search.engine.
fused` imports it once that is worth its time. A tile of rows at a time, so that what is computed
of them stays in the processor's nearest memory; a row's bytes are read once, and written nowhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from molsearch.machine_code import compiled

TILE = 512  # rows; 128 KiB of 256 dimensions
MAX, MEAN, TOP2 = 0, 1, 2
A = Any  # an array
_AHEAD = 64  # rows
_LINE = 64  # bytes of a processor's cache
_INT, _BYTES = ir.IntType(32), ir.IntType(8).as_pointer()
_ALL_CACHES = _INT(3)


@intrinsic
def _added(_context: Any, _total: Any, _code: Any, _asked: Any) -> Any:
    """Add a product in 32 bits; Numba would widen it to 64, which takes twice as long."""

    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        total, code, asked = given
        wide = [builder.sext(one, ir.IntType(32)) for one in (code, asked)]
        return builder.add(total, builder.mul(*wide))

    return types.int32(types.int32, types.int8, types.int16), generate


@intrinsic
def _ones(_context: Any, _word: Any) -> Any:
    """Count the bits of a word that are set."""
    return types.uint64(types.uint64), lambda _, builder, __, given: builder.ctpop(given[0])


@intrinsic
def _fetch(_context: Any, rows: Any, _row: Any) -> Any:
    """Have a row brought nearer; one that does not exist is none to be brought.

    Processors see by themselves that memory is read row by row, but not across their pages, nor
    soon enough where two arrays are read in turn. Into all caches: with the hint that a row is read
    but once, which passes the second one by, an Intel (Emerald Rapids) takes twice as long.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        width = cgutils.unpack_tuple(builder, array.strides)[0]
        start = builder.bitcast(array.data, _BYTES)
        kind = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        first = builder.mul(given[1], width)
        with cgutils.for_range_slice(builder, first.type(0), width, first.type(_LINE)) as (at, _):
            line = builder.gep(start, [builder.add(first, at)])
            builder.call(fetch, [line, _INT(0), _ALL_CACHES, _INT(1)])  # 1: data
        return context.get_dummy_value()

    return types.void(rows, types.int64), generate


@njit
def _left(excluded: A, scales: A, first: int, last: int, places: A) -> int:
    """Write the rows of a tile that are not excluded to `places`; return their number.

    It is -1 where one that is excluded is not finite.
    """
    if len(excluded) == 0:
        for row in range(first, last):
            places[row - first] = row
        return last - first
    n, zero = 0, np.float32(0)
    for row in range(first, last):
        if excluded[row]:
            zero += np.float32(0) * (scales[row, 0] + scales[row, 1])
        else:
            places[n] = row
            n += 1
    return n if zero == 0 else -1


@njit
def _multiply(
    codes: A, scales: A, asked: A, steps: A, of_distance: float, more: float,
    places: A, n: int, products: A, wrong: A,
) -> bool:  # fmt: skip
    """Write products ``[m, tile]`` of rows and queries, and how wrong scores are.

    Returns
    -------
    Whether all rows are finite: what is infinite, or no number, is not zero times zero.
    """
    zero = np.float32(0)
    for place in range(n):
        _fetch(codes, places[place] + _AHEAD)
        row = codes[places[place]]
        scale, distance = scales[places[place], 0], scales[places[place], 1]
        wrong[place] = of_distance * distance + more
        zero += np.float32(0) * (scale + distance)
        for column in range(len(asked)):
            query = asked[column]
            total = np.int32(0)
            for one in range(len(row)):
                total = _added(total, row[one], query[one])
            products[column, place] = np.float32(total) * steps[column] * scale
    return zero == 0


@njit
def _compare(prints: A, known: A, bits: A, places: A, n: int, similar: A) -> None:
    """Write Tanimoto similarities ``[p, tile]`` of rows and queries; 0 where neither has a bit."""
    for place in range(n):
        _fetch(prints, places[place] + _AHEAD)
        row = prints[places[place]]
        own = np.uint64(0)
        for one in range(len(row)):
            own += _ones(row[one])
        for column in range(len(known)):
            query = known[column]
            both = np.uint64(0)
            for one in range(len(row)):
                both += _ones(row[one] & query[one])
            either = own + bits[column] - both
            similar[column, place] = np.float32(both) / np.float32(max(either, np.uint64(1)))


@njit
def _look_up(rarity: A, places: A, n: int, rare: A) -> bool:
    """Write the rarity of rows; tell whether it is finite."""
    zero = np.float32(0)
    for place in range(n):
        rare[place] = rarity[places[place], 0]
        zero += np.float32(0) * rare[place]
    return zero == 0


@njit
def _fuse(columns: A, first: int, last: int, kind: int, n: int, fused: A, second: A) -> None:
    """Fuse columns ``first .. last - 1`` of ``[m, tile]`` into `fused`."""
    for place in range(n):
        fused[place] = columns[first, place]
        second[place] = -np.inf
    for column in range(first + 1, last):
        if kind == MEAN:
            for place in range(n):
                fused[place] += columns[column, place]
            continue
        for place in range(n):
            one = columns[column, place]
            second[place] = max(second[place], min(fused[place], one))
            fused[place] = max(fused[place], one)
    if last - first > 1 and kind != MAX:
        parts = np.float32(last - first) if kind == MEAN else np.float32(2)
        for place in range(n):
            fused[place] = (fused[place] + (second[place] if kind == TOP2 else 0)) / parts


@njit
def _score(
    one: A, weight: A, products: A, similar: A, rare: A, n: int, scores: A, fused: A, second: A
) -> None:
    """Write the scores of a list, whose columns and fusions `one` names."""
    of_cosines, of_likeness, of_inactives, of_rarity = weight[0], weight[1], weight[2], weight[3]
    _fuse(products, one[0], one[1], one[2], n, scores, second)
    for place in range(n):
        scores[place] *= of_cosines
    if one[4] > one[3]:
        _fuse(similar, one[3], one[4], one[5], n, fused, second)
        for place in range(n):
            scores[place] += of_likeness * fused[place]
    if of_rarity != 0:
        for place in range(n):
            scores[place] += of_rarity * rare[place]
    if one[7] > one[6]:
        _fuse(products, one[6], one[7], MAX, n, fused, second)
        for place in range(n):
            scores[place] -= of_inactives * fused[place]


@njit
def _any_reaches(scores: A, wrong: A, n: int, least: float) -> bool:
    """Tell whether a row may be of use: quickly, as few tiles have one."""
    found = False
    for place in range(n):
        found |= scores[place] + wrong[place] >= least
    return found


def _read_only(kind: Any, n_axes: int) -> Any:
    return types.Array(kind, n_axes, "C", readonly=True)


@compiled(
    [Path(__file__)],
    types.int64(
        *(_read_only(types.int8, 2), _read_only(types.float32, 2)),
        *(_read_only(types.int16, 2), _read_only(types.float32, 1)),
        *(_read_only(types.uint64, 2), _read_only(types.uint64, 2), _read_only(types.uint64, 1)),
        _read_only(types.float32, 2),
        *(_read_only(types.int64, 2), _read_only(types.float32, 2), _read_only(types.float32, 1)),
        *(types.float32, types.float32, _read_only(types.boolean, 1)),
        *(types.int64[::1], types.int64[::1], types.float32[::1], types.float32[::1]),
    ),
    nogil=True,
)
def reaching(
    codes: A, scales: A, asked: A, steps: A, prints: A, known: A, bits: A, rarity: A, lists: A,
    weights: A, least: A, of_distance: float, more: float, excluded: A,
    rows: A, of_list: A, highest: A, lowest: A,
) -> int:  # fmt: skip
    """Find the rows that may be of use to a list, with the highest and lowest score of each.

    Parameters
    ----------
    codes, scales
        int8 ``[n, dim]``, float32 ``[n, 2]``: rows, as `molsearch.index.vectors.int8` keeps them.
    asked, steps
        int16 ``[m, dim]``, float32 ``[m]``: queries, and what their products are multiplied by.
    prints, known, bits
        uint64 ``[n, words]``, ``[p, words]``, ``[p]``: fingerprints of the rows and of the queries,
        and how many bits each query has.
    rarity
        float32 ``[n, 1]``, or empty where it does not count.
    lists, weights
        int64 ``[L, 8]``, float32 ``[L, 4]``: for the cosines and the similarities the first column,
        the one after the last and the fusion; first and last column of inactives; and the weights
        of the three, and of rarity. A component without columns does not count.
    least
        float32 ``[L]``: what the highest score must reach.
    of_distance, more
        A score is wrong by ``of_distance`` times the row's distance, plus `more`, at most.
    excluded
        bool ``[n]``, or empty.
    rows, of_list, highest, lowest
        ``[n * L]``: written.

    Returns
    -------
    How many were found; -1 where a row is not finite.
    """
    places = np.empty(TILE, np.int64)
    products = np.empty((len(asked), TILE), np.float32)
    similar = np.empty((len(known), TILE), np.float32)
    wrong, rare, scores, fused, second = (
        np.empty(TILE, np.float32),
        np.empty(TILE, np.float32),
        np.empty(TILE, np.float32),
        np.empty(TILE, np.float32),
        np.empty(TILE, np.float32),
    )
    found = 0
    for first in range(0, len(codes), TILE):
        last = min(first + TILE, len(codes))
        n = _left(excluded, scales, first, last, places)
        if n < 0 or not _multiply(
            codes, scales, asked, steps, of_distance, more, places, n, products, wrong
        ):
            return -1
        if len(known):
            _compare(prints, known, bits, places, n, similar)
        if len(rarity) and not _look_up(rarity, places, n, rare):
            return -1
        for number in range(len(lists)):
            _score(
                lists[number], weights[number], products, similar, rare, n, scores, fused, second
            )
            if not _any_reaches(scores, wrong, n, least[number]):
                continue
            for place in range(n):
                if scores[place] + wrong[place] >= least[number]:
                    rows[found] = places[place]
                    of_list[found] = number
                    highest[found] = scores[place] + wrong[place]
                    lowest[found] = scores[place] - wrong[place]
                    found += 1
    return found
