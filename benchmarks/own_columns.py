"""What a library's own columns cost as the texts that records keep, and as typed columns.

    python benchmarks/own_columns.py [-o results/own-columns.json]

Rows with a catalogue number, a price, a vendor, a truth and a day, drawn by a seed: bytes a row in
parquet as an index writes it, and microseconds of processor time a row to have one column as
numbers (the least of five). Some twenty seconds. Then ``python benchmarks/speed_page.py`` writes
docs/growing.md.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from molsearch.index.layout import BATCH_ROWS
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.usertypes.kept import columns_of, numbers_in

_REPEATS = 5


def drawn(n: int) -> list[dict[str, str]]:
    """Draw rows of text, as a csv brings them."""
    rng = np.random.default_rng(0)
    prices, vendors = rng.random(n) * 100, rng.integers(0, 9, n)
    stock, days = rng.integers(0, 2, n), rng.integers(1, 29, n)
    return [
        {
            "catalog_no": f"{i:07d}",
            "price": f"{prices[i]:.2f}",
            "vendor": f"Vendor {vendors[i]}",
            "in_stock": "true" if stock[i] else "false",
            "added": f"2026-01-{days[i]:02d}",
        }
        for i in range(n)
    ]


def packed(table: pa.Table) -> bytes:
    """Write a table as the record file of an index."""
    handle = io.BytesIO()
    with pq.ParquetWriter(
        handle,
        table.schema,
        compression="zstd",
        write_page_checksum=True,
        use_dictionary=False,
        write_statistics=False,
    ) as writer:
        writer.write_table(table, row_group_size=BATCH_ROWS)
    return handle.getvalue()


def seconds(task: Callable[[], object]) -> float:
    """Least processor time of several runs."""
    found = []
    for _ in range(_REPEATS):
        started = time.process_time()
        task()
        found.append(time.process_time() - started)
    return min(found)


def main() -> None:
    """Measure, keep and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("-o", "--output", type=Path, default=Path("results/own-columns.json"))
    given = parser.parse_args()
    rows = drawn(given.rows)
    texts = pa.array([json.dumps(row) for row in rows])
    columns = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    kinds = {"price": pa.float64(), "in_stock": pa.bool_(), "added": pa.date32()}
    fields = [(name, kinds.get(name, pa.string())) for name in columns.column_names]
    files = {
        "one text": packed(pa.table({"user": texts})),
        "columns of text": packed(columns),
        "typed columns": packed(columns.cast(pa.schema(fields))),
    }

    def read(which: str, name: str) -> pa.ChunkedArray:
        return pq.ParquetFile(io.BytesIO(files[which])).read([name], use_threads=False)[name]

    def by_python() -> list[float]:
        return [float(json.loads(text)["price"]) for text in read("one text", "user").to_pylist()]

    tasks = {
        "one text, by Python": by_python,
        "one text, by Arrow": lambda: numbers_in(
            columns_of(read("one text", "user"), ["price"])["price"]
        ),
        "typed columns": lambda: read("typed columns", "price"),
    }
    found = {
        "rows": given.rows,
        "bytes": {name: round(len(content) / given.rows, 2) for name, content in files.items()},
        "microseconds": {
            name: round(seconds(task) / given.rows * 1e6, 3) for name, task in tasks.items()
        },
        "versions": versions(),
    }
    write_text(given.output, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
