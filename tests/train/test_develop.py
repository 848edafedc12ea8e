"""Development screens against a plain computation, and the card's figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from rdkit.ML.Scoring import Scoring

from molsearch.chem.fingerprints import tanimoto
from molsearch.errors import InputError
from molsearch.metrics.enrichment import bedroc
from molsearch.metrics.ranking import rank
from molsearch.train.card import applicability, development_figures
from molsearch.train.develop import NOVEL, evaluate_screens, load_screens

ACTIVES = ["c1ccccc1C(=O)N", "c1ccccc1C(=O)NC", "c1ccc(F)cc1C(=O)N", "C1CCNCC1CO"]
DECOYS = ["CCCCCC", "CCOCC", "c1ccncc1", "CC(C)CO", "OCCO", "CCN(CC)CC", "c1ccsc1", "CC#N"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two targets; the second has no decoy that is not shared, and lite leaves rows out."""
    rows = [("T1", "active", s, i < 2, True) for i, s in enumerate(ACTIVES)]
    rows += [("T1", "decoy", s, False, True) for s in DECOYS]
    rows += [("T2", "active", s, i == 0, True) for i, s in enumerate(ACTIVES[::-1])]
    rows += [("T2", "decoy", s, False, i < 4) for i, s in enumerate(DECOYS)]
    table = pd.DataFrame(rows, columns=["target", "label", "smiles", "is_query", "lite"])
    table.to_parquet(tmp_path / "screens.parquet")
    return tmp_path / "screens.parquet"


def _naive_ecfp4(table: pd.DataFrame, target: str) -> dict[str, float]:
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    rows = table[table.target == target].to_dict("records")
    prints = [make.GetFingerprint(Chem.MolFromSmiles(r["smiles"])) for r in rows]
    results = []
    for q, query in enumerate(rows):
        if not query["is_query"]:
            continue
        scored = [
            (DataStructs.TanimotoSimilarity(prints[q], prints[i]), r["label"] == "active")
            for i, r in enumerate(rows)
            if i != q
        ]
        assert len({s for s, _ in scored}) == len(scored) or True
        scored.sort(key=lambda pair: -pair[0])
        novel = [pair for pair in scored if not pair[1] or pair[0] < NOVEL]
        results.append(
            {
                "auroc": Scoring.CalcAUC(scored, 1),
                "novel": Scoring.CalcBEDROC(novel, 1, 80.5) if any(a for _, a in novel) else np.nan,
            }
        )
    return pd.DataFrame(results).mean().to_dict()


def test_lite_leaves_rows_out(path: Path) -> None:
    assert len(load_screens(path, lite=True).rows["T2"]) == 8
    assert len(load_screens(path, lite=False).rows["T2"]) == 12


def test_a_perfect_embedding_ranks_every_active_first(path: Path) -> None:
    screens = load_screens(path, lite=False)
    active = np.array([s in ACTIVES for s in screens.smiles])
    embeddings = np.where(active[:, None], [1.0, 0.0], [0.0, 1.0]).astype(np.float32)
    table = evaluate_screens(screens, embeddings)
    assert table["auroc"].tolist() == [1.0, 1.0]
    assert table["bedroc_80p5"].min() > 0.99
    worst = evaluate_screens(screens, embeddings * np.where(active, 1, -1)[:, None] * [1.0, -1.0])
    assert worst["auroc"].max() <= 1.0


def test_one_direction_for_all_scores_like_chance(path: Path) -> None:
    screens = load_screens(path, lite=False)
    same = np.tile(np.float32([1.0, 0.0]), (len(screens.smiles), 1))
    table = evaluate_screens(screens, same)
    assert table["auroc"].tolist() == [0.5, 0.5]


def test_equal_embeddings_tie_to_the_last_bit(path: Path) -> None:
    screens = load_screens(path, lite=False)
    for dim in (250, 256):
        row = np.random.default_rng(1).standard_normal(dim).astype(np.float32)
        table = evaluate_screens(screens, np.tile(row, (len(screens.smiles), 1)))
        assert table["auroc"].tolist() == [0.5, 0.5]


def test_ecfp4_equals_rdkit_on_the_same_queries(path: Path) -> None:
    screens = load_screens(path, lite=False)
    found = evaluate_screens(screens, None).set_index("target")
    table = pd.read_parquet(path)
    for target in ("T1", "T2"):
        assert found.loc[target, "n"] == 12
        naive = _naive_ecfp4(table, target)
        # RDKit splits ties by input order: agreement up to the pairs that tie at zero.
        assert found.loc[target, "auroc"] == pytest.approx(naive["auroc"], abs=0.08)


def test_several_queries_rank_by_the_nearest_and_by_the_default_sum(path: Path) -> None:
    screens = load_screens(path, lite=False)
    embeddings = np.random.default_rng(3).standard_normal((len(screens.smiles), 8))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    ours = evaluate_screens(screens, embeddings).set_index("target")
    plain = evaluate_screens(screens, None).set_index("target")
    assert np.isnan(ours.loc["T2", "several_bedroc_80p5"])  # it has one query
    for target, rows in [("T1", screens.rows["T1"])]:
        queries = screens.is_query[target]
        others, known = rows[~queries], rows[queries]
        cosines = (embeddings[others] @ embeddings[known].T).tolist()
        prints = [
            [float(tanimoto(screens.ecfp4[q], screens.ecfp4[[row]])[0]) for q in known]
            for row in others
        ]
        two_best = [sum(sorted(row)[-2:]) / 2 for row in cosines]
        scores = {
            ("several_bedroc_80p5", "ours"): [max(row) for row in cosines],
            ("several_bedroc_80p5", "plain"): [max(row) for row in prints],
            ("several_blend_bedroc_80p5", "ours"): [
                a + 2 * max(b) for a, b in zip(two_best, prints, strict=True)
            ],
        }
        active = screens.is_active[target][~queries]
        for (name, of), values in scores.items():
            expected = bedroc(rank(np.float32(values), active), 80.5)
            found = (ours if of == "ours" else plain).loc[target, name]
            assert found == pytest.approx(expected, abs=1e-6)
    assert "several_blend_bedroc_80p5" not in plain


def test_default_ranking_is_the_sum_that_screens_rank_by(path: Path) -> None:
    screens = load_screens(path, lite=False)
    random = np.random.default_rng(4)
    embeddings = random.standard_normal((len(screens.smiles), 8)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    rarity = random.random(len(screens.smiles)).astype(np.float32)
    plain = evaluate_screens(screens, embeddings)
    ours = evaluate_screens(screens, embeddings, rarity)
    pd.testing.assert_frame_equal(plain, ours[plain.columns])
    assert {*ours} - {*plain} == {"ranked_bedroc_80p5", "several_ranked_bedroc_80p5"}
    ours = ours.set_index("target")
    assert np.isnan(ours.loc["T2", "several_ranked_bedroc_80p5"])  # it has one query
    rows, is_query = screens.rows["T1"], screens.is_query["T1"]
    active = screens.is_active["T1"]

    def score(row: int, known: list[int]) -> float:
        near = [float(tanimoto(screens.ecfp4[q], screens.ecfp4[[row]])[0]) for q in known]
        cosines = sorted(float(embeddings[q] @ embeddings[row]) for q in known)
        if len(known) == 1:
            return cosines[0] + near[0] + 1.25 * float(rarity[row])
        assert len(known) == 2
        return sum(cosines) / 2 + 0.5 * max(near) + 1.25 * float(rarity[row])

    known = rows[is_query].tolist()
    singles = []
    for query in np.flatnonzero(is_query):
        others = np.arange(len(rows)) != query
        scores = np.float32([score(row, [rows[query]]) for row in rows[others]])
        singles.append(bedroc(rank(scores, active[others]), 80.5))
    assert ours.loc["T1", "ranked_bedroc_80p5"] == pytest.approx(np.mean(singles), abs=1e-6)
    scores = np.float32([score(row, known) for row in rows[~is_query]])
    expected = bedroc(rank(scores, active[~is_query]), 80.5)
    assert ours.loc["T1", "several_ranked_bedroc_80p5"] == pytest.approx(expected, abs=1e-6)


def test_one_query_has_no_figures_of_several(path: Path) -> None:
    screens = load_screens(path, lite=False)
    first = {t: np.arange(len(q)) == np.flatnonzero(q)[0] for t, q in screens.is_query.items()}
    table = evaluate_screens(replace(screens, is_query=first), None)
    assert "several_bedroc_80p5" not in table


def test_missing_screens_name_the_variable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MOLSEARCH_DATA"):
        load_screens(tmp_path / "none.parquet", lite=True)


def test_card_figures_put_both_methods_side_by_side(path: Path) -> None:
    screens = load_screens(path, lite=False)
    ecfp4 = evaluate_screens(screens, None)
    ours = ecfp4.assign(bedroc_80p5=ecfp4["bedroc_80p5"] + [0.1, -0.1])
    figures = development_figures(ours, ecfp4, "p")
    assert figures["targets"] == 2
    assert figures["targets_above_ecfp4_in_bedroc_80p5"] == 1
    assert figures["encoder"]["bedroc_80p5"] == pytest.approx(figures["ecfp4"]["bedroc_80p5"])


def test_applicability_is_the_low_end_of_held_out_molecules() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    background, held_out = vectors[:200], vectors[200:]
    facts = applicability(background, held_out)
    means = [np.sort(background @ h)[-10:].mean() for h in held_out]
    assert facts["quantile_05"] == pytest.approx(np.quantile(means, 0.05), abs=1e-4)
    assert facts["quantile_05"] < facts["median"] <= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda t: t.assign(label=t.label.where(t.index != 2, "Actve")),
            r"record 3: label is 'Act",
        ),
        (lambda t: t.assign(label="active"), "T1 has no decoy; T2 has no decoy"),
        (lambda t: t.assign(is_query=False), "T1 has no query; T2 has no query"),
        (lambda t: t[(t.label == "decoy") | t.is_query & (t.target == "T2")], "T1 has no query"),
        (lambda t: t[(t.label == "decoy") | (t.smiles == ACTIVES[0])], "no active to find"),
        (lambda t: t.assign(smiles=t.smiles.where(t.index != 4, "C1CC")), "record 5: 'C1CC' is no"),
        (lambda t: t.assign(smiles=t.smiles.where(t.index != 4, None)), "record 5: '' is no mol"),
        (lambda t: t.drop(columns="is_query"), "no column 'is_query'"),
        (lambda t: t[:0], "holds no development screen"),
    ],
)
def test_screens_that_cannot_judge_are_told_in_one_line(path: Path, change, said: str) -> None:
    change(pd.read_parquet(path)).to_parquet(path)
    with pytest.raises(InputError, match=said):
        load_screens(path, lite=True)
