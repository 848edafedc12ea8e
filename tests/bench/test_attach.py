"""What is prepared for scorers: nothing, rows without geometry, or conformers, each kept apart."""

from __future__ import annotations

import pytest

from molsearch.bench.attach import Attaching
from molsearch.bench.benchmarks.task import TaskQuery
from molsearch.bench.conformers import ConformerCache
from molsearch.bench.molecules import Molecules
from molsearch.chem.prepare import prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import N_CONFORMERS
from molsearch.scoring.protocols import CONFORMERS, PREPARED

SMILES = ["CCO", "c1ccccc1O"]


def _made(records, config):
    yield [prepare_record(record, config) for record in records]


@pytest.fixture
def attaching(tmp_path):
    cache = ConformerCache(tmp_path, PrepareConfig(n_conformers=1), make=_made)
    return Attaching(cache, query_conformers=2)


def _counts(molecules):
    prepared = molecules.prepared
    return [prepared.table.column(N_CONFORMERS).to_pylist()[row] for row in prepared.rows]


@pytest.mark.parametrize(("need", "pool", "asked"), [(PREPARED, 0, 0), (CONFORMERS, 1, 2)])
def test_geometry_is_made_where_it_is_looked_at(attaching, need, pool, asked) -> None:
    molecules, queries, own = Molecules(SMILES), Molecules(SMILES[:1]), Molecules(SMILES[:1])
    attaching.pool("b/t", molecules, {need, "ecfp4"})
    attaching.queries("b/t", queries, {need})
    attaching.queries("b/t", own, {need}, [TaskQuery("q", SMILES[0])])
    assert _counts(molecules) == [pool, pool]
    assert all(count <= asked and bool(count) == bool(asked) for count in _counts(queries))
    assert _counts(own) == _counts(queries)
    # A pool without geometry is no answer to one that needs it.
    again = Molecules(SMILES)
    attaching.pool("b/t", again, {CONFORMERS})
    assert _counts(again) == [1, 1]


def test_nothing_is_prepared_for_what_reads_fingerprints(attaching, tmp_path) -> None:
    molecules = Molecules(SMILES)
    attaching.pool("b/t", molecules, {"ecfp4"})
    attaching.queries("b/t", molecules, frozenset())
    assert not molecules.attached
    assert [*tmp_path.iterdir()] == []
