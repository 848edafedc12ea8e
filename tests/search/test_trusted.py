"""What a screen says of its own worth, and of whom it does not say it."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, unit_rows
from fits import fitted
from ranked import SMILES, built

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.search import trusted
from molsearch.search.of_index import screen_by_index
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen

QUERIES = ["CCCc1ccc(O)cc1 phenol", "O=C(NCC)c1ccncc1 amide", "CCOCC ether"]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    library = [*SMILES, *(f"CC(C){'C' * n}OCC" for n in range(1, 200))]
    return built(tmp_path_factory.mktemp("trusted"), library, real_keys=True)


@pytest.fixture(autouse=True)
def encoder(monkeypatch):
    prints = np.packbits(np.random.default_rng(0).random((100, 2048)) < 0.05, axis=1)
    vectors = unit_rows(100, seed=3).astype(np.float16)
    found = FakeEncoder(background=vectors, background_ecfp4=prints)
    known = fitted(encoder=found.identity)
    monkeypatch.setattr(trusted, "read", lambda: known)
    return found


def run(reader, encoder, n=1, **config):
    queries = read_queries(QUERIES[:n], ReadConfig(), PrepareConfig(n_conformers=0))
    return screen(reader, encoder, queries, ScreenConfig(**{"k": 50, **config}))


@pytest.mark.parametrize(
    ("n", "config", "why"),
    [
        (1, {}, ""),
        (1, {"expand": 20}, ""),
        (1, {"expand": 50}, ""),  # of so small a library six hits at most, asked or not
        (1, {"fusion": "mean"}, ""),
        (3, {}, ""),
        (3, {"expand": 0}, ""),
        (1, {"expand": 0}, "it was learnt with --expand 20, and not 0"),
        (1, {"expand": 3}, "it was learnt with --expand 20, and not 3"),
        (3, {"expand": 20}, "it was learnt with --expand 0, and not 20"),
        (3, {"fusion": "mean"}, "it was learnt without --fusion"),
        (1, {"rank": "molsearch"}, "it was learnt for --rank balanced"),
    ],
)
def test_something_is_foretold_of_screens_such_as_were_seen(reader, encoder, n, config, why):
    trust = run(reader, encoder, n, **config).trust
    assert trust.why_not == why
    assert (trust.enrichment is None) == bool(why)


def test_of_an_index_as_queries_the_ranking_is_the_reason(reader, encoder):
    hits = screen_by_index(
        reader, reader, ScreenConfig(k=5), lambda queries, config: screen(
            reader, encoder, queries, config
        ),
    )  # fmt: skip
    assert hits.trust.why_not == "it was learnt for --rank balanced"


def test_hits_without_a_probability_are_counted(reader, encoder):
    hits = run(reader, encoder, base_rate=0.01)
    empty = int(hits.frame.active_probability.isna().sum())
    assert 0 < empty < 50
    (line,) = (one for one in hits.warnings if "active_probability" in one)
    assert line.startswith(f"active_probability is empty for {empty} of 50 hits: no decoy")
    assert not any("active_probability" in one for one in run(reader, encoder).warnings)


def test_a_macrocycle_is_told_and_a_conformer_that_nothing_reads_is_not(reader, encoder):
    ring = f"C1{'C' * 17}C1 ring"
    queries = read_queries([ring], ReadConfig(), PrepareConfig(n_conformers=0))
    hits = screen(reader, encoder, queries, ScreenConfig(k=5))
    (line,) = (one for one in hits.warnings if "macrocycle" in one)
    assert line == (
        "query 'ring' is a macrocycle (a ring of 19 atoms): encoders have met few such molecules; "
        "trust its ranks less"
    )
    alone = screen(reader, encoder, queries, ScreenConfig(k=5, rank="ecfp4"))
    assert not any("macrocycle" in one for one in alone.warnings)
