"""The whole screen over an index of made-up molecules: columns, filters, warnings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fakes import FakeEncoder, molecule, prepared_set
from rdkit import Chem

from molsearch.chem.facts import FACTS, Fact, compute
from molsearch.chem.fingerprints import ecfp4_of_smiles, tanimoto
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.writer import build_index
from molsearch.schema import STORED_FACTS
from molsearch.search.hits import COLUMNS
from molsearch.search.output import write_hits
from molsearch.search.queries import embed_queries, read_queries
from molsearch.search.screen import screen

SMILES = ["CCO", "c1ccccc1O", "CCN", "CC(=O)O", "c1ccncc1", "CCCl", "OCCO", "CCCCC"]
N = 3000


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("screen")
    rng = np.random.default_rng(7)
    rows = []
    for i in range(1, N + 1):
        smiles = SMILES[i % len(SMILES)]
        skeleton = f"{i % 700:014d}"
        rows.append(
            molecule(
                i,
                parent_smiles=smiles,
                smiles=smiles,
                inchikey=f"{skeleton}-{'ABCDEFGHIJ'[i % 10] * 10}-N",
                scaffold=f"scaffold-{i % 40}" if i % 5 else "",
                alerts="PAINS:x" if i % 4 == 0 else "",
                mw=float(rng.uniform(100, 600)),
                user={"score": f"s{i}", "price €": str(i)} if i % 2 else {"vendor": "=x"},
            )
        )
    rows[41] = molecule(
        42, parent_smiles="CCO", inchikey="LFQSCWFLJHTTHZ-UHFFFAOYSA-N", user={}, alerts="",
        heavy_atoms=3,
        ecfp4=ecfp4_of_smiles("CCO").tobytes(),
    )  # fmt: skip
    return build_index(
        prepared_set(folder / "p", rows), FakeEncoder(), folder / "i", shard_rows=1100
    )


def run(reader, *queries, encoder=None, **config):
    found = read_queries(queries or ("CCO",), ReadConfig(), PrepareConfig(n_conformers=0))
    once = ScreenConfig(**{"expand": 0, **config})
    return screen(reader, encoder or FakeEncoder(), found, once)


@pytest.fixture(scope="module")
def everything(reader) -> pd.DataFrame:
    """Every molecule in rank order, against which filtered screens are compared."""
    return run(reader, k=N).frame


def test_columns_and_order_are_the_documented_ones(everything):
    assert everything.columns.tolist() == [*COLUMNS, "score_input", "price €", "vendor"] or (
        set(everything.columns) == {*COLUMNS, "score_input", "price €", "vendor"}
        and everything.columns[: len(COLUMNS)].tolist() == list(COLUMNS)
    )
    assert everything["rank"].tolist() == list(range(1, N + 1))
    assert (np.diff(everything.score) <= 0).all()
    row = everything.set_index("record_number").loc[7]
    assert (row["score_input"], row["price €"]) == ("s7", "7")
    assert pd.isna(row["vendor"])


def test_the_query_in_the_library_comes_first_and_is_marked(everything):
    first = everything.iloc[0]
    assert first.record_number == 42
    assert first.molsearch_score == pytest.approx(1, abs=2e-3)
    assert first.score == pytest.approx(2, abs=2e-3)
    assert first.ecfp4_similarity == 1.0
    assert everything.is_query.tolist() == [True] + [False] * (N - 1)


@pytest.mark.parametrize(
    ("rank", "weights"),
    [("molsearch", (1, 0)), ("balanced", (1, 1)), ("ecfp4", (0, 1)), ("3*molsearch+ecfp4", (3, 1))],
)
def test_ecfp4_similarity_is_that_to_the_nearest_query_by_what_ranks(reader, rank, weights):
    hits = run(reader, "CCO ethanol", "c1ccccc1CCN amine", k=50, rank=rank)
    prints = {"ethanol": ecfp4_of_smiles("CCO"), "amine": ecfp4_of_smiles("c1ccccc1CCN")}
    assert set(hits.frame.nearest_query) <= set(prints)
    found = hits.candidates
    for i in range(50):
        stored = reader.fingerprints(int(found.shards[i]))[found.rows[i]][None]
        similar = np.array([tanimoto(one, stored)[0] for one in prints.values()])
        each = weights[0] * found.query_scores[i] + weights[1] * similar
        best = int(each.argmax())
        assert hits.frame.nearest_query[i] == ["ethanol", "amine"][best]
        assert hits.frame.ecfp4_similarity[i] == pytest.approx(similar[best], abs=1e-6)
        assert hits.frame.ecfp4_score[i] == pytest.approx(similar.max(), abs=1e-6)


def test_percentiles_place_a_hit_in_the_background(reader):
    background = FakeEncoder("b").embed_table
    vectors = np.random.default_rng(0).standard_normal((400, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    encoder = FakeEncoder(background=vectors)
    hits = run(reader, "CCO", encoder=encoder, k=N, rank="molsearch")
    query = embed_queries(hits.queries, encoder).vectors[0].astype(float)
    due = [
        100 * ((vectors.astype(float) @ query) < score).mean() for score in hits.frame.score[:20]
    ]
    np.testing.assert_allclose(hits.frame.background_percentile[:20], due)
    assert (np.diff(hits.frame.background_percentile) <= 0).all()
    assert background is not None
    assert hits.percentile_of == "score"


def test_percentiles_of_the_default_follow_its_ranks(reader):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((400, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    prints = np.packbits(rng.random((400, 2048)) < 0.02, axis=1)
    queries = ("CCO", "c1ccccc1CCN")
    encoder = FakeEncoder(background=vectors, background_ecfp4=prints)
    hits = run(reader, *queries, encoder=encoder, k=N)
    assert hits.percentile_of == "score"
    assert (np.diff(hits.frame.background_percentile) <= 0).all()
    assert 1 < hits.frame.background_percentile.nunique() < 400
    older = run(reader, *queries, encoder=FakeEncoder(background=vectors), k=N)
    assert older.percentile_of == "molsearch_score"
    assert older.frame.score.tolist() == hits.frame.score.tolist()


FILTERS = {
    "where": (
        {"where": ("300<=mw<320, rotatable_bonds<=4",)},
        lambda f: f[(f.mw >= 300) & (f.mw < 320) & (f.rotatable_bonds <= 4)],
    ),
    "similarity": (
        {"where": ("ecfp4_similarity<0.005",)},
        lambda f: f[f.ecfp4_similarity < 0.005],
    ),
    "score": ({"where": ("score<0.2",)}, lambda f: f[f.score < 0.2]),
    "components": (
        {"where": ("molsearch_score>0.1, ecfp4_score<0.02",)},
        lambda f: f[(f.molsearch_score > 0.1) & (f.ecfp4_score < 0.02)],
    ),
    "alerts": ({"exclude_alerts": True}, lambda f: f[f.alerts == ""]),
    "query": ({"keep_query": False}, lambda f: f[~f.is_query]),
    "include": ({"include_smarts": ("c1ccccc1",)}, lambda f: f[f.parent_smiles == "c1ccccc1O"]),
    "exclude": (
        {"exclude_smarts": ("[OH]", "Cl")},
        lambda f: f[~f.parent_smiles.str.contains("O|Cl")],
    ),
    "parent": ({"unique": "parent"}, lambda f: f.drop_duplicates("inchikey")),
    "skeleton": (
        {"unique": "skeleton"},
        lambda f: f[~f.inchikey.str[:14].duplicated()],
    ),
    "scaffold": (
        {"unique": "scaffold"},
        lambda f: f[~f.scaffold.where(f.scaffold != "", f.inchikey).duplicated()],
    ),
    "all": (
        {
            "where": ("mw<400",),
            "exclude_alerts": True,
            "exclude_smarts": ("N",),
            "unique": "skeleton",
        },
        lambda f: (g := f[(f.mw < 400) & (f.alerts == "") & ~f.parent_smiles.str.contains("N")])[
            ~g.inchikey.str[:14].duplicated()
        ],
    ),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("k", [1, 30, N])
def test_filters_return_the_k_best_of_those_that_pass(reader, everything, name, k):
    config, expected = FILTERS[name]
    due = expected(everything).head(k)
    assert len(expected(everything)) > 5
    hits = run(reader, k=k, **config)
    assert hits.frame.record_number.tolist() == due.record_number.tolist()
    assert hits.frame["rank"].tolist() == list(range(1, len(due) + 1))
    np.testing.assert_array_equal(hits.frame.score, due.score)
    assert (len(due) < k) == any("the filters; " in warning for warning in hits.warnings)


def test_filters_that_nothing_passes_give_an_empty_list_with_all_columns(reader):
    hits = run(reader, k=5, where=("mw>9000",))
    assert len(hits.frame) == 0
    assert hits.frame.columns.tolist() == list(COLUMNS)
    assert "none of 3,000 molecules passes the filters; 5 were asked" in hits.warnings


def test_more_hits_than_molecules_is_no_reason_for_a_warning(reader):
    hits = run(reader, k=N + 1)
    assert len(hits.frame) == N
    assert not [one for one in hits.warnings if "asked" in one]
    assert not [one for one in run(reader, k=N + 1, where=("mw>0",)).warnings if "asked" in one]


def test_fusions_change_the_ranking(reader):
    one = run(reader, "CCO", "c1ccccc1CCN", k=200, fusion="max").frame
    two = run(reader, "CCO", "c1ccccc1CCN", k=200, fusion="mean").frame
    assert one.record_number.tolist() != two.record_number.tolist()


THREE = ("CCO ethanol", "c1ccccc1CCN amine", "CC(=O)O acid")


@pytest.mark.parametrize(
    ("queries", "config", "due"),
    [
        (THREE[:1], {}, lambda cos, ecfp: cos[:, 0] + ecfp[:, 0]),
        (THREE, {}, lambda cos, ecfp: np.sort(cos, axis=1)[:, 1:].mean(1) + 2 * ecfp.max(1)),
        (THREE, {"fusion": "mean"}, lambda cos, ecfp: cos.mean(1) + 2 * ecfp.mean(1)),
        (THREE, {"rank": "4*molsearch+ecfp4-mean"}, lambda c, e: 4 * c.max(1) + e.mean(1)),
        (THREE, {"rank": "ecfp4"}, lambda cos, ecfp: ecfp.max(1)),
        (THREE, {"rank": "fake-top2"}, lambda cos, ecfp: np.sort(cos, axis=1)[:, 1:].mean(1)),
    ],
)
def test_the_score_is_the_sum_of_its_columns_over_the_whole_library(reader, queries, config, due):
    hits = run(reader, *queries, k=N, **config)
    stored = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)]).astype(float)
    prints = np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])
    cosines = stored @ embed_queries(hits.queries, FakeEncoder()).vectors.astype(float).T
    alike = np.stack([tanimoto(query.fingerprint, prints) for query in hits.queries], axis=1)
    np.testing.assert_allclose(hits.frame.score, np.sort(due(cosines, alike))[::-1], atol=1e-6)
    weights = {part["name"]: part["weight"] for part in hits.ranking.record()["components"]}
    total = sum(weights[name] * hits.frame[f"{name}_score"] for name in weights)
    np.testing.assert_allclose(hits.frame.score, total, atol=1e-3)  # lengths of float16 vectors


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        ("nobody", "no encoder and no fingerprint is called 'nobody'"),
        ("shape", "looks at the first of a list"),
        ("balanced+ecfp4", "balanced stands alone"),
        ("nan*ecfp4", "no positive number"),
        ("molsearch+", "lacks a name"),
        ("ecfp4+ecfp4", "twice"),
        ("molsearch+fake", "twice"),
    ],
)
def test_a_ranking_that_cannot_be_is_refused_before_anything_is_embedded(reader, rank, words):
    encoder = FakeEncoder()
    with pytest.raises(UsageError, match=words):
        run(reader, "CCO", encoder=encoder, rank=rank)
    assert encoder.n_embedded == 0


def test_warnings_of_queries_without_3d_and_with_open_stereo(reader):
    hits = run(reader, "CC(N)C(=O)O alanine", k=1)
    assert any("'alanine' has no 3D geometry" in warning for warning in hits.warnings)
    assert any("'alanine' leaves 1 stereocentre open" in warning for warning in hits.warnings)


def test_a_condition_on_our_score_is_told_where_the_library_has_a_score_too(reader):
    due = "--where score is about the score of this screen; the library's own column of that name "
    for threshold in (0, 99):
        hits = run(reader, where=(f"score>{threshold}",), k=5)
        assert due + "is called score_input" in hits.warnings
    assert not any("--where" in one for one in run(reader, where=("molsearch_score>0",)).warnings)


def test_many_queries_share_a_warning_and_a_mixture_says_what_is_searched_with(reader):
    hits = run(reader, *[f"CC(N)C{'C' * n}O q{n}" for n in range(5)], "CCCO.CCN both", k=1)
    (line,) = [warning for warning in hits.warnings if "stereocentre" in warning]
    due = "5 queries leave stereocentres open: one stereoisomer of each is searched with ("
    assert line == due + "'q0'; 'q1'; 'q2'; 2 more)"
    due = "query 'both' is a mixture: its largest organic part is searched with, and not CCN"
    assert due in hits.warnings


def test_another_encoder_is_refused_before_it_embeds_anything(reader):
    other = FakeEncoder("other")
    with pytest.raises(EncoderMismatchError):
        run(reader, "CCO", encoder=other)
    assert other.n_embedded == 0


def test_unreadable_filters_are_refused_before_anything_is_embedded(reader):
    encoder = FakeEncoder()
    for config in ({"where": ("mw<",)}, {"include_smarts": ("[",)}):
        with pytest.raises(UsageError):
            run(reader, "CCO", encoder=encoder, **config)
    assert encoder.n_embedded == 0


@pytest.fixture(scope="module")
def lean(tmp_path_factory):
    return lean_index(tmp_path_factory.mktemp("lean"))


def lean_index(folder):
    """The same library as ``molsearch prepare`` leaves it: facts are yet to be computed."""
    nothing = dict.fromkeys(STORED_FACTS)
    rows = [
        molecule(i, **{**nothing, "parent_smiles": SMILES[i % len(SMILES)], "user": {"qed": "9"}})
        for i in range(1, 401)
    ]
    return build_index(prepared_set(folder / "p", rows), FakeEncoder(), folder / "i")


def test_a_hit_list_has_every_fact_though_none_was_prepared(lean):
    frame = run(lean, k=30).frame
    assert list(frame.columns[: len(COLUMNS)]) == list(COLUMNS)
    for row in frame.to_dict("records"):
        found = compute([row["parent_smiles"]], STORED_FACTS).columns
        assert {name: row[name] for name in STORED_FACTS} == {n: v[0] for n, v in found.items()}
    assert frame["hbd"].dtype == "int32"


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("qed>0.5", lambda row: row["qed"] > 0.5),
        ("clogp<1, aromatic_rings=1", lambda row: row["clogp"] < 1 and row["aromatic_rings"] == 1),
        ("lead", lambda row: row["lead_violations"] == 0),
        ("Fragment and rings=0", lambda row: not row["fragment_violations"] and not row["rings"]),
        ('scaffold!="c1ccccc1"', lambda row: row["scaffold"] not in ("", "c1ccccc1")),
    ],
)
def test_a_filter_on_what_is_not_computed_walks_down_the_ranking(lean, where, holds):
    every = run(lean, k=400, facts=("all",)).frame
    kept = [row["molecule_id"] for row in every.to_dict("records") if holds(row)]
    found = run(lean, k=50, where=(where,)).frame
    assert found["molecule_id"].tolist() == kept[:50]


def test_facts_filtered_by_are_shown_beside_a_users_column_of_that_name(lean):
    frame = run(lean, k=3, where=("qed>0.1",), facts=("fsp3,rings",)).frame
    extra = list(frame.columns[len(COLUMNS) :])
    assert extra == ["qed", "fsp3", "rings", "qed_input"]
    assert set(frame["qed_input"]) == {"9"}


@pytest.mark.parametrize("dropped", ["drop", "keep"])
def test_dropping_the_query_asks_for_few_names(lean, dropped):
    keep = dropped == "keep"
    ids = run(lean, "c1ccccc1O", k=400, keep_query=keep).frame["molecule_id"]
    assert len(ids) == (400 if keep else 350)


def test_a_fact_that_fails_keeps_the_hit_and_is_told(tmp_path, monkeypatch):
    def fail(mol):
        if mol.GetNumHeavyAtoms() == 3:
            raise RuntimeError("no table")
        return 0.25

    monkeypatch.setitem(FACTS, "cns_mpo", Fact("cns_mpo", float, fail, "CNS MPO", digits=2))
    monkeypatch.setitem(FACTS, "veber_violations", Fact("veber_violations", int, fail, "V"))
    lean = lean_index(tmp_path)
    every = run(lean, k=400, facts=("cns_mpo", "veber_violations"))
    assert len(every.frame) == 400
    empty = every.frame["cns_mpo"].isna()
    small = every.frame["parent_smiles"].isin(["CCO", "CCN", "CCCl"])
    assert empty.tolist() == small.tolist() == every.frame["veber_violations"].isna().tolist()
    assert every.fact_failures.num_rows == small.sum()
    assert any("150 hits with facts that cannot be computed" in line for line in every.warnings)
    found = run(lean, k=400, where=("cns_mpo<3",))
    assert len(found.frame) == 250
    assert any("cns_mpo of 150 molecules cannot be computed" in line for line in found.warnings)


def test_hits_of_a_library_without_conformers_get_3d_when_they_are_written(tmp_path):
    flat = {"geometry": "none", "n_conformers": 0, "coords": b""}
    large = "C" * 60
    rows = [
        molecule(1, parent_smiles="CC(O)CN", n_atoms=5, **flat),
        molecule(2, parent_smiles=large, n_atoms=60, **flat),
    ]
    no_3d = PrepareConfig(n_conformers=0)
    prepared = prepared_set(tmp_path / "p", rows, prepare=no_3d)
    hits = run(build_index(prepared, FakeEncoder(), tmp_path / "i"), "CCO", k=2)
    assert not any("no 3D geometry" in warning for warning in hits.warnings)
    write_hits(hits, tmp_path / "hits.sdf")
    found = {mol.GetProp("_Name"): mol for mol in Chem.SDMolSupplier(str(tmp_path / "hits.sdf"))}
    assert found["m00001"].GetProp("coordinates") == "3D"
    positions = found["m00001"].GetConformer().GetPositions()
    assert np.linalg.svd(positions - positions.mean(0), compute_uv=False)[-1] > 0.5
    assert found["m00002"].GetProp("coordinates") == "2D"
