from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.chem.readers.rows import TooLong
from molsearch.chem.readers.sdf import parse_record, read_sdf, split_records
from molsearch.chem.records import unheard
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Reading

CONFIG = ReadConfig()
BLOCK = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
V3000 = Chem.MolToV3KMolBlock(Chem.MolFromSmiles("CCO"))


def titled(title: str, block: str = BLOCK) -> str:
    return title + block


def sdf(*records: str) -> bytes:
    return "".join(f"{record}$$$$\n" for record in records).encode()


def read(raw: bytes, config: ReadConfig = CONFIG, size: int = 1 << 18) -> list[object]:
    blocks = (raw[start : start + size] for start in range(0, len(raw), size))
    return list(read_sdf(blocks, config, "x.sdf", unheard))


def test_records() -> None:
    raw = sdf(titled("a") + ">  <IC50>\n5 nM\n\n>  <note>\none\ntwo\n\n", titled(" b c ", V3000))
    first, second = read(raw)
    assert (first.row, first.molecule_id, first.molblock) == (1, "a", titled("a"))
    assert first.extra == {"IC50": "5 nM", "note": "one\ntwo"}
    assert (second.row, second.molecule_id, second.error) == (2, " b c ", "")
    assert Chem.MolFromMolBlock(second.molblock).GetNumAtoms() == 3


def test_crlf_and_missing_last_delimiter() -> None:
    raw = sdf(titled("a"), titled("b"))[: -len("$$$$\n")].replace(b"\n", b"\r\n")
    rows = read(raw)
    assert [row.molecule_id for row in rows] == ["a", "b"]
    assert rows[0].molblock == titled("a")
    assert read(sdf(titled("a")).rstrip(b"\n"))[0].error == ""
    assert len(read(sdf(titled("a")) + b"\n\n")) == 1


@pytest.mark.parametrize("shift", range(-8, 9))
def test_delimiter_on_a_block_edge(shift: int) -> None:
    filler = ">  <x>\n" + "y" * (65_536 + shift - len(titled("a")) - 13) + "\n\n"
    rows = read(sdf(titled("a") + filler, titled("b"), titled("c")), size=65_536)
    assert [row.molecule_id for row in rows] == ["a", "b", "c"]


def test_broken_records_and_the_next_is_read() -> None:
    bad_counts = titled("bad").replace("  3  2", "  x  y")
    cut = titled("cut").split("M  END", maxsplit=1)[0]
    empty = "empty\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n"
    rows = read(sdf(bad_counts, cut, "", empty, titled("good")))
    assert [row.row for row in rows] == [1, 2, 3, 4, 5]
    assert "counts line" in rows[0].error
    assert "M  END" in rows[1].error
    assert "no mol block" in rows[2].error
    assert rows[3].error == rows[4].error == ""
    assert rows[4].molecule_id == "good"


@pytest.mark.parametrize("size", [7, 1000, 1 << 18])
def test_large_records_are_errors(size: int) -> None:
    huge = titled("huge") + ">  <x>\n" + "y\n" * 50_000 + "z" * 200_000 + "\n\n"
    raw = sdf(titled("a"), huge, titled("b"))
    rows = read(raw, ReadConfig(max_record_bytes=20_000), size)
    assert [row.molecule_id for row in rows] == ["a", "huge", "b"]
    assert f"{len(huge):,} bytes" in rows[1].error
    assert len(rows[1].molblock) <= 500
    assert rows[2].error == ""


def test_large_last_record_without_delimiter() -> None:
    raw = sdf(titled("a")) + b"b\n" + b"y" * 100_000
    rows = read(raw, ReadConfig(max_record_bytes=5000), 1000)
    assert [bool(row.error) for row in rows] == [False, True]
    assert rows[1].molecule_id == "b"


def test_id_field() -> None:
    raw = sdf(titled("t") + ">  <ID>\nx1\n\n", titled("t2") + ">  <other>\n1\n\n", titled(""))
    rows = read(raw, ReadConfig(id_field="id"))
    assert [row.molecule_id for row in rows] == ["x1", "t2", ""]
    assert rows[0].extra == {"ID": "x1"}
    assert read(raw, ReadConfig(id_column="ID"))[0].molecule_id == "x1"
    with pytest.raises(InputError, match=r"x\.sdf: no tag 'CAS'; --id-field can be 'ID', 'other'"):
        read(raw, ReadConfig(id_field="CAS"))


def test_latin_1_tags() -> None:
    raw = (titled("a") + ">  <unit>\nµM\n\n$$$$\n").encode("latin-1")
    assert read(raw)[0].extra == {"unit": "µM"}


@given(st.binary(max_size=300), st.integers(1, 50), st.integers(1, 100))
def test_splitting_ignores_block_edges(noise: bytes, size: int, limit: int) -> None:
    raw = noise.replace(b"\x00", b"\n$$$$\n")

    def split(size: int) -> list[object]:
        blocks = (raw[start : start + size] for start in range(0, len(raw), size))
        found = split_records(blocks, limit)
        return [item.n_bytes if isinstance(item, TooLong) else item for item in found]

    assert split(size) == split(1000)


def test_record_with_only_tags() -> None:
    row = parse_record(1, ">  <a>\n1\n\n")
    assert "no mol block" in row.error
    assert row.extra == {"a": "1"}


def test_ids_from_a_unique_tag_where_titles_are_blank() -> None:
    blank = "".join(
        f"\n{BLOCK.split(chr(10), 1)[1]}>  <mw>\n{n}.5\n\n>  <IDNUMBER>\nZ{n}\n\n$$$$\n"
        for n in range(5)
    ).encode()
    readings: list[Reading] = []
    rows = list(read_sdf(iter([blank]), ReadConfig(), "x.sdf", readings.append))
    assert [row.molecule_id for row in rows] == [f"Z{n}" for n in range(5)]
    assert readings[0].molecule_id == "tag 'IDNUMBER'"
    titled = blank.replace(b"\n", b"a title\n", 1)
    rows = list(read_sdf(iter([titled]), ReadConfig(), "x.sdf", readings.append))
    # A blank title among others is no reason to lose the tag.
    assert [row.molecule_id for row in rows] == ["a title", "Z1", "Z2", "Z3", "Z4"]
    said = "title line, from tag 'IDNUMBER' where it is blank"
    assert (readings[1].molecule_id, readings[1].other_ids) == (said, ())
