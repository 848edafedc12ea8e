"""Screens at one time find what each finds by itself, and an error stays with its own."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from fakes import FakeEncoder, molecule, prepared_set, unit_rows

from molsearch.data.prepared_table import table_of
from molsearch.errors import UsageError
from molsearch.index.rarity import Reference
from molsearch.index.writer import build_index
from molsearch.scoring.blend import Blend, Rarity
from molsearch.scoring.queryset import QuerySet
from molsearch.search import together
from molsearch.search.engine import search
from molsearch.search.together import Together


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    found = []
    for name in "ab":
        folder = tmp_path_factory.mktemp(name)
        prepared = prepared_set(folder / "p", [molecule(i + 1, seed=i) for i in range(60)])
        found.append(build_index(prepared, FakeEncoder(), folder / "i", shard_rows=25))
    return found


@pytest.fixture
def several():
    made = Together(6)
    yield made
    made.close()


@pytest.fixture
def passes(monkeypatch):
    """How many lists each shared pass made."""
    seen = []

    def counted(reader, wanted):
        seen.append(len(wanted))
        return kept(reader, wanted)

    kept = together.search_lists
    monkeypatch.setattr(together, "search_lists", counted)
    return seen


def query(seed: int, dim: int = 16) -> QuerySet:
    vector = np.random.default_rng(seed).standard_normal((1, dim))
    return QuerySet((vector / np.linalg.norm(vector)).astype(np.float32), np.array([0]))


class Run:
    """A piece of work with some searches; keeps what came of it."""

    def __init__(self, *asked, **more) -> None:
        self.asked, self.more = asked, more
        self.found, self.error = [], None

    def __call__(self, shared) -> None:
        try:
            for reader, queries, k in self.asked:
                self.found.append(shared.search(reader, queries, k, **self.more))
        except UsageError as error:
            self.error = str(error)

    def check(self) -> None:
        for (reader, queries, k), mine in zip(self.asked, self.found, strict=True):
            lone = search(reader, queries, k, **self.more)
            assert np.array_equal(mine.rows, lone.rows)
            assert np.array_equal(mine.shards, lone.shards)
            assert np.array_equal(mine.scores, lone.scores)


def test_searches_of_one_index_share_a_pass_and_find_what_each_finds_alone(
    readers, several, passes
):
    one, other = readers
    runs = [Run((one, query(n), n + 1)) for n in range(3)]
    runs.append(Run((other, query(7), 5), (one, query(8), 60)))
    runs.append(Run())
    runs.append(Run((one, query(9), 4), (other, query(10), 2), (one, query(11), 3)))
    several.run(runs)
    for run in runs:
        run.check()
    assert passes == [4]  # what remains stands alone in each later round


def test_screens_by_rarity_share_a_pass_with_those_by_none(readers, several, passes):
    reference = Reference(unit_rows(40, seed=2))
    by_rarity = Blend(rarity=Rarity(reference, 0.7))
    runs = [Run((readers[0], query(n), 9), blend=by_rarity) for n in range(2)]
    runs += [Run((readers[0], query(5), 9)), Run((readers[0], query(6), 60), blend=by_rarity)]
    several.run(runs)
    for run in runs:
        run.check()
    assert passes == [4]
    assert [run.found[0].rarity.shape[1] for run in runs] == [1, 1, 0, 1]
    told = reference.rarity(readers[0].embeddings(int(runs[3].found[0].shards[0])))
    assert runs[3].found[0].rarity[0, 0] == told[runs[3].found[0].rows[0]]


def test_what_is_excluded_for_one_is_searched_alone(readers, several, passes):
    excluded = [np.arange(rows) % 2 == 0 for rows in readers[0].shard_rows]
    runs = [Run((readers[0], query(n), 9), excluded=excluded) for n in range(2)]
    runs += [Run((readers[0], query(n), 9)) for n in range(2)]
    several.run(runs)
    for run in runs:
        run.check()
    assert passes == [2]
    assert not (runs[0].found[0].rows % 2 == 0).any()


def test_what_one_asks_wrongly_touches_no_other(readers, several):
    runs = [
        Run((readers[0], query(1), 5)),
        Run((readers[0], query(2, dim=7), 5)),
        Run((readers[0], query(3), 0)),
        Run((readers[0], query(4), 5)),
    ]
    several.run(runs)
    runs[0].check()
    runs[3].check()
    assert "7 dimensions" in runs[1].error
    assert "at least 1, not 0" in runs[2].error


class Embedding:
    """Embeds molecules, searches with the first of them; keeps what came of it."""

    def __init__(self, encoder, reader, *molecules) -> None:
        self.encoder, self.reader, self.table = encoder, reader, table_of(molecules)
        self.search = Run()

    def __call__(self, shared) -> None:
        joint = shared.embedder(self.encoder)
        try:
            self.found = joint.embed_conformers(self.table)
        except ValueError as error:
            self.error = str(error)
            return
        self.search = Run((self.reader, QuerySet(self.found[0][:1], np.array([0])), 5))
        self.search(shared)

    def check(self) -> None:
        for mine, lone in zip(self.found, self.encoder.embed_conformers(self.table), strict=True):
            assert np.array_equal(mine, lone)
        self.search.check()


def test_what_one_encoder_embeds_at_a_time_is_one_batch_and_searched_in_one_pass(
    readers, several, passes
):
    one, other = FakeEncoder(), FakeEncoder("other")
    given = [molecule(n, seed=n, n_conformers=1 + n % 3) for n in range(1, 8)]
    runs = [
        Embedding(one, readers[0], given[0]),
        Embedding(one, readers[0], *given[1:4]),
        Embedding(other, readers[0], given[4]),
        Embedding(one, readers[0], *given[5:]),
    ]
    batches = []
    kept = one.embed_conformers
    one.embed_conformers = lambda table: (batches.append(len(table)), kept(table))[1]
    searches = Run((readers[0], query(1), 3))
    several.run([*runs, searches])
    assert batches == [6]
    assert passes == [5]
    for run in (*runs, searches):
        run.check()


def test_what_cannot_be_embedded_touches_no_other(readers, several):
    class Picky(FakeEncoder):
        def embed_conformers(self, table):
            if "m00003" in table.column("molecule_id").to_pylist():
                raise ValueError("not that one")
            return super().embed_conformers(table)

    picky = Picky()
    runs = [Embedding(picky, readers[0], molecule(n)) for n in (2, 3, 4)]
    several.run(runs)
    runs[0].check()
    runs[2].check()
    assert runs[1].error == "not that one"


def test_one_runs_at_a_time(several):
    busy, overlaps = threading.Lock(), []

    def work(_) -> None:
        if not busy.acquire(blocking=False):
            overlaps.append(1)
            return
        threading.Event().wait(0.01)
        busy.release()

    several.run([work] * 6)
    assert overlaps == []
