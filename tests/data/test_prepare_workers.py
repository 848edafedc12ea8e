from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest
from worker_tasks import (
    FLAT,
    LIMIT,
    always_dead,
    asleep_once,
    calm,
    check_lost,
    imported_with,
    records,
    torn,
    troubled,
)

from molsearch.config import PrepareConfig
from molsearch.data import workers
from molsearch.data.workers import Outcome, prepare_stream
from molsearch.errors import InputError, MolSearchError
from molsearch.schema import Failure, Prepared, Record


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "hard_limit", lambda config: LIMIT)


@pytest.mark.usefixtures("_soon")
def test_a_dead_or_stuck_worker_costs_exactly_its_molecule() -> None:
    stream = prepare_stream(records(70), FLAT, workers=2, task=troubled, chunk=16)
    check_lost([one for batch in stream for one in batch])


def test_a_record_has_twice_its_time_and_some_for_the_import_of_rdkit() -> None:
    assert workers.hard_limit(FLAT) == 2 * 0.5 + 5


def test_workers_that_always_die_are_the_machines_fault() -> None:
    with pytest.raises(MolSearchError, match="die on every record"):
        list(prepare_stream(records(12), FLAT, workers=1, task=always_dead, chunk=12))


@pytest.mark.slow
def test_workers_killed_from_outside_cost_nothing() -> None:
    stream = prepare_stream(records(300), FLAT, workers=2, task=calm, chunk=10)
    numbers: list[int] = []
    for turn, batch in enumerate(stream):
        numbers += [one.record_number for one in batch]
        assert all(isinstance(one, Failure) and one.stage == "test" for one in batch)
        if turn % 9 == 4:
            for child in multiprocessing.active_children():
                child.kill()
    assert numbers == list(range(1, 301))


@pytest.mark.usefixtures("_soon")
def test_a_record_that_waits_for_the_processor_is_not_at_fault() -> None:
    (outcomes,) = prepare_stream(records(3), FLAT, workers=1, task=asleep_once)
    assert [one.reason for one in outcomes] == ["m1", "m2", "m3"]  # type: ignore[union-attr]


def cannot_be_imported(record: Record, config: PrepareConfig) -> Outcome:
    raise AssertionError(record, config)


def test_workers_that_cannot_start_are_one_error() -> None:
    with pytest.raises(MolSearchError, match="cannot start"):
        list(prepare_stream(records(3), FLAT, workers=1, task=cannot_be_imported))


def test_reading_runs_only_a_little_ahead() -> None:
    read = 0

    def counted() -> Iterator[Record]:
        nonlocal read
        for record in records(2_000):
            read += 1
            yield record

    stream = prepare_stream(counted(), FLAT, workers=1, task=calm, chunk=10)
    seen = ahead = 0
    for batch in stream:
        seen += len(batch)
        ahead = max(ahead, read - seen)
    assert seen == 2_000
    assert ahead <= 30


def test_an_input_error_comes_after_the_records_before_it() -> None:
    seen = 0
    with pytest.raises(InputError, match="record 26"):  # noqa: PT012
        for batch in prepare_stream(torn(25), FLAT, workers=1, task=calm, chunk=10):
            seen += len(batch)
    assert seen == 25


def test_real_chemistry_in_a_worker() -> None:
    rows = [Record(1, "t", 1, "a", "CCO"), Record(2, "t", 2, "b", "C1CC")]
    (outcomes,) = prepare_stream(rows, FLAT, workers=1)
    assert isinstance(outcomes[0], Prepared)
    assert isinstance(outcomes[1], Failure)


def test_a_worker_imports_nothing_heavy() -> None:
    code = (
        "import molsearch.data.workers as w, molsearch.chem.prepare as p;"
        "from molsearch.config import PrepareConfig as C; from molsearch.schema import Record as R;"
        "w.default_task(R(1, 't', 1, 'm', 'CCO'), C())"
    )
    assert imported_with(code) == set()
    assert imported_with("import pandas") >= {"pandas"}  # it would be told
