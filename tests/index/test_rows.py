"""Batches of rows do not depend on how the tables were cut."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from molsearch.index.rows import RowStream


@given(
    lengths=st.lists(st.integers(0, 9), max_size=12),
    skips=st.integers(0, 30),
    n=st.integers(0, 40),
    batch=st.integers(1, 12),
)
def test_rows_come_once_in_order_in_even_batches(lengths, skips, n, batch):
    total = sum(lengths)
    numbers = iter(range(total))
    tables = [
        pa.table({"x": pa.array([next(numbers) for _ in range(k)], pa.int64())}) for k in lengths
    ]
    stream = RowStream(tables)
    stream.skip(skips)
    batches = [table["x"].to_pylist() for table in stream.take(n, batch)]
    assert [value for one in batches for value in one] == list(range(total))[skips : skips + n]
    assert all(len(one) == batch for one in batches[:-1])
    rest = [value for table in stream.take(total + 1, 5) for value in table["x"].to_pylist()]
    assert rest == list(range(total))[skips + n :]
