"""The user's columns as records keep them, one JSON object of texts a molecule, by columns.

Arrow reads such objects in a third of the time that Python takes, which is what a
condition on a column of a large library waits for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

# Written with a sign, digits, a fraction, a power of ten; nothing else is a number.
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"

# Of a day, by itself or before a time.
DAY = r"\d{4}-\d{2}-\d{2}"

_REFUSED = (pa.ArrowException, OverflowError)  # the latter of texts of gigabytes together


def columns_of(texts: pa.Array | pa.ChunkedArray, names: Sequence[str]) -> dict[str, pa.Array]:
    """Take columns out of objects ``[n]``: strings ``[n]`` each, null where one lacks it."""
    if not names or not len(texts):
        return {name: pa.nulls(len(texts), pa.string()) for name in names}
    try:
        found = _parsed(texts, pa.schema([(name, pa.string()) for name in names]))
    except _REFUSED:
        found = None  # a column that is there twice, say, of which Python takes the last
    if found is None or len(found) != len(texts):
        rows = [json.loads(text) for text in texts.to_pylist()]
        return {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return {name: found.column(name).combine_chunks() for name in names}


def names_in(texts: pa.Array | pa.ChunkedArray) -> list[str]:
    """Names of the columns of objects ``[n]``, as they first occur."""
    if not len(texts):
        return []
    try:
        return list(_parsed(texts, None).schema.names)
    except _REFUSED:
        return list(dict.fromkeys(name for text in texts.to_pylist() for name in json.loads(text)))


def numbers_in(texts: pa.Array) -> pa.Array:
    """Read texts as float64, null where one is no `NUMBER`."""
    numeric = pc.match_substring_regex(texts, f"^(?:{NUMBER})$")
    plain = pc.if_else(numeric, texts, pa.scalar(None, pa.string()))
    try:
        return pc.utf8_ltrim(plain, "+").cast(pa.float64())
    except pa.ArrowException:  # beyond what a float holds
        values = [None if text is None else float(text) for text in plain.to_pylist()]
        return pa.array(values, pa.float64())


def days_in(texts: pa.Array) -> pa.Array:
    """Read texts that begin with a `DAY` as float64 days since 1970, null where one does not.

    Examples
    --------
    >>> days_in(pa.array(["1970-01-03 10:00:00", "3/1/1970"])).to_pylist()
    [2.0, None]
    """
    dated = pc.match_substring_regex(texts, f"^{DAY}(?:[ T].*)?$")
    plain = pc.if_else(dated, pc.utf8_slice_codeunits(texts, 0, 10), pa.scalar(None, pa.string()))
    moments = pc.strptime(plain, format="%Y-%m-%d", unit="s", error_is_null=True)
    days = moments.cast(pa.date32())
    # The 31st of February is read as a day of March, which it is not.
    there = pc.equal(days.cast(pa.string()), plain)
    return pc.if_else(
        there, days.cast(pa.int32()).cast(pa.float64()), pa.scalar(None, pa.float64())
    )


def _parsed(texts: pa.Array | pa.ChunkedArray, columns: pa.Schema | None) -> pa.Table:
    """Read objects: these columns as strings, or all of whatever type."""
    content = "\n".join(texts.to_pylist()).encode()
    more = "infer" if columns is None else "ignore"
    return pj.read_json(
        pa.BufferReader(content),
        # An object must not lie in two blocks.
        read_options=pj.ReadOptions(use_threads=False, block_size=len(content) + 1),
        parse_options=pj.ParseOptions(explicit_schema=columns, unexpected_field_behavior=more),
    )
