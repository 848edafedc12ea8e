"""``molsearch data overlays`` from a data folder to a table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from families import ACIDS, AMINES, SULFONAMIDES
from molecules import conformer
from typer.testing import CliRunner, Result

from molsearch.cli.data import app
from molsearch.errors import InputError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    smiles = ACIDS + AMINES + SULFONAMIDES
    flags = {"is_benchmark_molecule": [True, *[False] * 11]}
    pd.DataFrame({"smiles": smiles, "uniprot": ["A"] * 12, **flags}).to_csv(
        tmp_path / "a.csv", index=False
    )
    (tmp_path / "conformers").mkdir()
    coords = [np.ascontiguousarray(conformer(s), "<i2").tobytes() for s in smiles]
    made = pd.DataFrame({"smiles": smiles, "coords": coords})
    made.to_parquet(tmp_path / "conformers" / "c.parquet")
    return tmp_path


def _run(folder: Path, *more: str) -> Result:
    words = ["overlays", "-o", str(folder / "o.parquet"), "--data", str(folder)]
    words += ["--activities", "a.csv", "--below", "0.6", "--anchors", "3", *more]
    return CliRunner().invoke(app, words)


def test_a_table_is_made_told_and_not_replaced_unasked(folder: Path) -> None:
    done = _run(folder, "--json")
    assert done.exit_code == 0, done.output
    table = pd.read_parquet(folder / "o.parquet")
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    assert facts["pairs"] == len(table) > 3
    assert f"wrote {folder / 'o.parquet'}: {len(table)} overlays" in done.output.replace("\n", "")
    # What benchmarks ask for is never looked at.
    assert ACIDS[0] not in {*table["first"], *table["second"]}
    again = _run(folder)
    assert isinstance(again.exception, UsageError)
    assert "--overwrite replaces it" in str(again.exception)
    assert _run(folder, "--overwrite").exit_code == 0


def test_a_folder_without_conformers_is_named(folder: Path) -> None:
    done = _run(folder, "--conformers", "gone")
    assert isinstance(done.exception, InputError)
    assert "name one with --conformers" in str(done.exception)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "o.csv"), "o.csv: overlays are written as Parquet; name a .parquet"),
        (("--seed", "-1"), ""),
        (("--below", "0"), "no overlays: of 3 anchors none has a partner below 0"),
    ],
)
def test_what_makes_no_table_is_refused(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = _run(folder, *words)
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert not [*folder.glob("o.*")]
