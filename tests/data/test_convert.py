"""ChEMBL, BindingDB and plain tables, written here under their real column names."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from molsearch.data.aggregate import APART, FAR
from molsearch.data.convert import COLUMNS, Converted, convert, read_uniprot_map
from molsearch.errors import InputError

ASPIRIN, CAFFEINE = "CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
BINDINGDB = [
    "BindingDB Reactant_set_id",
    "Ligand SMILES",
    "Ligand InChI Key",
    "Target Name",
    "Target Source Organism According to Curator or DataSource",
    "Ki (nM)",
    "IC50 (nM)",
    "Kd (nM)",
    "EC50 (nM)",
    "ChEMBL ID of Ligand",
    "Number of Protein Chains in Target (>1 implies a multichain complex)",
    "BindingDB Target Chain Sequence",
    "UniProt (SwissProt) Primary ID of Target Chain",
    "UniProt (TrEMBL) Primary ID of Target Chain",
]
CHEMBL = [
    "Molecule ChEMBL ID",
    "Smiles",
    "Standard Type",
    "Standard Relation",
    "Standard Value",
    "Standard Units",
    "pChEMBL Value",
    "Data Validity Comment",
    "Target ChEMBL ID",
    "Target Name",
    "Target Organism",
]


def _write(path: Path, header: list[str], rows: list[list[str]], sep: str) -> Path:
    quoted = '"{}"' if sep == ";" else "{}"
    lines = [sep.join(quoted.format(cell) for cell in row) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _counted(found: Converted) -> None:
    """Every measurement is in one of the two tables."""
    assert found.activities["n_values"].sum() + len(found.failures) == found.n_measurements
    assert set(found.failures["stage"]) <= {"read", "standardise", "join"}
    assert (found.failures["reason"] != "").all()
    assert (found.failures["record_number"].astype(int) > 0).all()
    assert list(found.activities.columns) == list(COLUMNS)


def test_bindingdb(tmp_path: Path) -> None:
    head, tail = ["Homo sapiens"], ["MKV", "P23219", ""]
    rows = [
        ["1", ASPIRIN, "", "COX-1", *head, " 100", "", "", "", "CHEMBL25", "1", *tail],
        ["2", ASPIRIN, "", "COX-1", *head, "", "1000", "", "", "", "1", *tail],
        ["3", CAFFEINE, "", 'A2"A', *head, "", ">10000", "", "", "", "1", "M", "P29274", ""],
        ["4", CAFFEINE, "", "dimer", *head, "5", "", "", "", "", "2", *tail],
        ["5", CAFFEINE, "", "X", *head, "5", "", "", "", "", "1", "M", "", "A0A0"],
        ["6", "not a smiles", "", "X", *head, "5", "", "", "", "", "1", *tail],
        ["7", CAFFEINE, "", "X", *head, "n.d.", "", "", "", "", "1", *tail],
        ["8", CAFFEINE, "", "X", *head, "5", "7", "", "", "", "1", "M", "", ""],
        ["9", CAFFEINE, "", "short row"],
    ]
    found = convert([_write(tmp_path / "BindingDB_All.tsv", BINDINGDB, rows, "\t")])
    _counted(found)
    table = found.activities.set_index("uniprot")
    assert table.loc["P23219", "pchembl"] == pytest.approx(6.5)
    assert table.loc["P23219", ["relation", "tier", "n_values"]].tolist() == ["=", "active", 2]
    assert table.loc["P23219", "activity_type"] == "IC50; Ki"
    assert table.loc["P23219", "chembl_id"] == "CHEMBL25"
    assert table.loc["P23219", "spread"] == pytest.approx(1.0)
    assert table.loc["P29274", ["pchembl", "relation", "tier"]].tolist() == [5.0, "<", "inactive"]
    assert table.loc["P29274", "target_name"] == 'A2"A'
    assert table.loc["A0A0", "pchembl"] == pytest.approx(8.301, abs=1e-3)
    reasons = found.failures.set_index("row")["reason"]
    assert "complex of 2 chains" in reasons["5"]
    assert sum("no target" in r for r in reasons) == 3
    assert reasons["10"] == "no target"  # a row without any value is not lost
    assert any("n.d. is not a number" in r for r in reasons)
    assert (found.failures["source"] == "BindingDB_All.tsv").all()
    unread = found.failures[found.failures["smiles"] == "not a smiles"]
    assert unread["row"].tolist() == ["7"]  # the header is row 1
    assert unread["record_number"].tolist() == ["6"]
    assert unread["stage"].tolist() == ["standardise"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_chembl_download(tmp_path: Path, separator: str) -> None:
    target = ["CHEMBL221", "Cyclooxygenase-1", "Homo sapiens"]
    rows = [
        ["CHEMBL25", ASPIRIN, "IC50", "'='", "350", "nM", "6.46", "None", *target],
        ["CHEMBL25", ASPIRIN, "IC50", "'='", "0.35", "uM", "", "", *target],
        ["CHEMBL113", CAFFEINE, "IC50", "'>'", "100000", "nM", "", "", *target],
        [
            "CHEMBL113",
            CAFFEINE,
            "IC50",
            "'='",
            "0.001",
            "nM",
            "12.0",
            "Outside typical range",
            *target,
        ],
        ["CHEMBL113", CAFFEINE, "Inhibition", "'='", "20", "%", "", "", *target],
        ["CHEMBL113", CAFFEINE, "Ki", "'='", "12", "ug.mL-1", "", "", *target],
        ["CHEMBL113", "", "Ki", "'='", "12", "nM", "", "", *target],
    ]
    path = _write(tmp_path / "chembl.tsv", CHEMBL, rows, separator)
    mapping = tmp_path / "chembl_uniprot_mapping.txt"
    mapping.write_text(
        "# UniProt\tChEMBL\n"
        "P23219\tCHEMBL221\tCyclooxygenase-1\tSINGLE PROTEIN\n"
        "P35354\tCHEMBL221\tCOX\tPROTEIN FAMILY\n"
    )
    found = convert([path], uniprot_map=read_uniprot_map(mapping))
    _counted(found)
    assert found.activities["uniprot"].tolist() == ["P23219", "P23219"]
    table = found.activities.set_index("chembl_id")
    assert table.loc["CHEMBL25", "pchembl"] == pytest.approx(6.458, abs=1e-3)
    assert table.loc["CHEMBL113", ["pchembl", "relation", "tier"]].tolist() == [
        4.0,
        "<",
        "inactive",
    ]
    reasons = found.failures["reason"].tolist()
    for said in (
        "Outside typical range",
        "type Inhibition",
        "unknown unit ug.mL-1",
        "no structure",
    ):
        assert sum(said in reason for reason in reasons) == 1, said
    assert convert([path]).activities["uniprot"].tolist() == ["CHEMBL221", "CHEMBL221"]


def _chembl_database(path: Path) -> Path:
    with sqlite3.connect(path) as db:
        db.executescript(
            """
            CREATE TABLE activities (activity_id INTEGER, assay_id INTEGER, molregno INTEGER,
                standard_type TEXT, standard_relation TEXT, standard_value NUMERIC,
                standard_units TEXT, pchembl_value NUMERIC, data_validity_comment TEXT,
                potential_duplicate INTEGER, activity_comment TEXT);
            CREATE TABLE assays (assay_id INTEGER, tid INTEGER, confidence_score INTEGER,
                chembl_id TEXT);
            CREATE TABLE target_dictionary (tid INTEGER, chembl_id TEXT, pref_name TEXT,
                organism TEXT, target_type TEXT);
            CREATE TABLE target_components (tid INTEGER, component_id INTEGER);
            CREATE TABLE component_sequences (component_id INTEGER, accession TEXT);
            CREATE TABLE molecule_dictionary (molregno INTEGER, chembl_id TEXT);
            CREATE TABLE compound_structures (molregno INTEGER, canonical_smiles TEXT);
            INSERT INTO assays VALUES (1, 1, 9, 'CHEMBL1'), (2, 2, 9, 'CHEMBL2'),
                (3, 3, 8, 'CHEMBL3');
            INSERT INTO target_dictionary VALUES
                (1, 'CHEMBL221', 'COX-1', 'Homo sapiens', 'SINGLE PROTEIN'),
                (2, 'CHEMBL9', 'complex', 'Homo sapiens', 'PROTEIN COMPLEX'),
                (3, 'CHEMBL230', 'COX-2', 'Homo sapiens', 'SINGLE PROTEIN');
            INSERT INTO target_components VALUES (1, 1), (2, 1), (3, 3);
            INSERT INTO component_sequences VALUES (1, 'P23219'), (3, 'P35354');
            INSERT INTO molecule_dictionary VALUES (1, 'CHEMBL25'), (2, 'CHEMBL113');
            """
        )
        db.executemany(
            "INSERT INTO compound_structures VALUES (?, ?)", [(1, ASPIRIN), (2, CAFFEINE)]
        )
        rows = [
            (1, 1, 1, "IC50", "=", 350, "nM", 6.46, None, 0),
            (2, 1, 1, "IC50", "=", 10, "nM", 8.0, None, 1),
            (3, 1, 2, "Ki", "<", 10, "nM", None, "Manually validated", None),
            (4, 2, 2, "Ki", "=", 10, "nM", 8.0, None, 0),
            (5, 1, 2, "Inhibition", "=", 10, "%", None, None, 0),
            (6, 1, 2, "Ki", "=", 10, "nM", 8.0, "Potential transcription error", 0),
            (7, 1, 2, "Ki", "=", None, "nM", None, None, 0),
            (8, 3, 2, "Activity", None, None, None, None, None, 0, "Not Active"),
            (9, 3, 1, "Inhibition", "=", 8, "%", None, None, 0, "Not Active (< 50 % at 10 uM)"),
            (10, 3, 1, "Ki", None, None, None, None, None, 0, "Not Determined"),
        ]
        rows = [(*row, None)[:11] for row in rows]
        db.executemany(f"INSERT INTO activities VALUES ({', '.join('?' * 11)})", rows)
    return path


def test_chembl_database(tmp_path: Path) -> None:
    path = _chembl_database(tmp_path / "chembl_35.db")
    before = path.read_bytes()
    found = convert([path])
    _counted(found)
    table = found.activities.set_index("chembl_id")
    silent = table[table["uniprot"] == "P35354"]
    assert silent["relation"].tolist() == silent["tier"].tolist() == ["inactive", "inactive"]
    assert silent["pchembl"].isna().all()
    table = table[table["uniprot"] == "P23219"]
    assert table.loc["CHEMBL25", ["pchembl", "n_values", "confidence"]].tolist() == [6.46, 1, 9]
    assert table.loc["CHEMBL113", ["pchembl", "relation", "tier"]].tolist() == [8.0, ">", "active"]
    assert found.failures["reason"].tolist() == [
        "flagged by the source: Potential transcription error"
    ]
    assert path.read_bytes() == before


def test_plain_tables_join_with_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        f"smiles,target,value,units\n{ASPIRIN},P1,1,µM\n[Na+].CC(=O)Oc1ccccc1C(=O)[O-],P1,10,uM\n"
        f"{CAFFEINE},P1,>50,uM\n"
    )
    with gzip.open(tmp_path / "b.csv.gz", "wt") as handle:
        handle.write(f"SMILES,UniProt,pIC50\n{ASPIRIN},P1,5.7\n{CAFFEINE},P2,7\n")
    found = convert([tmp_path / "a.csv", tmp_path / "b.csv.gz"])
    _counted(found)
    rows = {(r.uniprot, r.smiles): r for r in found.activities.itertuples()}
    assert rows["P1", ASPIRIN].pchembl == pytest.approx(5.7)
    assert rows["P1", ASPIRIN].n_values == 3  # the salt is the acid
    assert rows["P1", ASPIRIN].tier == "weak_5_6"
    assert rows["P1", CAFFEINE].relation == "<"
    assert rows["P2", CAFFEINE].tier == "active"


def test_converted_table_trains(tmp_path: Path) -> None:
    from molsearch.data.activities import load_activities

    lines = [f"{ASPIRIN},P1,7", f"{CAFFEINE},P1,8", f"{CAFFEINE},P2,4"]
    (tmp_path / "a.csv").write_text("\n".join(["smiles,uniprot,pchembl", *lines]) + "\n")
    convert([tmp_path / "a.csv"]).activities.to_parquet(tmp_path / "a.parquet")
    activities = load_activities(tmp_path / "a.parquet")
    assert activities.targets == ["P1"]
    assert activities.n_pairs == 2


MESSY = """\ufeffMolecule ChEMBL ID;Smiles;Standard Type;Standard Relation;Standard Value;\
Standard Units;pChEMBL Value;Data Validity Comment;Comment;Assay ChEMBL ID;Target ChEMBL ID
"CHEMBL1";"CC(=O)Oc1ccccc1C(=O)O";"IC50";"'='";"100";"nM";"7";"None";"";"CHEMBL_A";"T1"
"CHEMBL1";"CC(=O)Oc1ccccc1C(=O)O";"IC50";"'='";"0,2";"µM";"";"None";"";"CHEMBL_B";"T1"
"CHEMBL1";"CC(=O)Oc1ccccc1C(=O)O";"IC50";"'~'";"10000";"nM";"";"None";"";"CHEMBL_C";"T1"
"CHEMBL2";"CCO";"Activity";"";"";"";"";"None";"Not Active";"CHEMBL_A";"T1"
"CHEMBL3";"CCN";"IC50";"'>'";"30";"µmol/L";"";"None";"inactive";"CHEMBL_A";"T1"
"CHEMBL4";"CCC";"IC50";"'='";"12";"ug.mL-1";"";"None";"";"CHEMBL_A";"T1"
"CHEMBL5";"CCCl";"Ki";"'='";"10";"nM";"";"None";"";"CHEMBL_A";"T1"
"CHEMBL5";"CCCl";"Ki";"'='";"10";"uM";"";"None";"";"CHEMBL_D";"T1"
"CHEMBL6";"CCBr";"Activity";"";"";"";"";"None";"Inconclusive";"CHEMBL_A";"T1"
"CHEMBL7";"C1CC";"Activity";"";"";"";"";"None";"Not Active";"CHEMBL_A";"T1"
"CHEMBL8";"";"Activity";"";"";"";"";"None";"Not Active";"CHEMBL_A";"T1"
"CHEMBL9";"CCI";"IC50";"'<='";"1""0";"nM";"";"None";"";"CHEMBL_A";"T1"
"""


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_download_with_all_its_mess(tmp_path: Path, encoding: str) -> None:
    text = MESSY if encoding == "utf-8" else MESSY.lstrip("\ufeff")
    (tmp_path / "chembl.csv").write_text(text, encoding=encoding)
    found = convert([tmp_path / "chembl.csv"])
    _counted(found)
    assert found.n_measurements == 12
    table = found.activities.set_index("chembl_id")
    assert table.loc["CHEMBL1", "pchembl"] == pytest.approx(6.85, abs=1e-2)  # 0,2 µM is 200 nM
    assert table.loc["CHEMBL1", "spread"] == pytest.approx(0.301, abs=1e-3)
    assert table.loc["CHEMBL2", ["relation", "tier"]].tolist() == ["inactive", "inactive"]
    assert table.loc["CHEMBL3", ["relation", "tier"]].tolist() == ["<", "inactive"]
    assert table.loc["CHEMBL3", "pchembl"] == pytest.approx(4.523, abs=1e-3)
    assert sorted(table.index) == ["CHEMBL1", "CHEMBL2", "CHEMBL3"]
    failed = found.failures.sort_values("record_number", key=lambda c: c.astype(int))
    told = list(zip(failed["record_number"], failed["stage"], failed["reason"], strict=True))
    assert told == [
        ("3", "join", FAR),
        ("6", "read", "unknown unit ug.mL-1"),
        ("7", "join", APART),
        ("8", "join", APART),
        ("9", "read", "type Activity is not Ki, Kd, IC50, EC50, XC50, AC50, Potency"),
        ("10", "standardise", told[5][2]),
        ("11", "read", "no structure"),
        ("12", "read", 'value 1"0 is not a number'),
    ]
    assert found.n_disagreeing == 3


def test_a_comma_that_nothing_decides_is_named_by_its_file(tmp_path: Path) -> None:
    rows = "smiles\tuniprot\tvalue\tunits\ttype\nCCO\tP1\t>1,250\tnM\tKi\n"
    (tmp_path / "open.tsv").write_text(rows)
    (tmp_path / "settled.tsv").write_text(rows + "CCN\tP1\t0,2\tnM\tKi\n")
    found = convert([tmp_path / "open.tsv", tmp_path / "settled.tsv"])
    assert found.undecided == {"open.tsv": "1,250"}
    values = found.activities.set_index("smiles")["pchembl"]
    assert values["CCN"] == pytest.approx(9.699, abs=1e-3)


def test_outcomes_of_pubchem(tmp_path: Path) -> None:
    (tmp_path / "aid.csv").write_text(
        "PUBCHEM_RESULT_TAG,PUBCHEM_EXT_DATASOURCE_SMILES,PUBCHEM_ACTIVITY_OUTCOME,target\n"
        "RESULT_TYPE,,,\n1,CCO,Inactive,P1\n2,CCN,Active,P1\n3,CCC,Inconclusive,P1\n"
    )
    found = convert([tmp_path / "aid.csv"])
    _counted(found)
    assert found.activities["smiles"].tolist() == ["CCO"]
    assert found.activities["tier"].tolist() == ["inactive"]
    reasons = found.failures["reason"].tolist()
    assert reasons == ["no structure", "no value, comment Active", "no value, comment Inconclusive"]


def test_values_of_pubchem(tmp_path: Path) -> None:
    head = "PUBCHEM_CID,PUBCHEM_EXT_DATASOURCE_SMILES,PUBCHEM_ACTIVITY_OUTCOME,"
    potency, standard = tmp_path / "potency.csv", tmp_path / "standard.csv"
    potency.write_text(
        f"{head}Phenotype,Potency,Efficacy\nRESULT_TYPE,,,STRING,FLOAT,FLOAT\n"
        "RESULT_UNIT,,,,MICROMOLAR,PERCENT\n1,CCO,Active,x,0.1,90\n2,CCN,Inactive,x,0.1,9\n"
        "3,CCC,Inconclusive,x,0.1,20\n4,CCS,Inconclusive,x,,20\n"
    )
    standard.write_text(
        f"{head}PubChem Standard Value,Standard Type,Standard Relation\n"
        "1,CCO,Active,0.1,Ki,=\n2,CCCl,Unspecified,100,IC50,>\n3,CCBr,Active,5,Inhibition,=\n"
    )
    found = convert([potency, standard], target="P1")
    _counted(found)
    made = found.activities.set_index("smiles")
    assert made["pchembl"].to_dict() == pytest.approx(
        {"CCO": 7.0, "CCN": np.nan, "CCCl": 4.0}, nan_ok=True
    )
    assert made["relation"].to_dict() == {"CCO": "=", "CCN": "inactive", "CCCl": "<"}
    assert made["n_values"]["CCO"] == 2
    assert found.without_actives == {}
    assert found.failures["reason"].tolist() == [
        "no structure",
        "no structure",
        "flagged by the source: outcome Inconclusive",
        "no value, comment Inconclusive",
        "type Inhibition is not Ki, Kd, IC50, EC50, XC50, AC50, Potency",
    ]
    alone = convert([potency], target="P1").activities.set_index("smiles")
    assert alone["activity_type"]["CCO"] == "Potency"


def test_a_table_without_actives_names_the_numbers_that_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "aid.csv").write_text(
        "PUBCHEM_CID,PUBCHEM_EXT_DATASOURCE_SMILES,PUBCHEM_ACTIVITY_OUTCOME,Potency,Note,Efficacy\n"
        "1,CCO,Inactive,,a,1\n2,CCN,Active,0.1,b,2\n"
    )
    # Without a row of units, nothing says what a potency of 0.1 is.
    found = convert([tmp_path / "aid.csv"], target="P1")
    assert found.without_actives == {"aid.csv": ("Potency", "Efficacy")}
    (tmp_path / "weak.csv").write_text("smiles,target,pchembl\nCCO,P1,5\n")
    assert convert([tmp_path / "weak.csv"]).without_actives == {"weak.csv": ()}


def test_a_table_of_which_all_pairs_disagree_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("smiles,target,pchembl\nCCO,P1,5\nCCO,P1,8\n")
    with pytest.raises(InputError, match="no usable measurement; the first: measurements of this"):
        convert([tmp_path / "a.csv"])


def test_files_that_are_nothing_known_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("smiles,name\nC,x\n")
    (tmp_path / "b.csv").write_text("smiles,uniprot,value,units\nC,P1,x,nM\n")
    (tmp_path / "c.db").write_bytes(b"SQLite format 3\x00 and then nothing of the sort" * 40)
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00smiles")
    for name, said in (
        ("a.csv", "no column 'uniprot'"),
        ("b.csv", "no usable measurement; the first: value x is not a number"),
        ("c.db", "not a ChEMBL database"),
        ("d.csv", "cannot be read"),
        ("none.csv", "no such file"),
    ):
        with pytest.raises(InputError, match=said):
            convert([tmp_path / name])


@pytest.mark.parametrize(
    ("column", "sign", "expected"),
    [("relation", "<", "<"), ("qualifier", ">", ">"), ("standard_relation", ">", "<")],
)
def test_a_sign_beside_a_logarithm_alone_is_its_own_unless_chembl_wrote_it(
    tmp_path: Path, column: str, sign: str, expected: str
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(f"smiles,uniprot,pchembl_value,{column}\n{ASPIRIN},P23219,4.5,{sign}\n")
    found = convert([table]).activities
    assert found["pchembl"].tolist() == [4.5]
    assert found["relation"].tolist() == [expected]
