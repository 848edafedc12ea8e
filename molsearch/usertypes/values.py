"""Values of a type made of their texts, none of which loses what it says."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from molsearch.schema import ColumnType
from molsearch.usertypes.names import is_text, kind_of

# What is a number and nothing else: 007 is an id, and 1_000 no number outside Python.
_WHOLE = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(
    r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|nan|-?inf", re.ASCII | re.IGNORECASE
)
# Python knows no nanoseconds, and pandas takes "now" for a time and "5" for a span of them.
_NANOSECONDS = re.compile(r"\.\d{7}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"\d\d?:\d\d:\d\d", re.ASCII)
_TRUTH = {"true": True, "false": False}


def typed(texts: Sequence[str | None], column: ColumnType) -> pa.Array:
    """Make values of their texts; None is null, and so is an empty text that is no value.

    Whole numbers with fractions among them become floating numbers, days with times of day
    become times.

    Raises
    ------
    ValueError
        A text is no value of the type, or would lose what it says; the message names it.
    """
    kind = kind_of(column.type)
    if kind is None:
        raise ValueError(f"the type {column.type!r} is unknown")
    try:
        return _array(texts, kind, column.categories)
    except ValueError:
        if (wider := _wider(kind)) is not None:
            with suppress(ValueError):
                return _array(texts, wider)
        raise


def _wider(kind: pa.DataType) -> pa.DataType | None:
    if pa.types.is_integer(kind):
        return pa.float64()
    return pa.timestamp("us") if pa.types.is_date(kind) else None


def _array(
    texts: Sequence[str | None], kind: pa.DataType, categories: Sequence[str] = ()
) -> pa.Array:
    if isinstance(kind, pa.DictionaryType):
        return _coded(texts, kind, categories)
    parse = _parser(kind)
    values: list[Any] = []
    for text in texts:
        if text is None or (text == "" and not is_text(kind)):
            values.append(None)
            continue
        try:
            values.append(parse(text))
        except (ValueError, ArithmeticError, LookupError) as error:
            raise ValueError(f"{text[:40]!r} is not {kind}") from error
    try:
        array = pa.array(values, kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"not every value fits {kind}") from error
    if not is_text(kind):
        _refuse_rounding(values, array)
    return array


def _refuse_rounding(values: Sequence[Any], array: pa.Array) -> None:
    for value, stored in zip(values, array.to_pylist(), strict=True):
        # A NaN alone is not itself.
        if stored != value and (stored == stored or value == value):
            raise ValueError(f"{str(value)!r} does not fit {array.type}")


def _coded(
    texts: Sequence[str | None], kind: pa.DictionaryType, categories: Sequence[str]
) -> pa.Array:
    values = _array(texts, kind.value_type)
    if kind.ordered:
        codes = _array(categories, kind.value_type)
        places = pc.index_in(values, value_set=codes)
        if places.null_count != values.null_count:
            raise ValueError(f"not every value is one of {', '.join(categories[:5])}")
    else:
        encoded = values.dictionary_encode()
        codes, places = encoded.dictionary, encoded.indices
    try:
        return pa.DictionaryArray.from_arrays(
            places.cast(kind.index_type), codes, ordered=kind.ordered
        )
    except pa.ArrowException as error:
        raise ValueError(f"more categories than {kind.index_type} can count") from error


def _parser(kind: pa.DataType) -> Callable[[str], Any]:
    is_ = pa.types
    of_time = _zoned if is_.is_timestamp(kind) and kind.tz is not None else _local
    parsers: tuple[tuple[Callable[[pa.DataType], bool], Callable[[str], Any]], ...] = (
        (is_text, str),
        (is_.is_boolean, lambda text: _TRUTH[text.lower()]),
        (is_.is_integer, _whole),
        (is_.is_floating, _number),
        (is_.is_decimal, Decimal),
        (is_.is_date, datetime.date.fromisoformat),
        (is_.is_time, datetime.time.fromisoformat),
        (is_.is_duration, _span),
        (is_.is_timestamp, of_time),
        (is_.is_list, _list),
    )
    return next((parse for test, parse in parsers if test(kind)), _no_value)


def _no_value(text: str) -> Any:
    raise ValueError(text)


def _whole(text: str) -> int:
    return int(text) if _WHOLE.fullmatch(text) else _no_value(text)


def _number(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else _no_value(text)
    exact = not _WHOLE.fullmatch(text) or int(text) == value
    return value if exact else _no_value(text)


def _moment(text: str) -> datetime.datetime:
    if _NANOSECONDS.search(text) and _DAY.match(text):
        return pd.Timestamp(text)
    return datetime.datetime.fromisoformat(text)


def _local(text: str) -> datetime.datetime:
    value = _moment(text)
    return value if value.tzinfo is None else _no_value(text)


def _zoned(text: str) -> datetime.datetime:
    value = _moment(text)
    return _no_value(text) if value.tzinfo is None else value


def _span(text: str) -> pd.Timedelta:
    return pd.Timedelta(text) if _CLOCK.search(text) else _no_value(text)


def _list(text: str) -> list[Any]:
    value = json.loads(text)
    return value if isinstance(value, list) else _no_value(text)
