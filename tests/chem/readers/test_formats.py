from __future__ import annotations

import pytest

from molsearch.chem.readers.formats import (
    FORMATS,
    folder_suffixes,
    format_of,
    looks_like_a_file,
    read_suffixes,
    suffix_of,
)
from molsearch.errors import InputError

SDF = b"title\n  x\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n$$$$\n"
MOL2 = b"# made by hand\n@<TRIPOS>MOLECULE\nx\n"
MAE = b"{\n  s_m_m2io_version\n  :::\n  2.0.0\n}\nf_m_ct {\n"
CDXML = b'<?xml version="1.0" ?>\n<!DOCTYPE CDXML SYSTEM "x.dtd" >\n<CDXML id="1">'


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.smi", b"CCO a\n", "smi"),
        ("a.smi.gz", b"CCO a\n", "smi"),
        ("a.csv", b"smiles\nCCO\n", "table"),
        ("a.tsv.xz", b"smiles\nCCO\n", "table"),
        ("a.csv", b"No,smiles,note\n0,CCO,0\n1,CCN,0\nV2000,CCC,0\n", "table"),
        ("a.txt", b"CCO\n", "text"),
        ("-", b"CCO a\n", "smi"),
        ("a", b"[Na+].[Cl-] a\n", "smi"),
        ("a.inchi", b"InChI=1S/CH4/h1H4\n", "smi"),
        ("a.sdf", SDF, "sdf"),
        ("a.mol", SDF[:-5], "sdf"),
        ("-", SDF, "sdf"),
        ("a.smi", SDF.replace(b"\n", b"\r\n"), "sdf"),
        ("-", SDF.replace(b"\n", b"\r"), "sdf"),
        ("a.parquet", b"PAR1....", "parquet"),
        ("-", b"PAR1\0\0\0", "parquet"),
        ("a.smi", "CCO µ\n".encode("latin-1"), "smi"),
        ("a.mol2", MOL2, "mol2"),
        ("-", MOL2, "mol2"),
        ("a.mae", MAE, "mae"),
        ("-", MAE, "mae"),
        ("a.cdxml", CDXML, "cdxml"),
        ("-", CDXML, "cdxml"),
        ("a.jsonl", b'{"smiles": "C"}\n', "jsonl"),
        ("-", b'{"smiles": "C", "x": [1]}\n{"smiles": "CC"}', "jsonl"),
        ("a.json", b'{"smiles": "C"}\n{"smiles": "CC"}\n', "jsonl"),
    ],
)
def test_format(name: str, head: bytes, kind: str) -> None:
    assert format_of(name, head).name == kind


@pytest.mark.parametrize(
    ("name", "head", "message"),
    [
        ("a.smi", b"", "empty"),
        ("a.smi", b" \n\r\n", "empty"),
        ("a.smi", b"\x7fELF\x02\x01\x01\0\0", "binary data"),
        ("a.smi", bytes(range(1, 32)) * 20, "binary data"),
        ("a.smi.gz", b"\x1f\x8b\x08\0", "compressed twice"),
        ("a.parquet", b"CCO a\n", "no Parquet data"),
        ("a.sdf", b"CCO a\n", "no mol block"),
        ("a.mol2", b"CCO a\n", "no @<TRIPOS>MOLECULE"),
        ("a.mae", b"CCO a\n", "no structure block"),
        ("a.jsonl", b"CCO a\n", "no JSON object"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("a.sdf", b"<!DOCTYPE html><html>", "web page"),
        ("a.cml", b"<cml>", "CML.*SDF"),
        ("-", b'<?xml version="1.0"?>\n<molecule xmlns="x">', "CML"),
        ("a.dwar", b"<datawarrior-fileinfo>\n", "DataWarrior.*SDF"),
        ("a.rdf", b"$RDFILE 1\n", "RD file"),
        ("-", b"$RXN\n", "reaction"),
        ("a.json", b'[{"smiles": "C"}]', "one object a line"),
        ("-", b'{\n "molecules": [', "one object a line"),
        ("a.pdb", b"ATOM      1\n", "PDB.*SDF"),
        ("-", b"HETATM    1  C\n", "PDB"),
        ("a.xyz", b"3\n", "no bonds"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "old Excel.*xlsx"),
        ("a.pkl", b"\x80\x04", "pickle"),
        ("a.tar.gz", b"x" * 257 + b"ustar", "unpack"),
    ],
)
def test_refusals(name: str, head: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        format_of(name, head)
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


def test_suffixes_belong_to_one_format() -> None:
    listed = [suffix for kind in FORMATS for suffix in kind.suffixes]
    assert len(set(listed)) == len(listed)
    assert folder_suffixes() < set(read_suffixes())
    assert ".txt" not in folder_suffixes()


def test_suffix_of() -> None:
    assert suffix_of("a/b.c.SMI.GZ") == ".smi"
    assert suffix_of("a.sdf.zst") == ".sdf"
    assert suffix_of("a.gz") == ""
    assert suffix_of("-") == ""


def test_names_of_files() -> None:
    assert looks_like_a_file("lead.mol2")
    assert looks_like_a_file("lead.sdf.bz2")
    assert looks_like_a_file("lead.pdb")
    assert not looks_like_a_file("CCO")
    assert not looks_like_a_file("C.C")
