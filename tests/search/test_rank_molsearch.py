"""``--rank molsearch`` is the ranking of before blends: its bytes were kept by the code of then."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes import FakeEncoder, molecule, prepared_set

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.index.writer import build_index
from molsearch.io.tables import write_text_table
from molsearch.search.inactives import read_inactives
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen

KEPT = Path(__file__).parent / "data"
QUERIES = ["c1ccccc1CCN amine", "CC(=O)Oc1ccccc1C(=O)O aspirin", "OCC1CCNCC1 piperidine"]
CASES = {
    "one": ({}, QUERIES[:1], ()),
    "max": ({}, QUERIES, ()),
    "mean": ({"fusion": "mean", "where": ("mw>30",)}, QUERIES, ()),
    "against": ({"inactives_weight": 0.5, "unique": "scaffold"}, QUERIES[:2], ("CCN x", "CCO y")),
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    rng = np.random.default_rng(11)
    rows = [
        molecule(
            number,
            seed=int(rng.integers(0, 220)),
            molecule_id=f"id-{(number * 37) % 311:03d}",
            scaffold=f"s{number % 60}",
        )
        for number in range(1, 301)
    ]
    return build_index(prepared_set(folder / "p", rows), FakeEncoder(), folder / "i", shard_rows=97)


def text_of(reader, name: str, **more) -> str:
    config, queries, inactives = CASES[name]
    read, prepare = ReadConfig(), PrepareConfig(n_conformers=0)
    background = np.random.default_rng(5).standard_normal((500, 16))
    background /= np.linalg.norm(background, axis=1, keepdims=True)
    hits = screen(
        reader,
        FakeEncoder(background=background.astype(np.float16)),
        read_queries(queries, read, prepare),
        ScreenConfig(k=40, **config, **more),
        inactives=read_inactives(inactives, read, prepare),
    )
    handle = io.StringIO()
    frame = hits.frame.drop(columns=[n for n in NEW if n in hits.frame])
    write_text_table(frame, handle)
    return handle.getvalue()


NEW = ("molsearch_score", "ecfp4_score")


@pytest.mark.parametrize("name", [name for name in CASES if name != "against"])
def test_the_list_of_before_comes_back_byte_for_byte(reader, name):
    assert text_of(reader, name, rank="molsearch") == (KEPT / f"molsearch-{name}.csv").read_text()


def test_where_inactives_count_the_list_of_before_has_its_columns_renamed(reader):
    before = pd.read_csv(KEPT / "molsearch-against.csv", dtype=str)
    now = pd.read_csv(io.StringIO(text_of(reader, "against", rank="molsearch")), dtype=str)
    names = {"score": "similarity_score", "penalised_score": "score"}
    # Percentiles are those of what ranks.
    due = before.rename(columns=names).drop(columns="background_percentile")
    found = now.drop(columns="background_percentile")
    assert set(found) == set(due)
    pd.testing.assert_frame_equal(found[list(due)], due)
    assert found.score.astype(float).is_monotonic_decreasing
