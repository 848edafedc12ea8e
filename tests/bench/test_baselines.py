from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import AllChem, MACCSkeys, rdMolDescriptors, rdShapeAlign

from molsearch.bench.baselines import HeavyAtomScorer, PropertyScorer, RandomScorer
from molsearch.bench.benchmarks.task import TaskQuery
from molsearch.bench.conformers import ConformerCache, prepare_queries
from molsearch.bench.molecules import Molecules
from molsearch.chem.prepare import prepare_record
from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import RECORDS
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.fingerprint import FingerprintScorer
from molsearch.scoring.protocols import Prepared3D
from molsearch.scoring.shape import ShapeScorer, UsrcatScorer, molecules_of

from .benchmarks.test_files import BENZAMIDE
from .conftest import ACTIVES, DECOYS

POOL = [*ACTIVES[:4], *DECOYS[:4], "broken smiles"]


def make(records, config):
    """Prepare in this process: what the cache is given in tests."""
    yield [prepare_record(record, config) for record in records]


@pytest.fixture
def prepared(tmp_path):
    config = PrepareConfig(n_conformers=2)
    queries, pool = Molecules(ACTIVES[:2]), Molecules(POOL)
    queries.attach(
        prepare_queries([TaskQuery(f"q{i}", s) for i, s in enumerate(ACTIVES[:2])], config)
    )
    pool.attach(ConformerCache(tmp_path, config, make=make).pool("t", POOL))
    return queries, pool


def test_fingerprints_equal_rdkit():
    queries, pool = Molecules(ACTIVES[:2]), Molecules(POOL)
    for name, function in {
        "ecfp4": lambda m: AllChem.GetMorganFingerprintAsBitVect(m, 2, 2048),
        "maccs": MACCSkeys.GenMACCSKeys,
        "rdkit": lambda m: Chem.RDKFingerprint(m, fpSize=2048),
    }.items():
        found = FingerprintScorer(name).score(queries, pool)
        assert np.isnan(found[:, -1]).all()
        mols = [Chem.MolFromSmiles(s) for s in POOL[:-1]]
        for row, query in enumerate(ACTIVES[:2]):
            asked = function(Chem.MolFromSmiles(query))
            expected = [DataStructs.TanimotoSimilarity(asked, function(m)) for m in mols]
            np.testing.assert_allclose(found[row, :-1], expected, atol=1e-6)


def test_random_depends_on_molecule_query_and_seed_alone():
    first = RandomScorer(1).score(Molecules(["C", "N"]), Molecules(POOL))
    turned = RandomScorer(1).score(Molecules(["N", "C"]), Molecules(POOL[::-1]))
    np.testing.assert_array_equal(first, turned[::-1, ::-1])
    assert not np.array_equal(first, RandomScorer(2).score(Molecules(["C", "N"]), Molecules(POOL)))
    many = RandomScorer(0).score(Molecules(["C"]), Molecules([str(i) for i in range(4000)]))
    assert abs(many.mean() - 0.5) < 0.02
    assert many.min() >= 0.0
    assert many.max() <= 1.0


def test_size_and_properties():
    queries, pool = Molecules([POOL[5]]), Molecules(POOL)
    size = HeavyAtomScorer().score(queries, pool)
    assert size[0, 0] == 16.0
    assert np.isnan(size[0, -1])
    found = PropertyScorer().score(queries, pool)
    assert found[0].argsort()[::-1][1:2].tolist() != []
    assert np.nanargmax(found[0]) == 5
    assert found[0, 5] == 0.0
    assert np.isnan(found[0, -1])
    one = PropertyScorer().score(queries, Molecules([POOL[5]] * 3))
    assert one.tolist() == [[0.0, 0.0, 0.0]]


def test_usrcat_is_the_best_over_conformers(prepared):
    queries, pool = prepared
    found = UsrcatScorer().score(queries, pool)
    assert found.shape == (2, len(POOL))
    assert np.isnan(found[:, -1]).all()
    first = list(molecules_of(queries.prepared.table))[1]
    second = list(molecules_of(pool.prepared.table))[pool.prepared.rows[3]]
    best = max(
        1 / (1 + np.abs(np.subtract(a, b)).mean())
        for a in (rdMolDescriptors.GetUSRCAT(first, confId=i) for i in range(2))
        for b in (rdMolDescriptors.GetUSRCAT(second, confId=i) for i in range(2))
    )
    assert found[1, 3] == pytest.approx(best, abs=1e-5)
    assert found[0, :4].min() > found[0, 4:8].max()


def test_shape_overlay(prepared):
    queries, pool = prepared
    found = ShapeScorer(n_starts=2).score(queries, pool)
    assert found.shape == (2, len(POOL))
    assert np.isnan(found[:, -1]).all()
    assert found[0, 0] == pytest.approx(2.0, abs=0.25)
    assert found[0, :4].min() > found[0, 4:8].max()
    mol = next(molecules_of(queries.prepared.table))
    single = rdShapeAlign.AlignMol(mol, Chem.Mol(mol), 0, 0, opt_param=0.5)
    assert sum(single) == pytest.approx(2.0, abs=0.02)
    more = ShapeScorer(n_starts=4).score(queries, pool)
    assert (more[:, :-1] >= found[:, :-1] - 1e-5).all()


def test_cache_prepares_once_and_remembers_failures(tmp_path):
    config = PrepareConfig()
    asked = []

    def counted(records, config):
        asked.extend(record.smiles for record in records)
        return make(records, config)

    cache = ConformerCache(tmp_path, config, make=counted)
    seen = []
    first = cache.pool("b/t", POOL, lambda done, failed: seen.append((done, failed)))
    assert asked == POOL
    assert seen[-1] == (9, 1)
    assert first.rows.tolist() == [*range(8), -1]
    second = cache.pool("b/t", [*POOL[::-1], "CCCCCCO"])
    assert asked == [*POOL, "CCCCCCO"]
    names = second.table.column("smiles").to_pylist()
    assert [names[r] if r >= 0 else None for r in second.rows] == [
        None,
        *POOL[-2::-1],
        "CCCCCCO",
    ]
    ConformerCache(tmp_path, config, make=counted).pool("b/t", POOL[:3])
    assert len(asked) == 10
    ConformerCache(tmp_path, PrepareConfig(seed=1), make=counted).pool("b/t", POOL[:1])
    assert len(asked) == 11


def test_targets_of_a_benchmark_share_conformers_and_failures(tmp_path):
    asked = []

    def counted(records, config):
        asked.extend(record.smiles for record in records)
        return make(records, config)

    cache = ConformerCache(tmp_path, PrepareConfig(), make=counted)
    first = cache.pool("b/first", POOL)
    second = cache.pool("b/second", ["CCCCCCO", *POOL[::-1]])
    assert asked == [*POOL, "CCCCCCO"]
    for place, smiles in enumerate(POOL[:-1]):
        rows = [
            first.table.slice(first.rows[place], 1),
            second.table.slice(second.rows[-1 - place], 1),
        ]
        assert rows[0].column("smiles").to_pylist() == [smiles]
        assert rows[0].column("coords") == rows[1].column("coords")
    assert second.rows[1] == -1
    # Two groups have each molecule by now: a third takes one row of each, no more.
    third = cache.pool("b/third", POOL)
    assert third.table.num_rows == len(POOL) - 1
    assert third.rows.tolist() == [*range(len(POOL) - 1), -1]
    cache.pool("other/first", POOL[:2])
    assert len(asked) == len(POOL) + 3


def test_interrupted_cache_keeps_finished_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("molsearch.bench.conformers.PART_ROWS", 3)
    asked = []

    def dies(records, config):
        for number, record in enumerate(records):
            if len(asked) == 5:
                raise KeyboardInterrupt
            asked.append(record.smiles)
            yield [prepare_record(record, config)]
            assert number < 9

    with pytest.raises(KeyboardInterrupt):
        ConformerCache(tmp_path, PrepareConfig(), make=dies).pool("t", POOL)
    asked_again = []

    def counted(records, config):
        asked_again.extend(record.smiles for record in records)
        return make(records, config)

    found = ConformerCache(tmp_path, PrepareConfig(), make=counted).pool("t", POOL)
    assert asked_again == POOL[3:]
    assert (found.rows >= 0).sum() == 8
    assert not list(tmp_path.rglob("*.tmp-*"))


def test_queries_keep_their_crystal_pose(tmp_path):
    path = tmp_path / "crystal_ligand.mol2"
    path.write_text(BENZAMIDE)
    from molsearch.bench.benchmarks.files import read_mol2_query

    config = PrepareConfig(n_conformers=3)
    found = prepare_queries(
        [read_mol2_query(path), TaskQuery("q", "CCO"), TaskQuery("x", "C1CC")], config
    )
    assert found.rows.tolist() == [0, 1, -1]
    assert found.table.column("geometry").to_pylist() == ["input", "embedded"]
    assert found.table.column("n_conformers").to_pylist()[0] == 1


class FakeEmbedder:
    identity, dim, card = "fake", 4, {"name": "fake", "licence": "none"}

    def embed_table(self, table):
        sizes = np.array(table.column("heavy_atoms").to_pylist(), np.float32)
        vectors = np.stack([sizes, np.ones_like(sizes), 0 * sizes, 0 * sizes], axis=1)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_encoder_scores_are_cosines(prepared, monkeypatch):
    monkeypatch.setattr("molsearch.scoring.embedding._BLOCK", 3)
    queries, pool = prepared
    scorer = EncoderScorer("fake", FakeEmbedder())
    found = scorer.score(queries, pool)
    assert np.isnan(found[:, -1]).all()
    assert found[0, 0] == pytest.approx(1.0, abs=1e-6)
    assert (np.nan_to_num(found) <= 1 + 1e-6).all()
    assert scorer.identity()["encoder"] == "fake"
    nobody = Molecules(["x"])
    nobody.attach(Prepared3D(RECORDS.empty_table(), np.array([-1])))
    assert np.isnan(scorer.score(queries, nobody)).all()
    assert np.isnan(UsrcatScorer().score(queries, nobody)).all()
    assert np.isnan(ShapeScorer().score(queries, nobody)).all()


class NoiseEmbedder:
    identity, card = "noise", {"name": "noise", "licence": "none"}

    def __init__(self, dim):
        self.dim = dim

    def embed_table(self, table):
        rng = np.random.default_rng(table.num_rows)
        return rng.standard_normal((table.num_rows, self.dim)).astype(np.float32)


@pytest.mark.parametrize("n", [17, 33, 101])
@pytest.mark.parametrize("dim", [64, 250, 256])
def test_equal_embeddings_tie_wherever_they_stand(prepared, n, dim):
    queries, whole = prepared
    pool = Molecules(["C"] * n)
    pool.attach(Prepared3D(whole.prepared.table, np.arange(n) % 5))
    for row in EncoderScorer("noise", NoiseEmbedder(dim)).score(queries, pool):
        assert len(set(row.tolist())) == 5
