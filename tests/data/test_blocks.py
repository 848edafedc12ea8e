from __future__ import annotations

import multiprocessing

import pytest
from worker_tasks import (
    FLAT,
    LIMIT,
    check_lost,
    imported_with,
    records,
    torn,
    troubled_block,
    troubled_one,
)

from molsearch import schema
from molsearch.chem import block as chem_block
from molsearch.chem.kernels.pace import Pace
from molsearch.data import blocks, workers
from molsearch.data.blocks import block_stream, default_block, imported, received, sent
from molsearch.errors import InputError
from molsearch.schema import Record


@pytest.mark.slow
def test_a_dead_or_stuck_worker_costs_exactly_its_molecule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (blocks, workers):
        monkeypatch.setattr(module, "hard_limit", lambda config: LIMIT)
    stream = block_stream(
        records(70),
        FLAT,
        workers=2,
        shard_records=24,
        task=troubled_block,
        singly_task=troubled_one,
    )
    found = list(stream)
    assert [block.n_in for block in found] == [24, 24, 22]
    check_lost([one for block in found for one in block.failures])


def test_real_chemistry_and_no_block_in_two_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 8)
    found = list(block_stream(records(50), FLAT, workers=1, shard_records=12))
    ends = [sum(block.n_in for block in found[: i + 1]) for i in range(len(found))]
    assert {12, 24, 36, 48, 50} <= set(ends)
    assert max(block.n_in for block in found) <= 8
    ids = [one for block in found for one in block.columns[schema.MOLECULE_ID]]
    assert ids == [f"m{number}" for number in range(1, 51)]


def test_an_input_error_comes_after_the_records_before_it() -> None:
    seen = 0
    with pytest.raises(InputError, match="record 26"):  # noqa: PT012
        for block in block_stream(torn(25), FLAT, workers=1, shard_records=10):
            seen += block.n_in
    assert seen == 25


def test_records_are_sent_whole() -> None:
    rows = [
        Record(1, "a", 2, "m1", "CCO", extra={"x": "1"}),
        Record(2, "b", 1, "m2", molblock="block", error="no structure"),
    ]
    assert received(sent(rows)) == rows


def test_where_many_are_expected_loops_do_it_to_the_same_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = sent(records(40))
    due = default_block(columns, FLAT, (997, 499, 251))
    ways: list[bool] = []
    real = chem_block.prepare_block
    monkeypatch.setattr(
        chem_block,
        "prepare_block",
        lambda *given, compiled: ways.append(compiled) or real(*given, compiled=compiled),
    )
    monkeypatch.setattr(blocks, "PACE", Pace())
    config = FLAT.model_copy(update={"timeout": 30.0})
    for expected, timed in ((0, config), (10**6, FLAT), (10**6, config)):
        assert default_block(columns, timed, (997, 499, 251), expected=expected) == due
    # Of molecules that may take half a second each nobody waits for a compiler.
    assert ways == [False, False, True]


def test_what_workers_import() -> None:
    assert imported(1_000) == ("molsearch.chem.block",)
    assert imported(10**6)[-1] == "molsearch.chem.kernels.loaded"


def test_closing_ends_the_workers() -> None:
    stream = block_stream(records(5_000), FLAT, workers=1, shard_records=4096)
    next(stream)
    before = len(multiprocessing.active_children())
    stream.close()
    assert before > len(multiprocessing.active_children())


def test_a_worker_imports_nothing_heavy() -> None:
    code = (
        "import molsearch.data.blocks as b;"
        "from molsearch.config import PrepareConfig as C; from molsearch.schema import Record as R;"
        "rows = b.sent([R(1, 't', 1, 'm', 'CCCCCO')]);"
        "b.default_block(rows, C(n_conformers=0), (997, 499, 251))"
    )
    assert imported_with(code) == set()
