"""Molecules without enhanced stereo: their identity is what it has always been."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from molsearch.chem.prepare import prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import Prepared, Record

LIBRARY = Path(__file__).parents[2] / "datasets" / "example" / "library.csv"
DIGEST = "edb75e7519ad39b28093dfd92097ab7eed3e37f1ee14b4e998056512a07936a3"


def test_prepared_molecules_are_pinned() -> None:
    with LIBRARY.open(newline="") as handle:
        rows = list(csv.DictReader(handle))[::13]
    n_pinned = 0
    digest = hashlib.sha256()
    for number, row in enumerate(rows, start=1):
        record = Record(number, "x", number, row["molecule_id"], row["smiles"])
        found = prepare_record(record, PrepareConfig(n_conformers=0))
        if not isinstance(found, Prepared):
            continue
        fields = (found.parent_smiles, found.inchikey, found.n_unspecified_stereo, found.scaffold)
        digest.update(repr(fields).encode() + found.ecfp4)
        n_pinned += 1
    assert n_pinned > 150
    assert digest.hexdigest() == DIGEST
