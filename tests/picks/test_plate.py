"""Wells: each once, in their order, none where it shall stay empty."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.errors import UsageError
from molsearch.picks.plate import empty_wells, layout, wells


def test_wells_of_both_plates() -> None:
    assert len(set(wells(96))) == 96
    assert len(set(wells(384))) == 384
    assert wells(96)[11:13] == ["A12", "B01"]
    assert wells(384, "columns")[15:17] == ["P01", "A02"]


def test_rows_columns_and_wells_stay_empty() -> None:
    edge = empty_wells(96, ["A,H", "1,12"])
    assert len(edge) == 96 - 6 * 10
    assert empty_wells(96, ["d06"]) == {"D06"}
    assert empty_wells(384, ["D6"]) == {"D06"}


@pytest.mark.parametrize("text", ["Z", "I", "13", "A13", "0", "", "A1-A3"])
def test_places_that_a_plate_lacks_are_refused(text) -> None:
    with pytest.raises(UsageError, match="--leave-empty"):
        empty_wells(96, [text])


@given(
    size=st.sampled_from([96, 384]),
    fill=st.sampled_from(["rows", "columns"]),
    empty=st.lists(st.sampled_from(["A", "H", "1", "12", "C05"]), max_size=4),
    n_positive=st.integers(0, 8),
    n_negative=st.integers(0, 8),
)
def test_every_well_is_used_once(size, fill, empty, n_positive, n_negative) -> None:
    found = layout(size, fill, empty, n_positive, n_negative)
    closed = empty_wells(size, empty) if empty else set()
    used = [*found.picks, *found.positive, *found.negative]
    assert len(used) == len(set(used)) == size - len(closed)
    assert not set(used) & closed
    assert (len(found.positive), len(found.negative)) == (n_positive, n_negative)


def test_controls_alternate_from_the_last_well() -> None:
    found = layout(96, "rows", [], 2, 3)
    assert found.positive == ("H12", "F12")
    assert found.negative == ("G12", "E12", "D12")


def test_controls_without_room_are_refused() -> None:
    with pytest.raises(UsageError, match="leave no room"):
        layout(96, "rows", ["A,B,C,D,E,F,G"], 8, 8)


def test_a_plate_that_is_left_empty_is_refused_for_that() -> None:
    with pytest.raises(UsageError, match="--leave-empty leaves no well of 96") as refused:
        layout(96, "rows", ["A,B,C,D,E,F,G,H"], 0, 0)
    assert "control" not in str(refused.value)


def test_the_plate_of_the_page_has_room_for_its_picks_and_controls() -> None:
    page = (Path(__file__).parents[2] / "docs" / "picking.md").read_text(encoding="utf-8")
    found = re.search(r"pick hits\.csv -n (\d+) .*?--controls --leave-empty (\S+)", page, re.DOTALL)
    assert found is not None
    # The run's queries stand in eight wells at most.
    assert len(layout(96, "rows", [found[2]], 8, 0).picks) >= int(found[1])
