"""A converted table's marks against a data folder made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from molsearch.bench.audit.flags import flagged, read_known
from molsearch.errors import InputError

ASPIRIN, CAFFEINE, ETHANOL = "CC(=O)Oc1ccccc1C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "CCO"
PHENOL, ANILINE, BENZENE = "Oc1ccccc1", "Nc1ccccc1", "c1ccccc1"


def _key(smiles: str) -> str:
    return Chem.MolToInchiKey(Chem.MolFromSmiles(smiles))


def _rows(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["smiles", "uniprot", "target", "label"]).assign(inchikey="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dude").mkdir()
    (tmp_path / "litpcba").mkdir()
    # A salt: the file names no key, and only its parent has the skeleton of the table.
    _rows(("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", "P1", "a", "active")).to_parquet(
        tmp_path / "dude" / "actives.parquet"
    )
    _rows((BENZENE, "P1", "a", "decoy")).to_parquet(tmp_path / "dude" / "decoys.parquet")
    _rows((CAFFEINE, "P1", "a", "active")).drop(columns="label").to_parquet(
        tmp_path / "dude" / "queries.parquet"
    )
    _rows((PHENOL, "P2", "b", "active"), (BENZENE, "P2", "b", "inactive")).to_parquet(
        tmp_path / "litpcba" / "ligands.parquet"
    )
    _rows((ANILINE, "", "Q1", "active"), (BENZENE, "", "Q1", "decoy")).drop(
        columns=["uniprot", "inchikey"]
    ).to_parquet(tmp_path / "dev_screens.parquet")
    (tmp_path / "splits.json").write_text(json.dumps({"dev_targets": ["Q1", "Q2"]}))
    return tmp_path


def _table(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["smiles", "uniprot", "target_name"])
    return frame.assign(inchikey=frame["smiles"].map(_key))


def test_actives_and_queries_are_marked_and_decoys_are_not(folder: Path) -> None:
    every = (ASPIRIN, CAFFEINE, PHENOL, ANILINE, BENZENE, ETHANOL)
    found = flagged(_table(*((s, "X", "") for s in every)), read_known(folder))
    assert found["is_benchmark_molecule"].tolist() == [True, True, True, True, False, False]
    assert not found["is_benchmark_target"].any()
    assert not found["is_dev_target"].any()


def test_targets_are_marked_by_accession_and_orthologs_by_name(folder: Path) -> None:
    table = _table(
        *((ETHANOL, *target) for target in (("P1", "Kinase A"), ("R1", "kinase a"))),
        *((ETHANOL, *target) for target in (("P2", ""), ("Z", ""), ("Q1", "Channel"))),
        *((ETHANOL, *target) for target in (("Q2", ""), ("S1", "Channel"), ("S2", "Pump"))),
    )
    found = flagged(table, read_known(folder))
    assert found.loc[found["is_benchmark_target"], "uniprot"].tolist() == ["P1", "R1", "P2"]
    assert found.loc[found["is_dev_target"], "uniprot"].tolist() == ["Q1", "Q2", "S1"]


def test_the_folders_own_table_adds_names_and_molecules_of_further_sets(folder: Path) -> None:
    own = _table((ETHANOL, "P2", "Enzyme B"), (BENZENE, "X", "Other"))
    own.assign(is_benchmark_molecule=[True, False]).to_parquet(folder / "activities.parquet")
    table = _table((ETHANOL, "R2", "enzyme b"), (BENZENE, "X", "Other"))
    found = flagged(table, read_known(folder))
    assert found["is_benchmark_molecule"].tolist() == [True, False]
    assert found["is_benchmark_target"].tolist() == [True, False]


def test_official_lists_name_no_proteins_and_the_column_is_left_out(tmp_path: Path) -> None:
    place = tmp_path / "litpcba" / "ADRB2"
    place.mkdir(parents=True)
    (place / "actives.smi").write_text(f"{ASPIRIN} 1\n")
    (place / "inactives.smi").write_text(f"{BENZENE} 2\n")
    (place / "1abc_ligand.mol2").write_text(
        "@<TRIPOS>MOLECULE\nq\n3 2 1\nSMALL\nNO_CHARGES\n@<TRIPOS>ATOM\n"
        "1 C1 0.0 0.0 0.0 C.3 1 L 0\n2 C2 1.5 0.0 0.0 C.3 1 L 0\n3 O1 2.0 1.3 0.0 O.3 1 L 0\n"
        "@<TRIPOS>BOND\n1 1 2 1\n2 2 3 1\n"
    )
    known = read_known(tmp_path)
    assert known.unnamed == known.found == ("litpcba",)
    found = flagged(_table((ASPIRIN, "X", ""), (ETHANOL, "X", ""), (BENZENE, "X", "")), known)
    assert found["is_benchmark_molecule"].tolist() == [True, True, False]
    assert "is_benchmark_target" not in found


def test_a_folder_without_benchmarks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no benchmark"):
        read_known(tmp_path)
    (tmp_path / "dude").mkdir()
    with pytest.raises(InputError, match="no DUD-E data"):
        read_known(tmp_path)
