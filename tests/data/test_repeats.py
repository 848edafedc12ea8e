from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from molsearch.data.repeats import Repeats, repeated_ids


def found(*shards: list[str]) -> Repeats:
    return repeated_ids(lambda: (pa.chunked_array([shard], pa.string()) for shard in shards))


def test_ids_are_counted_over_all_shards_in_input_order() -> None:
    repeats = found(["b", "a", "c", "b"], ["a", "d", "b", ""])
    assert repeats == Repeats(2, 5, (("b", 3), ("a", 2)))
    assert str(repeats) == (
        "2 ids occur more than once: 'b' (3×), 'a' (2×); all 5 molecules are kept, told apart by "
        "record_number"
    )


def test_nothing_is_said_where_every_id_is_one_molecules() -> None:
    assert found(["a", "b"], ["A", "a "]) == Repeats(0, 0)
    assert str(found()) == ""


def test_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pd.util.hash_array

    def colliding(texts, **given):  # type: ignore[no-untyped-def]
        return real(texts, **given) % 2

    monkeypatch.setattr(pd.util, "hash_array", colliding)
    assert found(["a", "b", "c"], ["d", "c"]) == Repeats(1, 2, (("c", 2),))


def test_long_and_hostile_ids_stay_one_short_line() -> None:
    said = str(found(["x" * 500, "<b>\n", "e", "f"] * 2))
    assert "\n" not in said
    assert len(said) < 220
    assert "'<b>\\n' (2×)" in said
    assert ", …; all 8 molecules" in said
