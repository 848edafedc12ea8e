from __future__ import annotations

import pytest

from molsearch.chem.readers.detect import format_of
from molsearch.errors import InputError

SDF = b"title\n  x\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n$$$$\n"


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.smi", b"CCO a\n", "smi"),
        ("a.smi.gz", b"CCO a\n", "smi"),
        ("a.csv", b"smiles\nCCO\n", "table"),
        ("a.tsv", b"smiles\nCCO\n", "table"),
        ("-", b"CCO a\n", "smi"),
        ("a", b"CCO a\n", "smi"),
        ("a.sdf", SDF, "sdf"),
        ("a.mol", SDF[:-5], "sdf"),
        ("-", SDF, "sdf"),
        ("a.smi", SDF.replace(b"\n", b"\r\n"), "sdf"),
        ("a.parquet", b"PAR1....", "parquet"),
        ("-", b"PAR1\0\0\0", "parquet"),
        ("a.smi", "CCO µ\n".encode("latin-1"), "smi"),
    ],
)
def test_format(name: str, head: bytes, kind: str) -> None:
    assert format_of(name, head) == kind


@pytest.mark.parametrize(
    ("name", "head", "message"),
    [
        ("a.smi", b"", "empty"),
        ("a.smi", b" \n\r\n", "empty"),
        ("a.smi", b"\x7fELF\x02\x01\x01\0\0", "binary data"),
        ("a.smi", bytes(range(1, 32)) * 20, "binary data"),
        ("a.csv", b"PK\x03\x04....", "Excel"),
        ("a.smi", b"BZh91AY", "bunzip2"),
        ("a.smi.gz", b"\x1f\x8b\x08", "gunzip it once"),
        ("a.parquet", b"CCO a\n", "not a Parquet file"),
        ("a.sdf", b"CCO a\n", "no mol block"),
        ("a.mol2", b"@<TRIPOS>MOLECULE\n", "convert it to SDF"),
        ("a.pdb", b"ATOM\n", "convert"),
    ],
)
def test_refusals(name: str, head: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        format_of(name, head)
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)
