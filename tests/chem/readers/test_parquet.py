from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molsearch.chem.readers.parquet import read_parquet, read_parquet_file
from molsearch.chem.readers.rows import Row
from molsearch.chem.records import unheard
from molsearch.config import ReadConfig
from molsearch.errors import InputError

CONFIG = ReadConfig()


def written(columns: dict[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


def read(raw: bytes, config: ReadConfig = CONFIG) -> list[Row]:
    return list(read_parquet_file(pa.BufferReader(raw), config, "x.parquet", unheard))


def test_values_come_as_text() -> None:
    rows = read(
        written(
            {
                "id": [1, 2],
                "smiles": ["CCO", None],
                "x": [1.5, None],
                "flag": [True, False],
                "day": [datetime.date(2026, 1, 2), None],
                "kind": pa.array(["a", "b"]).dictionary_encode(),
                "values": [[1, 2], []],
            }
        )
    )
    assert [(row.row, row.molecule_id, row.smiles) for row in rows] == [
        (1, "1", "CCO"),
        (2, "2", ""),
    ]
    assert dict(rows[0].extra) == {
        "x": "1.5", "flag": "True", "day": "2026-01-02", "kind": "a", "values": "[1, 2]"
    }  # fmt: skip
    assert "x" not in rows[1].extra  # null, which is not ""
    assert "no SMILES" in rows[1].error


def test_ids_that_pandas_made_floats() -> None:
    rows = read(written({"cid": [2244.0, None], "smiles": ["CCO", "CCN"]}))
    assert [row.molecule_id for row in rows] == ["2244", ""]


def test_columns_by_name_content_and_choice() -> None:
    raw = written({"a": ["x", "y"], "b": ["CCO", "CCN"], "mol": ["CC", "CO"]})
    assert read(raw)[0].smiles == "CC"
    assert read(raw, ReadConfig(smiles_column="b", id_column="a"))[1].molecule_id == "y"
    assert read(written({"a": ["x", "y"], "b": ["CCO", "CCN"]}))[0].smiles == "CCO"
    with pytest.raises(InputError, match=r"no column 'z'.*'a', 'b', 'mol'"):
        read(raw, ReadConfig(smiles_column="z"))
    with pytest.raises(InputError, match=r"no SMILES column.*'a'"):
        read(written({"a": ["x"]}))


def test_many_row_groups_and_a_pipe() -> None:
    raw = written({"smiles": ["C"] * 10_000, "id": list(range(10_000))}, row_group_size=999)
    pieces = (raw[start : start + 1000] for start in range(0, len(raw), 1000))
    rows = list(read_parquet(pieces, CONFIG, "-", unheard))
    assert [row.molecule_id for row in rows] == [str(number) for number in range(10_000)]
    assert [row.row for row in rows] == list(range(1, 10_001))


def test_duplicate_column_names() -> None:
    out = io.BytesIO()
    table = pa.Table.from_arrays(
        [pa.array(["CCO"]), pa.array(["1"]), pa.array(["2"])], ["smiles", "x", "x"]
    )
    pq.write_table(table, out)
    assert dict(read(out.getvalue())[0].extra) == {"x": "1", "x_2": "2"}


class _Opaque(pa.ExtensionType):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(pa.string(), "molsearch.test.opaque")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, serialized: bytes) -> _Opaque:
        raise AssertionError("nothing in a user's file may be deserialised")


def _objects() -> Iterator[tuple[str, Any]]:
    yield "bytes", pa.array([b"\x80\x04"])
    yield "bytes", pa.array([[b"x"]])
    yield "bytes", pa.array([{"a": b"x"}])
    yield "bytes", pa.array([b"abcd"], pa.binary(4))
    yield "bytes", pa.array([b"x"]).dictionary_encode()
    yield "an extension type", pa.ExtensionArray.from_storage(_Opaque(), pa.array(["x"]))


@pytest.mark.parametrize(("kind", "values"), list(_objects()))
def test_objects_are_refused(kind: str, values: Any) -> None:
    raw = written({"smiles": ["CCO"], "pickled": values})
    with pytest.raises(InputError, match=f"column 'pickled' holds {kind}"):
        read(raw)


def test_damage_is_one_line(tmp_path: Path) -> None:
    raw = written({"smiles": ["CCO"] * 1000})
    path = tmp_path / "x.parquet"
    for broken in (raw[: len(raw) // 2], b"PAR1" + b"\xff" * 50 + raw[54:], raw[:-8] + b"\0" * 8):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="damaged Parquet file") as caught:
            list(read_parquet_file(str(path), CONFIG, "x.parquet", unheard))
        assert "\n" not in str(caught.value)
