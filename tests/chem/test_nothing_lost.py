"""Every reader, in any of its dialects: n molecules written are n records found, ids verbatim."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import AllChem

from molsearch.chem.records import iter_records
from molsearch.config import ReadConfig
from molsearch.schema import Record

Row = tuple[str, str, str]
GOOD = ["CCO", "c1ccccc1C(=O)[O-].[Na+]", "C[C@H](N)C(=O)O", "F/C=C/F", "[13CH4]", "C |$a$|"]
BAD = ["C1CC", "c1ccccc", "CCX", "CCOC(=O) c1ccccc1", "[C][=C][Ring1]", "C(C"]

few = settings(max_examples=60, deadline=None)
# No control characters but those that a test names; \x85 and such are line ends to some.
printed = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
words = st.text(printed, min_size=1, max_size=12)
names = words.map(str.strip).filter(bool)
structures = st.one_of(st.sampled_from(GOOD), st.sampled_from(BAD))
molecules = st.tuples(structures, names, words)
first = st.tuples(st.sampled_from(GOOD), names, words)
tables = st.builds(lambda head, rest: [head, *rest], first, st.lists(molecules, max_size=25))


def packed(raw: bytes, how: str) -> bytes:
    packers: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": lambda raw: bytes(pa.compress(raw, "zstd", asbytes=True)),
        ".zip": zipped,
    }
    return packers[how](raw)


def zipped(raw: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("only", raw)
    return out.getvalue()


def read(raw: bytes, name: str, how: str = "", **options: object) -> list[Record]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}{how}"
        path.write_bytes(packed(raw, how))
        return list(iter_records([path], ReadConfig(**options)))


def check(found: Sequence[Record], rows: Sequence[Row], *, verbatim: bool = True) -> None:
    assert len(found) == len(rows)
    for record, (smiles, name, note) in zip(found, rows, strict=True):
        assert record.molecule_id == name
        if verbatim:
            assert record.smiles == smiles
            assert list(record.extra.values()) == [note]
        if " c1ccccc1" in smiles or "[Ring1]" in smiles:
            assert record.error


compressions = st.sampled_from(["", "", ".gz", ".bz2", ".xz", ".zst", ".zip"])


@few
@given(
    rows=tables,
    delimiter=st.sampled_from(",\t;|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    how=compressions,
    sep=st.booleans(),
    whole_end=st.booleans(),
)
def test_tables(
    rows: list[Row], delimiter: str, quoting: int, end: str, encoding: str, how: str, sep: bool,
    whole_end: bool,
) -> None:  # fmt: skip
    out = io.StringIO(newline="")
    out.write(f"sep={delimiter}{end}" if sep else "")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(["Catalog No", "smiles", "note"])
    writer.writerows([name, smiles, note] for smiles, name, note in rows)
    text = out.getvalue()
    raw = (text if whole_end else text.removesuffix(end)).encode(encoding)
    check(read(raw, "a.csv", how), rows)


# What follows a structure in an SMI line is the id, so a bad cell is one word here.
one_word = st.sampled_from([smiles for smiles in GOOD + BAD if " " not in smiles])
smi_rows = st.lists(st.tuples(one_word, names), min_size=1, max_size=25)


@few
@given(
    rows=smi_rows,
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\r\n", "\n \r\n"]), min_size=1),
    marks=st.lists(st.sampled_from([" ", "\t", "  "]), min_size=1),
    header=st.booleans(),
    how=compressions,
)
def test_smi_lines(
    rows: list[tuple[str, str]], ends: list[str], marks: list[str], header: bool, how: str
) -> None:
    rows = [("CCO", "first"), *((s, n) for s, n in rows if not n.startswith("|"))]
    text = "smiles name\n" if header else ""
    for number, (smiles, name) in enumerate(rows):
        text += smiles + marks[number % len(marks)] + name + ends[number % len(ends)]
    found = read(text.encode(), "a.smi", how)
    assert [(record.smiles, record.molecule_id) for record in found] == rows


mixed_lines = st.lists(
    st.tuples(
        one_word,
        # Some pairs of letters in Windows-1252 are one letter in UTF-8; no reader can know.
        st.text(st.sampled_from("aé 'ü"), max_size=6),
        st.sampled_from(["utf-8", "cp1252"]),
        st.sampled_from([b"\n", b"\r\n", b"\r"]),
    ),
    max_size=25,
)


@few
@given(mixed_lines)
def test_a_table_that_mixes_line_ends_and_encodings(
    lines: list[tuple[str, str, str, bytes]],
) -> None:
    lines = [("CCO", "", "utf-8", b"\n"), *lines]
    raw = b"smiles\tname\n"
    for smiles, name, encoding, end in lines:
        raw += f"{smiles}\tx{name}.".encode(encoding) + end
    found = read(raw, "a.tsv")
    assert [(record.smiles, record.molecule_id) for record in found] == [
        (smiles, f"x{name}.") for smiles, name, _, _ in lines
    ]


@few
@given(
    rows=st.lists(st.tuples(st.sampled_from(GOOD), st.text(st.sampled_from('ab "'), min_size=1)),
                  min_size=1, max_size=25)
)  # fmt: skip
def test_stray_quotes_between_tabs(rows: list[tuple[str, str]]) -> None:
    """Text that nothing quoted: no quote costs a row, whatever it does to its own cell."""
    raw = "smiles\tname\n" + "".join(f"{smiles}\tx{name}\n" for smiles, name in rows)
    found = read(raw.encode(), "a.tsv")
    assert [(record.smiles, record.molecule_id) for record in found] == [
        (smiles, f"x{name}") for smiles, name in rows
    ]
    raw = "name\tsmiles\n" + "".join(f"{name}\t{smiles}\n" for smiles, name in rows)
    assert [record.smiles for record in read(raw.encode(), "a.tsv")] == [row[0] for row in rows]


@few
@given(
    rows=tables,
    kind=st.sampled_from([pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]),
    groups=st.integers(1, 9),
    how=st.sampled_from(["", ".gz", ".zip"]),
)
def test_parquet(rows: list[Row], kind: pa.DataType, groups: int, how: str) -> None:
    columns = zip(("smiles", "MOLPORTID", "note"), zip(*rows, strict=True), strict=True)
    table = pa.table({name: pa.array(values, pa.string()).cast(kind) for name, values in columns})
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=groups)
    check(read(out.getvalue(), "a.parquet", how), rows)


@few
@given(rows=tables, ascii_only=st.booleans(), end=st.sampled_from(["\n", "\r\n", "\n\n"]),
       how=compressions)  # fmt: skip
def test_json_lines(rows: list[Row], ascii_only: bool, end: str, how: str) -> None:
    lines = [
        json.dumps({"note": note, "smiles": smiles, "PUBCHEM_CID": name}, ensure_ascii=ascii_only)
        for smiles, name, note in rows
    ]
    check(read(end.join(lines).encode(), "a.jsonl", how), rows)


# XML holds no U+FFFE and U+FFFF, and Excel takes _x0041_ for an escape.
excel_words = names.filter(lambda word: not {"\ufffe", "\uffff"} & set(word) and "_x" not in word
                           and not word.startswith("="))  # fmt: skip
excel_rows = st.lists(st.tuples(structures, excel_words, excel_words), max_size=12)


@settings(max_examples=30, deadline=None)
@given(
    rows=excel_rows, blank=st.integers(0, 2), notes=st.booleans(), how=st.sampled_from(["", ".zip"])
)
def test_workbooks(rows: list[Row], blank: int, notes: bool, how: str) -> None:
    rows = [("CCO", "first", "x"), *rows]
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for _ in range(blank):
        sheet.append([])
    sheet.append(["ID", "Structure", "Remark"])
    for smiles, name, note in rows:
        sheet.append([name, smiles, note])
        for cell in sheet[sheet.max_row]:
            cell.data_type = "s"
    if notes:
        book.create_sheet("notes").append(["made by", "hand"])
    out = io.BytesIO()
    book.save(out)
    check(read(out.getvalue(), "a.xlsx", how), rows)


def three_d(smiles: str) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(mol, randomSeed=7)
    return mol


MOLS = {smiles: three_d(smiles) for smiles in ("CCO", "C[C@H](N)C(=O)O", "F/C=C/F")}
plain_names = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1,
                      max_size=12).map(str.strip).filter(bool)  # fmt: skip
drawn = st.lists(
    st.tuples(st.sampled_from([*MOLS, "broken"]), plain_names), min_size=1, max_size=12
)


def mol2(smiles: str, name: str) -> str:
    mol = MOLS.get(smiles, MOLS["CCO"])
    atoms = "".join(
        f"{atom.GetIdx() + 1} {atom.GetSymbol()}{atom.GetIdx()} {p.x:.4f} {p.y:.4f} {p.z:.4f} "
        f"{sybyl(atom)} 1 LIG 0.0\n"
        for atom, p in zip(mol.GetAtoms(), map(mol.GetConformer().GetAtomPosition,
                           range(mol.GetNumAtoms())), strict=True)
    )  # fmt: skip
    bonds = "".join(
        f"{bond.GetIdx() + 1} {bond.GetBeginAtomIdx() + 1} {bond.GetEndAtomIdx() + 1} "
        f"{int(bond.GetBondTypeAsDouble())}\n"
        for bond in mol.GetBonds()
    )
    counts = "x y" if smiles == "broken" else f"{mol.GetNumAtoms()} {mol.GetNumBonds()} 1 0 0"
    return (
        f"@<TRIPOS>MOLECULE\n{name}\n{counts}\nSMALL\nNO_CHARGES\n\n@<TRIPOS>ATOM\n{atoms}"
        f"@<TRIPOS>BOND\n{bonds}"
    )


def sybyl(atom: Chem.Atom) -> str:
    if atom.GetSymbol() in ("H", "F"):
        return str(atom.GetSymbol())
    double = any(bond.GetBondTypeAsDouble() == 2 for bond in atom.GetBonds())
    return f"{atom.GetSymbol()}.{2 if double else 3}"


@few
@given(rows=drawn, end=st.sampled_from(["\n", "\r\n", "\r"]), comment=st.booleans(),
       how=compressions)  # fmt: skip
def test_mol2(rows: list[tuple[str, str]], end: str, comment: bool, how: str) -> None:
    rows = [(smiles, name) for smiles, name in rows if not name.startswith(("#", "@", "****"))]
    rows = [("CCO", "first"), *rows]
    text = ("# from a docking run\n" if comment else "") + "".join(mol2(s, n) for s, n in rows)
    check_drawn(read(text.replace("\n", end).encode(), "a.mol2", how), rows)


def check_drawn(found: list[Record], rows: list[tuple[str, str]]) -> None:
    assert [record.molecule_id for record in found] == [name for _, name in rows]
    for record, (smiles, _) in zip(found, rows, strict=True):
        assert bool(record.error) == (smiles == "broken")
        if not record.error:
            assert Chem.MolToSmiles(Chem.MolFromMolBlock(record.molblock)) == smiles


@few
@given(rows=drawn, end=st.sampled_from(["\n", "\r\n"]), how=compressions)
def test_maestro(rows: list[tuple[str, str]], end: str, how: str) -> None:
    # RDKit's writer leaves bare a #, which begins a comment, and <>, which stands for nothing.
    names = [name.replace("#", "-") if name != "<>" else "a<>b" for _, name in rows]
    rows = [
        ("CCO", "first"),
        *((smiles, name) for (smiles, _), name in zip(rows, names, strict=True)),
    ]
    text = ""
    for smiles, name in rows:
        mol = Chem.Mol(MOLS.get(smiles, MOLS["CCO"]))
        mol.SetProp("_Name", name)
        block = Chem.MaeWriter.GetText(mol)
        begin = block.index("f_m_ct")
        text += block[: begin if not text else 0] + (
            block[begin:].replace("m_bond[", "m_bond[x") if smiles == "broken" else block[begin:]
        )
    check_drawn(read(text.replace("\n", end).encode(), "a.mae", how), rows)


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.sampled_from(list(MOLS)), min_size=1, max_size=6), how=compressions)
def test_chemdraw(rows: list[str], how: str) -> None:
    blocks = [Chem.MolToCDXMLBlock(flat(smiles)) for smiles in rows]
    cut = blocks[0].index("<fragment")
    parts = [block[block.index("<fragment") : block.rindex("</page>")] for block in blocks]
    text = blocks[0][:cut] + "".join(parts) + "</page></CDXML>"
    found = read(text.encode(), "a.cdxml", how)
    assert [Chem.MolToSmiles(Chem.MolFromMolBlock(record.molblock)) for record in found] == rows
    assert [record.molecule_id for record in found] == [f"mol-{n + 1}" for n in range(len(rows))]


def flat(smiles: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles)
    AllChem.Compute2DCoords(mol)
    return mol


@pytest.mark.parametrize("how", [".gz", ".bz2", ".xz", ".zst", ".zip"])
def test_a_compression_is_read_from_standard_input_too(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    raw = io.TextIOWrapper(io.BytesIO(packed(b"CCO a\nCCN b\n", how)))
    monkeypatch.setattr("sys.stdin", raw)
    assert [record.molecule_id for record in iter_records(["-"], ReadConfig())] == ["a", "b"]
