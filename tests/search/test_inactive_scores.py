"""Hits beside known inactives: columns, ranks that these lower, filters on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fakes import FakeEncoder, molecule, prepared_set

from molsearch import schema
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.errors import InputError, UsageError
from molsearch.index.writer import build_index
from molsearch.scoring.series import series_of
from molsearch.search.hits import COLUMNS
from molsearch.search.inactives import read_inactives
from molsearch.search.page import write_page
from molsearch.search.queries import embed_queries, read_queries
from molsearch.search.screen import screen

N = 900
FLAT = PrepareConfig(n_conformers=0)
INACTIVES = ("c1ccccc1CCN amine", "OC(=O)CCCl acid", "CCCCCCCC octane")
D_ALANINE = "QNAYBMKLOCPYGJ-UWTATZPHSA-N"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contrast")
    rows = [molecule(i, scaffold=f"s{i % 25}") for i in range(1, N + 1)]
    rows[9] = molecule(10, parent_smiles="C[C@@H](N)C(=O)O", inchikey=D_ALANINE)
    rows[10] = molecule(11, inchikey="TVMXDCGIABBOFY-UHFFFAOYSA-N", user={"inactive_score": "x"})
    return build_index(
        prepared_set(folder / "p", rows), FakeEncoder(), folder / "i", shard_rows=128
    )


def run(reader, *queries, inactives=INACTIVES, encoder=None, **config):
    return screen(
        reader,
        encoder or FakeEncoder(),
        read_queries(queries or ("CCO", "CCOC"), ReadConfig(), FLAT),
        ScreenConfig(**{"expand": 0, **config}),
        inactives=read_inactives(inactives, ReadConfig(), FLAT),
    )


@pytest.fixture(scope="module")
def everything(reader) -> pd.DataFrame:
    return run(reader, k=N, inactives_weight=0).frame


def test_each_hit_names_the_nearest_inactive_and_its_score(reader, everything):
    vectors = embed_queries(
        read_inactives(INACTIVES, ReadConfig(), FLAT).molecules, FakeEncoder()
    ).vectors.astype(np.float64)
    stored = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    scores = (stored.astype(np.float64) @ vectors.T)[everything.record_number - 1]
    np.testing.assert_allclose(everything.inactive_score, scores.max(axis=1), atol=1e-12)
    names = np.array(["amine", "acid", "octane"])
    assert everything.nearest_inactive.tolist() == names[scores.argmax(axis=1)].tolist()
    assert set(everything.nearest_inactive) == set(names)


def test_columns_follow_is_query_and_ranks_stay_without_a_weight(reader, everything):
    plain = run(reader, k=N, inactives=()).frame
    assert plain.record_number.tolist() == everything.record_number.tolist()
    place = COLUMNS.index("is_query") + 1
    new = ["nearest_inactive", "inactive_score", "is_inactive"]
    assert everything.columns[place : place + 3].tolist() == new
    assert everything.drop(columns=[*new, "inactive_score_input"]).equals(
        plain.drop(columns="inactive_score")
    )
    # Without inactives the name is the user's; with them his column steps aside.
    assert plain.set_index("record_number").inactive_score[11] == "x"
    assert everything.set_index("record_number").inactive_score_input[11] == "x"


@pytest.mark.parametrize("weight", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("k", [1, 40, N])
def test_a_weight_ranks_the_whole_library_anew(reader, everything, weight, k):
    hits = run(reader, k=k, inactives_weight=weight).frame
    keys = everything.score - weight * everything.inactive_score
    due = everything.assign(key=keys).sort_values("key", ascending=False, kind="stable").head(k)
    assert hits.record_number.tolist() == due.record_number.tolist()
    np.testing.assert_allclose(hits.score, due.key, atol=1e-12)
    assert (np.diff(hits.score) <= 0).all()
    assert hits.similarity_score.tolist() == due.score.tolist()
    if k == 40:
        # Not a mere re-sort: hits come from below the plain list's end.
        assert not set(hits.record_number) <= set(everything.record_number.head(k))


def test_filters_and_the_best_of_a_scaffold_go_by_the_lowered_ranks(reader, everything):
    ranked = run(reader, k=N, inactives_weight=1.0).frame
    hits = run(reader, k=15, inactives_weight=1.0, unique="scaffold", where=("inactive_score<0.3",))
    due = ranked[ranked.inactive_score < 0.3].drop_duplicates("scaffold").head(15)
    assert hits.frame.record_number.tolist() == due.record_number.tolist()
    for name in ("score", "similarity_score"):
        hits = run(reader, k=N, inactives_weight=1.0, where=(f"{name}>=0.2",)).frame
        assert hits.record_number.tolist() == ranked[ranked[name] >= 0.2].record_number.tolist()
        assert 0 < len(hits) < N
    hits = run(reader, k=N, inactives_weight=1.0, threshold=0.2).frame
    assert hits.record_number.tolist() == ranked[ranked.score >= 0.2].record_number.tolist()


def test_an_inactive_in_the_library_is_marked_and_can_be_left_out(reader):
    both = ("C[C@@H](N)C(=O)O D", "OC(=O)CCCl acid")
    hits = run(reader, k=N, inactives=both).frame
    marked = hits[hits.is_inactive]
    assert marked.record_number.tolist() == [10]
    rest = run(reader, k=N, inactives=both, keep_inactives=False).frame
    assert sorted(rest.record_number) == [i for i in range(1, N + 1) if i != 10]
    # Its stereoisomer may be the active one: it is not marked.
    other = run(reader, k=N, inactives=("C[C@H](N)C(=O)O L",)).frame
    assert not other.is_inactive.any()


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"inactives_weight": 1.0}, "--inactives-weight is about known inactives; give them"),
        ({"keep_inactives": False}, "--drop-inactives is about known inactives"),
        ({"where": ("inactive_score<1",)}, "--where inactive_score is about known inactives"),
    ],
)
def test_what_needs_inactives_is_refused_without(reader, config, match):
    encoder = FakeEncoder()
    with pytest.raises(UsageError, match=match):
        run(reader, inactives=(), encoder=encoder, **config)
    assert encoder.n_embedded == 0
    with pytest.raises(UsageError, match="ask for score, or give --inactives-weight"):
        run(reader, where=("similarity_score>0",), inactives_weight=0)


def test_an_inactive_without_an_embedding_is_refused_by_name(reader):
    class Broken(FakeEncoder):
        def embed_conformers(self, table):
            vectors, owner = super().embed_conformers(table)
            if "OC(=O)CCCl" in table.column(schema.SMILES).to_pylist():
                vectors[1] = np.nan
            return vectors, owner

    with pytest.raises(InputError, match=r"inactive 'acid': the encoder gives it no embedding"):
        run(reader, encoder=Broken())


def test_an_empty_list_has_the_columns_too(reader):
    hits = run(reader, k=5, where=("mw>9000",), inactives_weight=1.0).frame
    assert len(hits) == 0
    assert [name for name in hits if name not in COLUMNS] == list(schema.INACTIVE_COLUMNS)


def test_the_page_names_the_nearest_inactive(reader, tmp_path):
    hits = run(reader, k=5, inactives=("OC(=O)CCCl <i>acid",), inactives_weight=0.5)
    write_page(hits.frame, [{"id": "CCO", "smiles": "CCO"}], tmp_path / "h.html", {})
    page = (tmp_path / "h.html").read_text()
    assert "&lt;i&gt;acid (score 0." in page or "&lt;i&gt;acid (score -" in page
    assert "<i>acid" not in page
    assert "score before inactives" in page
    for name in ("score", "similarity_score"):
        assert f"{hits.frame[name][0]:.3f}" in page
    assert "nearest known inactive" in page
    plain = hits.frame.drop(columns=list(schema.INACTIVE_COLUMNS))
    write_page(plain, [{"id": "CCO", "smiles": "CCO"}], tmp_path / "p.html", {})
    assert "inactive" not in (tmp_path / "p.html").read_text()


def test_an_expression_says_how_much_the_nearest_inactive_counts(reader):
    said = run(reader, k=40, rank="molsearch+0.5*ecfp4+0.25*inactives")
    asked = run(reader, k=40, rank="molsearch+0.5*ecfp4", inactives_weight=0.25)
    assert said.frame.equals(asked.frame)
    assert said.ranking.words().endswith(" less 0.25 × cosine of the nearest known inactive")
    assert {"name": "inactives", "weight": 0.25, "fusion": None} in said.ranking.record()[
        "components"
    ]


@pytest.mark.parametrize("k", [1, 40, N])
def test_the_series_model_ranks_the_whole_library(reader, everything, k):
    background = np.random.default_rng(3).standard_normal((64, FakeEncoder().dim))
    background /= np.linalg.norm(background, axis=1, keepdims=True)
    encoder = FakeEncoder(background=background.astype(np.float32))
    hits = run(reader, k=k, rank="molsearch+2*series", encoder=encoder).frame
    asked, against = (
        embed_queries(some, encoder).as_molecules().astype(np.float64)
        for some in (
            read_queries(("CCO", "CCOC"), ReadConfig(), FLAT),
            read_inactives(INACTIVES, ReadConfig(), FLAT).molecules,
        )
    )
    direction = series_of(asked, against, background.astype(np.float32).astype(np.float64))
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    stored = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    model = stored.astype(np.float64) @ direction
    plain = run(reader, k=N, rank="molsearch").frame.set_index("record_number")
    keys = pd.Series(model, index=np.arange(1, N + 1)) * 2 + plain.molsearch_score
    due = keys.sort_values(ascending=False).head(k)
    np.testing.assert_allclose(hits.score, due, atol=2e-6)
    np.testing.assert_allclose(hits.similarity_score, plain.score[hits.record_number], atol=1e-12)
    assert set(hits.record_number) == set(due.index)
    np.testing.assert_allclose(hits.series_score, model[hits.record_number - 1], atol=1e-6)
    assert (asked @ direction).mean() > (against @ direction).mean()


@pytest.mark.parametrize(
    ("rank", "config", "inactives", "match"),
    [
        ("molsearch+inactives", {}, (), "'inactives' is about known inactives; give them"),
        ("molsearch+series", {}, (), "'series' is about known inactives; give them"),
        ("inactives", {}, INACTIVES, "changes the ranks that something else gives"),
        ("molsearch+inactives+series", {}, INACTIVES, "count the same molecules; leave one out"),
        ("molsearch+inactives-mean", {}, INACTIVES, "not fused over queries; drop the -mean"),
        ("molsearch+inactives", {"inactives_weight": 1.0}, INACTIVES, "leave --inactives-weight"),
        ("molsearch+nan*series", {}, INACTIVES, "no positive number"),
    ],
)
def test_how_inactives_count_is_said_once_and_of_inactives(reader, rank, config, inactives, match):
    encoder = FakeEncoder()
    with pytest.raises(UsageError, match=match):
        run(reader, rank=rank, inactives=inactives, encoder=encoder, **config)
    assert encoder.n_embedded == 0


def test_by_default_inactives_count_from_five_queries_on(reader):
    five = ("CCO", "CCOC", "CCN", "CCCO", "CCCN")
    several, four = (run(reader, *some, k=9, expand=None) for some in (five, five[:4]))
    assert several.ranking.asked == "balanced"
    assert str(several.ranking.expression).endswith("+0.5*series")
    explicit = run(reader, *five, k=9, rank=str(several.ranking.expression))
    assert explicit.frame.equals(several.frame)
    assert "left out of account" in several.trust.aside
    assert four.ranking.of_inactives is None
    assert "similarity_score" not in four.frame
    off = run(reader, *five, k=9, inactives_weight=0)
    none = run(reader, *five, k=9, inactives=())
    assert off.frame.record_number.tolist() == none.frame.record_number.tolist()
    # Each query is looked for with the others by a model that has not seen it.
    assert several.leave_one_out == off.leave_one_out
