"""Compiled loops and arrays say the same; both are held against RDKit in `chem.bulk.test_bags`."""

from __future__ import annotations

import csv

from bags import ARRAYS, BUCKETS, EXAMPLE, LOOPS
from rdkit import Chem


def test_arrays_say_the_same() -> None:
    with (EXAMPLE / "drugs.csv").open() as handle:
        found = [LOOPS.usual(row["smiles"]) for row in csv.DictReader(handle)]
    plain = [one for one in found if one is not None]
    asked = [ARRAYS.asked(Chem.MolFromSmiles(one.text), one.text) for one in plain]
    assert [one.parent_smiles for one in asked] == [one.parent_smiles for one in plain]
    for buckets in (BUCKETS, None):
        assert LOOPS.substructures(plain, buckets) == ARRAYS.substructures(asked, buckets)
