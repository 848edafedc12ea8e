"""Facts that are computed when asked for: kept, found again, computed once, never in the way."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, molecule, prepared_set
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worker_tasks import deadly_facts

from molsearch.chem import facts
from molsearch.chem.facts import compute
from molsearch.index import facts as index_facts
from molsearch.index.fill import fill_facts
from molsearch.index.kept import _MOST_SMALL, KeptFacts
from molsearch.index.layout import FACTS, generation_folder
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.writer import build_index
from molsearch.schema import STORED_FACTS

SMILES = ["CCO", "c1ccccc1O", "CC(N)C(=O)O", "O=C(O)c1ccccc1", "C[C@H](F)Cl", "CCCCCCCC", "N#CC"]
N = 60
NO_FACTS = dict.fromkeys(STORED_FACTS)


@pytest.fixture
def reader(tmp_path) -> IndexReader:
    rows = [
        molecule(i, **{**NO_FACTS, "parent_smiles": SMILES[i % len(SMILES)]})
        for i in range(1, N + 1)
    ]
    return build_index(
        prepared_set(tmp_path / "p", rows), FakeEncoder(), tmp_path / "i", shard_rows=25
    )


@pytest.fixture
def counted(monkeypatch) -> list[int]:
    """How many molecules each computation took."""
    calls: list[int] = []

    def count(parents, names):
        calls.append(len(parents) * len(list(names)))
        return compute(parents, names)

    monkeypatch.setattr(index_facts, "compute", count)
    return calls


def folder_of(reader: IndexReader):
    return generation_folder(reader.path, reader.manifest.generation) / FACTS


def take(reader: IndexReader, rows: list[int], names: list[str]) -> dict[str, list]:
    shards = np.array(rows, np.int64) // 25
    return reader.take(shards, np.array(rows, np.int64) % 25, names).to_pydict()


def expected(rows: list[int], names: list[str]) -> dict[str, list]:
    return dict(compute([SMILES[(row + 1) % len(SMILES)] for row in rows], names).columns)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    asked=st.lists(
        st.tuples(
            st.lists(st.integers(0, N - 1), max_size=12),
            st.lists(st.sampled_from(["mw", "scaffold", "hbd", "fsp3"]), min_size=1, unique=True),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_rows_and_facts_in_any_order_are_those_of_their_parents(reader, asked):
    for rows, names in asked:
        assert take(reader, rows, names) == expected(rows, names)


def test_what_was_computed_is_not_computed_again(reader, counted):
    take(reader, [3, 40, 3], ["mw", "inchikey"])
    assert sum(counted) == 6
    take(reader, [40, 3], ["inchikey"])
    take(open_index(reader.path), [3, 40], ["mw"])
    assert sum(counted) == 6
    take(reader, [3, 41], ["mw"])
    assert sum(counted) == 7


def test_facts_in_the_records_are_taken_as_they_are(tmp_path, counted):
    rows = [molecule(1, mw=1.5, alerts="mine"), molecule(2, mw=None, alerts=None)]
    made = build_index(prepared_set(tmp_path / "p", rows), FakeEncoder(), tmp_path / "i")
    found = made.take(np.zeros(2, int), np.arange(2), ["alerts", "mw"]).to_pydict()
    assert found == {"alerts": ["mine", ""], "mw": [1.5, 44.1]}
    assert sum(counted) == 2


def test_a_fact_that_fails_is_empty_told_and_not_tried_again(reader, monkeypatch, counted):
    def fail(mol):
        raise RuntimeError("no table")

    monkeypatch.setitem(facts.FACTS, "qed", facts.Fact("qed", float, fail, "QED", digits=3))
    assert take(reader, [5, 30], ["hbd", "qed"])["qed"] == [None, None]
    assert take(reader, [30], ["qed"])["qed"] == [None]
    assert sum(counted) == 4
    told = open_index(reader.path).fact_failures().to_pylist()
    assert [(one["record_number"], one["stage"], one["reason"]) for one in told] == [
        (6, "fact", "qed: no table"),
        (31, "fact", "qed: no table"),
    ]
    some = reader.fact_failures(np.array([1, 0]), np.array([5, 0])).to_pylist()
    assert [one["molecule_id"] for one in some] == ["m00031"]


@pytest.mark.parametrize("harm", ["cut", "flip", "empty"])
def test_damage_is_computed_again(reader, counted, harm):
    take(reader, list(range(20)), ["inchikey"])
    (piece,) = folder_of(reader).iterdir()
    content = bytearray(piece.read_bytes())
    if harm == "flip":
        content[len(content) // 3] ^= 0xFF
    piece.write_bytes({"cut": content[:-30], "flip": content, "empty": b""}[harm])
    again = open_index(reader.path)
    assert take(again, list(range(20)), ["inchikey"]) == expected(list(range(20)), ["inchikey"])
    assert take(again, [4], ["inchikey"]) == expected([4], ["inchikey"])


def test_facts_of_another_rdkit_are_computed_again(reader, counted, monkeypatch):
    take(reader, [1, 2], ["mw"])
    monkeypatch.setattr("molsearch.index.kept.version", lambda name: "0.0")
    take(open_index(reader.path), [1, 2], ["mw"])
    assert sum(counted) == 4


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(reader, monkeypatch, counted):
    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr("molsearch.index.kept.parquet.writing", refuse)
    for _ in range(2):
        assert take(reader, [7, 2], ["mw"]) == expected([7, 2], ["mw"])
    assert sum(counted) == 2
    assert not folder_of(reader).exists()


def test_many_small_askings_become_one_file(reader, counted):
    for row in range(N):
        take(reader, [row], ["hbd", "mw"])
    assert len(list(folder_of(reader).iterdir())) <= _MOST_SMALL + 1
    rows = list(range(N))
    assert take(open_index(reader.path), rows, ["hbd", "mw"]) == expected(rows, ["hbd", "mw"])
    assert sum(counted) == 2 * N


def test_a_file_merged_away_by_another_process_is_missed_by_nobody(reader):
    first, second = open_index(reader.path), open_index(reader.path)
    take(first, [1, 2], ["mw"])
    take(second, [1], ["mw"])
    for piece in folder_of(reader).iterdir():
        piece.unlink()
    assert take(second, [2, 1], ["mw"]) == expected([2, 1], ["mw"])


def test_an_index_is_filled_once_and_goes_on_where_it_stopped(reader, counted):
    take(reader, [0, 59], ["mw", "alerts"])
    news: list[tuple[int, int]] = []
    n = fill_facts(reader, ["alerts", "mw"], workers=1, on_progress=lambda *x: news.append(x))
    assert (n, news[0], news[-1]) == (N - 2, (2, 0), (N, 0))
    assert fill_facts(open_index(reader.path), ["mw"], workers=1) == 0
    before = sum(counted)
    rows = list(range(N))
    assert take(reader, rows, ["mw", "alerts"]) == expected(rows, ["mw", "alerts"])
    assert sum(counted) == before


def test_a_molecule_that_brings_its_worker_down_is_a_reason_in_a_row(reader, monkeypatch):
    monkeypatch.setattr("molsearch.index.fill._task", deadly_facts)
    assert fill_facts(reader, ["hbd"], workers=1) == N
    told = reader.fact_failures().to_pylist()
    assert {one["record_number"] for one in told} == {12}
    assert "crashed a worker" in told[0]["reason"]
    assert take(reader, [10, 11], ["hbd"])["hbd"][1] is None


def test_rows_kept_twice_count_once(tmp_path):
    kept = KeptFacts(tmp_path / "facts", index_facts.TYPES)
    kept.keep(np.array([4, 2, 4]), {"hbd": [1, 2, 1]}, ["", "", ""])
    values, known = kept.find(np.array([2, 3, 4]), ["hbd", "mw"])
    assert values["hbd"] == [2, None, 1]
    assert known["hbd"].tolist() == [True, False, True]
    assert not known["mw"].any()


def test_what_was_asked_for_lately_is_not_read_again(reader, monkeypatch):
    looked = []
    find = KeptFacts.find
    monkeypatch.setattr(
        KeptFacts,
        "find",
        lambda self, rows, names: (looked.append(len(rows)), find(self, rows, names))[1],
    )
    names = ["mw", "scaffold"]
    assert take(reader, [3, 40], names) == expected([3, 40], names)
    assert take(reader, [40, 3, 7], names) == expected([40, 3, 7], names)
    assert take(reader, [7, 3], ["mw"]) == expected([7, 3], ["mw"])
    assert take(reader, [7, 3], ["mw", "hbd"]) == expected([7, 3], ["mw", "hbd"])
    assert looked == [2, 1, 2]


def test_reasons_are_read_only_where_there_are_any(tmp_path, monkeypatch):
    kept = KeptFacts(tmp_path / "facts", index_facts.TYPES)
    kept.keep(np.array([0, 1, 2]), {"hbd": [1, 1, 1]}, ["", "", ""])
    kept.keep(np.array([5, 6]), {"hbd": [None, 2]}, ["hbd: broken", ""])
    read = []
    taken = KeptFacts._take
    monkeypatch.setattr(
        KeptFacts, "_take", lambda self, key, *more: (read.append(key), taken(self, key, *more))[1]
    )
    for one in (kept, KeptFacts(kept.folder, index_facts.TYPES)):
        assert one.reasons(np.array([0, 1, 5, 6])) == {5: "hbd: broken"}
    assert len(read) == 2
    assert len(set(read)) == 1
