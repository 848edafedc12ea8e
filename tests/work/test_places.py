"""Every place of work gives the same outcomes, in the same order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from worker_tasks import squared

from molsearch.errors import InputError, MolSearchError
from molsearch.work.backend import Backend, cut, singly
from molsearch.work.inline import Inline
from molsearch.work.local import OnCrew, local

PLACES = [Inline(), OnCrew(2)]


@pytest.fixture(params=PLACES, ids=["inline", "crew"])
def place(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


def lost(item: int, reason: str) -> str:
    return f"{item}: {reason}"


def test_outcomes_come_chunk_by_chunk_in_order(place: Backend) -> None:
    assert list(place.map(squared, cut(range(7), 3))) == [[0, 1, 4], [9, 16, 25], [36]]
    assert list(place.map(squared, [])) == []


def test_an_item_that_raises_costs_itself_alone(place: Backend) -> None:
    (found,) = place.map(squared, [[16, 17, 18, 19, 20]], lost)
    assert found[::2] == [256, 324, 400]
    assert found[1] == "17: KeyError: 'seventeen'"
    assert found[3] == "19: InputError: 19 is no number: give another"


def test_without_a_word_for_lost_items_a_refusal_is_raised_as_it_was(place: Backend) -> None:
    with pytest.raises(InputError, match=r"^19 is no number: give another$"):
        list(place.map(squared, singly([1, 19])))


def test_the_error_of_the_stream_comes_after_all_that_was_read(place: Backend) -> None:
    def torn() -> Iterator[int]:
        yield from range(5)
        raise InputError("torn at 5")

    found: list[int] = []
    with pytest.raises(InputError, match="torn at 5"):  # noqa: PT012
        for outcomes in place.map(squared, cut(torn(), 2)):
            found += outcomes
    assert found == [0, 1, 4, 9, 16]


def test_a_worker_that_dies_over_an_item_is_told_or_is_an_error() -> None:
    (found,) = OnCrew(1).map(squared, [[12, 13, 14]], lost)
    assert found == [144, "13: crashed a worker process (SIGKILL)", 196]
    with pytest.raises(MolSearchError, match=r"SIGKILL\), twice: free some memory"):
        list(OnCrew(1).map(squared, singly([12, 13])))


def test_a_programming_error_in_a_worker_keeps_its_trace() -> None:
    with pytest.raises(MolSearchError, match="KeyError: 'seventeen'") as caught:
        list(OnCrew(1).map(squared, [[17]]))
    assert "in squared" in caught.value.__notes__[0]


def test_one_worker_is_this_process() -> None:
    assert isinstance(local(1), Inline)
    assert local(3).slots == 3
