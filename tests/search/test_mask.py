"""Filters come before the scan, and change nothing but the work: hits are those of the walk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fakes import FakeEncoder, molecule, prepared_set

from molsearch.chem.fingerprints import ecfp4_of_smiles, tanimoto
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.index.writer import build_index
from molsearch.search import mask, select
from molsearch.search.engine import search
from molsearch.search.exclusions import read_exclusions
from molsearch.search.hit_filter import HitFilter
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen

SMILES = ["CCO", "c1ccccc1O", "CCN", "CC(=O)O", "c1ccncc1", "CCCl", "OCCO", "CCCCC"]
N = 600


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mask")
    rows = [
        molecule(
            i,
            seed=i,
            parent_smiles=SMILES[i % 8],
            smiles=SMILES[i % 8],
            ecfp4=ecfp4_of_smiles(SMILES[i % 8]).tobytes(),
            alerts="PAINS:x" if i % 4 == 0 else "",
            mw=float(i),
            molecule_id=f"id{i:04d}",
            user={"price": str(i % 50)} if i % 7 else {"price": "on request"},
        )
        for i in range(1, N + 1)
    ]
    return build_index(
        prepared_set(folder / "p", rows), FakeEncoder(), folder / "i", shard_rows=250
    )


def run(reader, **config) -> pd.DataFrame:
    return screened(reader, **config).frame


def screened(
    reader, exclude_ids=(), dissimilar_to=(), dissimilar_at=0.4, searching=search, **config
):
    prepare = PrepareConfig(n_conformers=0)
    found = ScreenConfig(**{"expand": 0, **config})
    queries = read_queries(["CCO"], ReadConfig(), prepare)
    exclusions = read_exclusions(exclude_ids, dissimilar_to, dissimilar_at, prepare)
    return screen(reader, FakeEncoder(), queries, found, exclusions=exclusions, searching=searching)


CASES = [
    {"where": ("mw<40",)},
    {"where": ("molecule_id=id0123",)},
    {"where": ("mw>=590", "price<10")},
    {"where": ("price=3",)},
    {"where": ("price!=3", "mw<50"), "unique": "parent"},
    {"exclude_alerts": True},
    {"exclude_alerts": True, "include_smarts": ("c",), "where": ("mw>300",)},
    {"where": ("mw>5000",)},
    {"where": ("score>0.5", "mw<500")},
]


@pytest.mark.parametrize("config", CASES)
@pytest.mark.parametrize("k", [3, 1000])
def test_hits_are_those_of_the_walk_down_the_ranking(reader, monkeypatch, config, k):
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 20)  # several steps of the walk
    masked = run(reader, k=k, **config)
    with monkeypatch.context() as patch:
        patch.setattr(HitFilter, "mask", lambda *_: None)
        patch.setattr(HitFilter, "narrow", lambda *_, **__: None)
        walked = run(reader, k=k, **config)
    pd.testing.assert_frame_equal(masked, walked)


def test_a_condition_that_few_meet_is_scanned_for_once(reader, monkeypatch):
    asked = []

    def counted(reader, queries, k, **options):
        asked.append(sum(int((~out).sum()) for out in options["excluded"]))
        return search(reader, queries, k, **options)

    assert len(run(reader, k=5, where=("mw<12",), searching=counted)) == 5
    assert asked == [11]
    asked.clear()
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 5)
    assert len(run(reader, k=5, where=("price=3",), searching=counted)) == 5
    # The first five, and then what is left of those that pass.
    assert len(asked) == 2
    assert asked[1] < N / 40


def test_facts_that_are_kept_rule_rows_out_and_none_is_computed_for_it(reader, monkeypatch):
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 20)
    conditions = {"where": ("qed>0.5",), "k": 40}
    every = run(reader, **{**conditions, "k": N})  # computes and keeps them
    plain = every.head(40)
    asked = []
    real = HitFilter.keep
    monkeypatch.setattr(
        HitFilter,
        "keep",
        lambda self, found, a: asked.append(len(found)) or real(self, found, a),
    )
    pd.testing.assert_frame_equal(run(reader, **conditions), plain)
    # The first step, and then no more than what passes.
    assert sum(asked) <= 40 + len(every) < N / 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mask, "_ROWS_AT_ONCE", 7)
        pd.testing.assert_frame_equal(run(reader, **conditions), plain)


def test_each_value_that_is_no_number_is_counted_once(reader, monkeypatch):
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 5)
    (line,) = [
        one for one in screened(reader, k=N, where=("price<60",)).warnings if "--where" in one
    ]
    bad = sum(i % 7 == 0 for i in range(1, N + 1))
    assert line.startswith(f"--where: {bad} of {N} molecules looked at have no number")


def test_a_mask_that_leaves_nothing_is_one_line(reader):
    done = screened(reader, k=10, where=("mw>5000",))
    assert len(done.frame) == 0
    assert any(
        line == f"none of {N} molecules passes the filters; 10 were asked" for line in done.warnings
    )


@pytest.mark.parametrize("threshold", [-2.0, 0.2, 0.61, 3.0])
@pytest.mark.parametrize("k", [4, N])
def test_a_threshold_keeps_what_scores_at_least_it(reader, threshold, k):
    every = run(reader, k=N)
    due = every[every.score >= threshold].head(k)
    found = run(reader, k=k, threshold=threshold)
    assert found.molecule_id.tolist() == due.molecule_id.tolist()
    assert found.score.tolist() == due.score.tolist()
    filtered = run(reader, k=k, threshold=threshold, where=("mw<300",))
    due = every[(every.score >= threshold) & (every.mw < 300)].molecule_id.head(k)
    assert filtered.molecule_id.tolist() == due.tolist()


def test_a_threshold_that_equals_a_score_keeps_that_hit(reader):
    every = run(reader, k=N, rank="molsearch")
    at = float(every.score[17])
    due = int((every.score >= at).sum())
    assert len(run(reader, k=N, rank="molsearch", threshold=at)) == due < N


def test_a_threshold_that_is_too_high_or_cut_by_k_says_so(reader):
    assert any("lower --threshold" in line for line in screened(reader, threshold=9.0).warnings)
    assert any("raise -k" in line for line in screened(reader, k=3, threshold=-9.0).warnings)


def test_excluded_ids_are_no_hits_and_unknown_ones_are_told(reader):
    every = run(reader, k=N)
    gone = ["id0001", "id0007", *every.molecule_id.head(20), *every.molecule_id.tail(20)]
    done = screened(reader, k=N, exclude_ids=[*gone, "nobody", "id0001"])
    due = every[~every.molecule_id.isin(gone)].molecule_id
    assert done.frame.molecule_id.tolist() == due.tolist()
    (line,) = [one for one in done.warnings if "--exclude-ids" in one]
    assert f"1 of {len(set(gone)) + 1} ids" in line
    assert "'nobody'" in line


def test_nothing_similar_to_what_is_known_is_a_hit(reader, tmp_path):
    (tmp_path / "known.smi").write_text("c1ccccc1O phenol\nCCCCC pentane\n")
    known = (str(tmp_path / "known.smi"), "CCN")
    found = run(reader, k=N, dissimilar_to=known, dissimilar_at=0.3)
    prints = [ecfp4_of_smiles(one) for one in ("c1ccccc1O", "CCCCC", "CCN")]
    near = {
        one: max(float(tanimoto(p, ecfp4_of_smiles(one)[None])[0]) for p in prints)
        for one in SMILES
    }
    due = [i for i in range(1, N + 1) if near[SMILES[i % 8]] < 0.3]
    assert sorted(found.record_number) == due
    assert 0 < len(due) < N


def test_similarity_at_the_edge_is_decided_exactly(monkeypatch):
    rng = np.random.default_rng(0)
    prints = np.packbits(rng.random((400, 2048)) < 0.02, axis=1)
    known = np.packbits(rng.random((5, 2048)) < 0.02, axis=1)
    exact = mask.tanimoto_matrix(known, prints).max(axis=0)

    class Held:
        shard_rows = (400,)

        def checked_fingerprints(self, shard):
            class Rows:
                rows = staticmethod(lambda start, stop: prints[start:stop])

            return Rows

    for at in np.unique(exact)[-20:]:
        excluded = mask.nothing_excluded(Held())
        mask.exclude_alike(excluded, Held(), known, float(at))
        assert np.array_equal(excluded[0], exact >= at)
