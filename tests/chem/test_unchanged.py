"""Molecules without enhanced stereo: identity and features are what they have always been."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from molsearch.chem.features import features
from molsearch.chem.prepare import prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import Prepared, Record

LIBRARY = Path(__file__).parents[2] / "datasets" / "example" / "library.csv"
DIGEST = "35eac30468d077607f0e2d05e801cde51459e8fe65f9d2b16456a8ede28ed604"


def test_prepared_molecules_and_their_features_are_pinned() -> None:
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
        made = features(found.parent_smiles, 16_381)
        for array in (made.environments, made.atoms, made.bonds):
            digest.update(array.tobytes())
        n_pinned += 1
    assert n_pinned > 150
    assert digest.hexdigest() == DIGEST
