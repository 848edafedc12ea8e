"""Values become text and the same values again, or the column says why it stays text."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from molsearch.schema import ColumnType
from molsearch.usertypes.names import kind_of, named, sampled, unified
from molsearch.usertypes.text import text_of
from molsearch.usertypes.values import typed

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = st.dates(datetime.date(1800, 1, 1), datetime.date(2200, 1, 1))
TIMES = st.datetimes(
    datetime.datetime(1800, 1, 1),  # noqa: DTZ001
    datetime.datetime(2200, 1, 1),  # noqa: DTZ001
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = {
    pa.int8(): st.integers(-128, 127),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.float16(): st.floats(width=16),
    pa.bool_(): st.booleans(),
    pa.string(): WORDS,
    pa.large_string(): WORDS,
    pa.date32(): DAYS,
    pa.timestamp("us"): TIMES,
    pa.timestamp("s"): TIMES.map(lambda time: time.replace(microsecond=0)),
    pa.timestamp("us", tz="Europe/Berlin"): TIMES.map(lambda time: time.replace(tzinfo=BERLIN)),
    pa.timestamp("ns", tz="UTC"): TIMES.map(lambda time: time.replace(tzinfo=datetime.UTC)),
    pa.time64("us"): st.times(),
    pa.duration("us"): st.timedeltas(datetime.timedelta(-9000), datetime.timedelta(9000)),
    pa.decimal128(20, 4): st.decimals(-(10**15), 10**15, places=4),
    pa.dictionary(pa.int8(), pa.string()): WORDS,
    pa.dictionary(pa.int32(), pa.int64()): st.integers(-9, 9),
    pa.list_(pa.float64()): st.lists(st.floats(allow_nan=False), max_size=4),
    pa.list_(pa.string()): st.lists(WORDS, max_size=4),
    pa.null(): st.none(),
}


@pytest.mark.parametrize("kind", VALUES, ids=str)
def test_what_was_written_is_read_again(kind: pa.DataType) -> None:
    assert kind_of(str(kind)) == kind

    @settings(max_examples=50)
    @given(st.lists(st.none() | VALUES[kind], max_size=8))
    def same(values: list[object]) -> None:
        array = pa.array(values, kind)
        texts = [None if value is None else text_of(value) for value in array.to_pylist()]
        again = typed(texts, named("x", kind))
        assert again.type == kind
        assert again.null_count == array.null_count
        assert [*map(repr, again.to_pylist())] == [*map(repr, array.to_pylist())]

    same()


@example(["mid", "lo", "hi", None])
@given(st.lists(st.none() | st.sampled_from(["lo", "mid", "hi"])))
def test_an_order_of_categories_stays(values: list[str | None]) -> None:
    kind = pa.dictionary(pa.int8(), pa.string(), ordered=True)
    column = named("x", kind, ["lo", "mid", "hi"])
    again = typed(values, column)
    assert again.type == kind
    assert again.dictionary.to_pylist() == ["lo", "mid", "hi"]
    assert again.to_pylist() == values
    with pytest.raises(ValueError, match="not every value is one of lo, mid, hi"):
        typed(["other"], column)


def test_an_order_that_nobody_knows_is_none() -> None:
    assert named("x", pa.dictionary(pa.int8(), pa.string(), ordered=True)).type == ""


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int64", "007"), ("int64", "+5"), ("int64", "1_000"), ("int64", "n/a"), ("int8", "300x"),
        ("int64", "٣"), ("double", "9007199254740993"), ("double", "1e"), ("double", "0x10"),
        ("float", "0.1"), ("bool", "1"), ("bool", "yes"), ("date32[day]", "02/01/2026"),
        ("timestamp[us]", "now"), ("timestamp[us]", "2026-01-02 10:00:00+01:00"),
        ("timestamp[s]", "2026-01-02 10:00:00.5"), ("timestamp[us, tz=UTC]", "2026-01-02 10:00"),
        ("duration[s]", "5"), ("decimal128(5, 2)", "123456.00"), ("null", "x"),
        ("dictionary<values=int64, indices=int8, ordered=0>", "x"), ("list<item: int64>", "5"),
    ],
)  # fmt: skip
def test_a_text_that_would_lose_something_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|fit"):
        typed([text], ColumnType("x", kind))


def test_numbers_and_days_are_widened_where_that_loses_nothing() -> None:
    assert typed(["3", "0.5", None], ColumnType("x", "int64")).to_pylist() == [3.0, 0.5, None]
    days = typed(["2026-01-02", "2026-01-02 10:30:00"], ColumnType("x", "date32[day]"))
    assert days.type == pa.timestamp("us")
    with pytest.raises(ValueError, match="n/a"):
        typed(["3", "n/a"], ColumnType("x", "int64"))


def test_an_empty_text_is_null_where_it_is_no_value() -> None:
    assert typed(["", "5"], ColumnType("x", "int64")).to_pylist() == [None, 5]
    assert typed(["", None], ColumnType("x", "string")).to_pylist() == ["", None]


@pytest.mark.parametrize(
    "kind",
    [
        pa.struct([("a", pa.int64())]), pa.map_(pa.string(), pa.int64()), pa.binary(),
        pa.list_(pa.list_(pa.int64())), pa.list_(pa.date32()), pa.large_list(pa.int64()),
        pa.month_day_nano_interval(),
    ],
    ids=str,
)  # fmt: skip
def test_other_types_stay_text(kind: pa.DataType) -> None:
    assert named("x", kind) == ColumnType("x", "")


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("int32", "int64", "int64"),
        ("int64", "double", "double"),
        ("int64", "string", ""),
        ("int64", "", ""),
        ("", "int64", ""),
        ("null", "int64", "int64"),
        ("string", "dictionary<values=string, indices=int8, ordered=0>", "string"),
        ("timestamp[us]", "timestamp[us, tz=UTC]", ""),
    ],
)
def test_one_type_for_the_columns_of_several_files(one: str, other: str, both: str) -> None:
    columns = [(ColumnType("a", "bool"), ColumnType("x", one)), (ColumnType("x", other),)]
    assert unified(columns) == (ColumnType("a", "bool"), ColumnType("x", both))


def test_a_contradiction_stays_one() -> None:
    columns = [(ColumnType("x", kind),) for kind in ("int64", "string", "int64")]
    assert unified(columns) == (ColumnType("x", ""),)


def test_types_of_sampled_cells() -> None:
    day, time = datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4)  # noqa: DTZ001
    names = ["whole", "number", "truth", "day", "time", "text", "mixed", "none"]
    rows = [
        [1, 0.5, True, day, time, "a", 1, None],
        [None, 3, False, day, day, "", "x", None],
    ]
    assert [column.type for column in sampled(names, rows)] == [
        "int64", "double", "bool", "date32[day]", "timestamp[us]", "", "", "null"
    ]  # fmt: skip
