"""From rows of a prepared set to graphs: what was counted with them is used where that is all."""

from __future__ import annotations

import numpy as np
import pytest

from molsearch import schema
from molsearch.chem.block import prepare_block
from molsearch.chem.counters import Buckets
from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import block_table
from molsearch.data.tables import graphs_of_table
from molsearch.schema import Record

SIZES = (512, 256, 256)


@pytest.mark.parametrize("further", [(0, 0, 0), (128, 0, 0), (0, 128, 0), (0, 0, 128)])
def test_an_encoder_sees_all_its_kinds_of_substructures(further):
    buckets = Buckets(*SIZES, *further)
    assert buckets.prepared == (None if any(further) else SIZES)
    record = Record(1, "", 1, "", "CC(=O)Oc1ccccc1C(=O)O")
    table = block_table(prepare_block([record], PrepareConfig(n_conformers=0), SIZES), SIZES)
    found, owner = graphs_of_table(table, buckets, geometry=False)
    anew, _ = graphs_of_table(table.drop_columns([schema.BAG]), buckets, geometry=False)
    assert owner.tolist() == [0]
    assert sorted(zip(found.bag, found.counts, strict=True)) == sorted(
        zip(anew.bag, anew.counts, strict=True)
    )
    assert np.any(found.bag >= 1 + sum(SIZES)) == any(further)
