"""``molsearch data convert`` from a user's table to the two files it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from molsearch.cli import data_convert
from molsearch.cli.data import app
from molsearch.errors import InputError, UsageError
from molsearch.service.repeat import placed, read_request

TABLE = (
    "smiles,uniprot,value,units\n"
    "CC(=O)Oc1ccccc1C(=O)O,P23219,100,nM\n"
    "CCO,P23219,>100,uM\n"
    "c1cc,P23219,5,nM\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    return path


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["convert", *map(str, arguments), "-n", "1"])


@pytest.mark.parametrize("name", ["out.parquet", "out.csv"])
def test_table_and_failures_are_written(table: Path, tmp_path: Path, name: str) -> None:
    done = _run(table, "-o", tmp_path / name, "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    assert facts["measurements"] == 3
    assert facts["left_out"] == facts["pairs_active"] == facts["pairs_inactive"] == 1
    path = tmp_path / name
    made = pd.read_parquet(path) if name.endswith("parquet") else pd.read_csv(path)
    assert dict(zip(made["smiles"], made["pchembl"], strict=True)) == {
        "CC(=O)Oc1ccccc1C(=O)O": 7.0,
        "CCO": 4.0,
    }
    failures = pd.read_csv(tmp_path / "out-failures.csv")
    assert failures["smiles"].tolist() == ["c1cc"]
    assert failures["row"].tolist() == [4]


def test_report_names_the_reasons(table: Path, tmp_path: Path) -> None:
    done = _run(table, "-o", tmp_path / "out.parquet")
    assert "2 pairs (1 active, 1 inactive) of 2 molecules and 1 target" in done.output
    assert "left out 1" in done.output


def test_the_one_target_of_a_file_is_named_by_hand(table: Path, tmp_path: Path) -> None:
    series, assay = tmp_path / "series.csv", tmp_path / "AID_1.csv"
    series.write_text("smiles,pIC50\nCC(=O)Oc1ccccc1C(=O)O,7\n")
    assay.write_text(
        "PUBCHEM_CID,PUBCHEM_EXT_DATASOURCE_SMILES,PUBCHEM_ACTIVITY_OUTCOME\n702,CCO,Inactive\n"
    )
    refused = _run(series, "-o", tmp_path / "a.csv")
    assert isinstance(refused.exception, InputError)
    assert "no column 'uniprot' (--target NAME" in str(refused.exception)
    done = _run(series, assay, "--target", "P23219", "-o", tmp_path / "a.csv")
    assert done.exit_code == 0, done.output
    made = pd.read_csv(tmp_path / "a.csv")
    assert made["uniprot"].tolist() == ["P23219"] * 2
    assert dict(zip(made["smiles"], made["tier"], strict=True)) == {
        "CC(=O)Oc1ccccc1C(=O)O": "active",
        "CCO": "inactive",
    }
    refused = _run(table, "--target", "EGFR", "-o", tmp_path / "b.csv")
    assert isinstance(refused.exception, UsageError)
    assert "mine.csv: names its targets itself in column 'uniprot'" in str(refused.exception)


def test_outputs_are_not_replaced_unasked(table: Path, tmp_path: Path) -> None:
    assert _run(table, "-o", tmp_path / "out.parquet").exit_code == 0
    assert isinstance(_run(table, "-o", tmp_path / "out.parquet").exception, UsageError)
    assert _run(table, "-o", tmp_path / "out.parquet", "--overwrite").exit_code == 0
    assert isinstance(_run(table, "-o", tmp_path / "out.sdf").exception, UsageError)
    assert isinstance(_run(tmp_path / "no.csv", "-o", tmp_path / "x.csv").exception, InputError)


def test_benchmarks_are_marked_and_said(table: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows = [("CCO", "active", "P23219"), ("CC(=O)Oc1ccccc1C(=O)O", "decoy", "P23219")]
    pd.DataFrame(rows, columns=["smiles", "label", "target"]).to_parquet(
        data / "dev_screens.parquet"
    )
    done = _run(table, "-o", tmp_path / "out.csv", "--benchmarks", data)
    assert "marked by dev: 1 is_benchmark_molecule" in done.output
    made = pd.read_csv(tmp_path / "out.csv").set_index("smiles")
    assert made["is_benchmark_molecule"].to_dict() == {
        "CCO": True,
        "CC(=O)Oc1ccccc1C(=O)O": False,
    }
    assert made["is_dev_target"].all()
    assert not made["is_benchmark_target"].any()
    refused = _run(table, "-o", tmp_path / "x.csv", "--benchmarks", tmp_path)
    assert isinstance(refused.exception, InputError)
    assert not (tmp_path / "x.csv").exists()


def test_a_conversion_is_repeated_from_its_record(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    assert _run(table, "-o", out).exit_code == 0
    kept = read_request(tmp_path / "out.parquet.run.json")
    again = placed(kept.request, str(tmp_path / "again.parquet"), overwrite=False)
    account = data_convert.run(again, quiet=True)
    assert account["pairs"] == kept.record["pairs"] == 2
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "again.parquet"), pd.read_parquet(out))


def test_a_table_without_actives_says_so(tmp_path: Path) -> None:
    (tmp_path / "aid.csv").write_text(
        "PUBCHEM_EXT_DATASOURCE_SMILES,PUBCHEM_ACTIVITY_OUTCOME,Potency\n"
        "CCO,Inactive,\nCCN,Active,0.1\n"
    )
    done = _run(tmp_path / "aid.csv", "--target", "P1", "-o", tmp_path / "a.csv", "--quiet")
    assert done.exit_code == 0, done.output
    said = "aid.csv: not one active (1 µM or better); columns of numbers that are not read: Potency"
    assert said in done.output


def test_targets_without_accessions_are_named(tmp_path: Path) -> None:
    (tmp_path / "chembl.tsv").write_text(
        "Molecule ChEMBL ID\tSmiles\tStandard Type\tStandard Value\tStandard Units\t"
        "Target ChEMBL ID\n"
        "CHEMBL25\tCC(=O)Oc1ccccc1C(=O)O\tIC50\t350\tnM\tCHEMBL221\n"
        "CHEMBL545\tCCO\tIC50\t350\tnM\tCHEMBL203\n"
    )
    (tmp_path / "map.txt").write_text("P00533\tCHEMBL203\tEGFR\tSINGLE PROTEIN\n")
    out = ("-o", tmp_path / "a.csv", "--overwrite", "--quiet")
    done = _run(tmp_path / "chembl.tsv", *out)
    said = "2 targets have no accession (CHEMBL203, CHEMBL221): --uniprot-map gives them"
    assert said in done.output
    done = _run(tmp_path / "chembl.tsv", *out, "--uniprot-map", tmp_path / "map.txt")
    assert "1 target has no accession (CHEMBL221): not in " in done.output


MIXED = (
    "smiles,uniprot,value,units,type,relation,comment\n"
    "CC(=O)Oc1ccccc1C(=O)O,P23219,100,nM,IC50,=,\n"
    "CC(=O)Oc1ccccc1C(=O)O,P23219,150,nM,Ki,=,\n"
    "CCO,P23219,100,uM,IC50,>,\n"
    "CCN,P23219,,,IC50,,Not Active\n"
    "CCCO,P23219,10,nM,IC50,<,\n"
    "CCCN,P23219,10,uM,,=,\n"
)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_converting_a_converted_table_changes_none_of_its_rows(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "mine.csv").write_text(MIXED)
    one, other = (tmp_path / f"{name}.{suffix}" for name in ("one", "other"))
    for source, made in ((tmp_path / "mine.csv", one), (one, other)):
        done = _run(source, "-o", made)
        assert done.exit_code == 0, done.output
        assert "5 pairs (2 active, 2 inactive, 1 weak_5_6)" in done.output
    assert "left out" not in done.output
    read = pd.read_parquet if suffix == "parquet" else pd.read_csv
    more = {"sep": "\t"} if suffix == "tsv" else {}
    # How often a pair was measured is counted anew: it has become one measurement.
    first, second = (read(p, **more).drop(columns=["n_values", "spread"]) for p in (one, other))
    pd.testing.assert_frame_equal(first, second)


def test_a_parquet_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("no table")
    done = _run(tmp_path / "a.parquet", "-o", tmp_path / "b.csv")
    assert isinstance(done.exception, InputError)
    assert "a.parquet: cannot be read as Parquet" in str(done.exception)


def test_reasons_that_are_not_told_are_counted(tmp_path: Path) -> None:
    units = "".join(f"CCO,P23219,5,x{n}\n" for n in range(7))
    (tmp_path / "mine.csv").write_text(TABLE + units)
    done = _run(tmp_path / "mine.csv", "-o", tmp_path / "out.csv")
    assert "  and 3 more reasons" in done.output
