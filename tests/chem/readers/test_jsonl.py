"""JSON lines: what one line cannot give is a failure, and the next is read."""

from __future__ import annotations

from molsearch.chem.readers.jsonl import read_jsonl
from molsearch.config import ReadConfig


def test_long_lines_are_errors_and_the_next_is_read() -> None:
    long = '{"smiles": "CCN", "id": "' + "x" * 5000 + '"}'
    text = "\n".join(['{"smiles": "CCO", "id": "a"}', long, "", '{"smiles": "CCC", "id": "b"}'])
    config = ReadConfig(max_record_bytes=5000)
    rows = list(read_jsonl(iter([text.encode()]), config, "f.jsonl", lambda _reading: None))
    assert [(row.row, row.molecule_id, row.error) for row in rows] == [
        (1, "a", ""),
        (2, "", "5,027 bytes, more than the limit of 5,000 (max_record_bytes)"),
        (4, "b", ""),
    ]
    assert rows[1].smiles == long[:500]
