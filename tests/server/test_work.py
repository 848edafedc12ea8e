"""The desk: what waits is taken together, and each piece keeps its answer, its error, its time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from molsearch.server import screens
from molsearch.server.bodies import ScreenBody
from molsearch.server.refusals import Refused
from molsearch.server.work import TOGETHER, Desk

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CCO", "c1ccccc1O", "CCN(CC)CC", "Cc1ccccc1N"]


class Room:
    """A desk whose one thread is held until it is let go, so that pieces wait."""

    def __init__(self, monkeypatch) -> None:
        self.desk = Desk(threads=1, queue=100, memory_limit=None)
        self.let_go = threading.Event()
        self.taken: list[int] = []
        kept = Desk._together

        def watched(desk):
            made = kept(desk)
            if not hasattr(made, "watched"):
                run = made.run
                made.run = lambda works: (self.taken.append(len(works)), run(works))[1]
                made.watched = True
            return made

        monkeypatch.setattr(Desk, "_together", watched)

    async def held(self):
        task = asyncio.ensure_future(self.desk.do(lambda _: self.let_go.wait(60), 60))
        await asyncio.sleep(0.05)
        return task

    def close(self) -> None:
        self.let_go.set()
        self.desk.close()


@pytest.fixture
def room(monkeypatch):
    made = Room(monkeypatch)
    yield made
    made.close()


def asking(index, **changes):
    body = ScreenBody(**{"library": "lib", "k": 6, **changes})

    def work(session, shared):
        found = screens.ready(body.request(str(index), None, "cpu"), session)
        return screens.answer(body, found.request, session, shared).content

    return work


def test_answers_of_screens_at_one_time_are_those_of_lone_screens(room, roots):
    bodies = [{"queries": [one]} for one in SMILES]
    bodies += [{"queries": SMILES[:3], "fusion": "mean"}, {"queries": SMILES[:2], "format": "csv"}]
    bodies += [{"queries": SMILES[:1], "where": ["mw<300"]}, {"queries": ["CCO"], "k": 1}]
    bodies += [{"queries": SMILES[:1], "inactives": ["CCC"], "inactives_weight": 0.2}]
    bodies += [{"queries": SMILES[:1], "rank": "molsearch", "threshold": 0.1}]
    works = [asking(roots / "lib", **body) for body in bodies]

    async def go():
        first = await room.held()
        together = [asyncio.ensure_future(room.desk.share(work, 60)) for work in works]
        await asyncio.sleep(0.05)
        room.let_go.set()
        await first
        together = await asyncio.gather(*together)
        lone = [await room.desk.share(work, 60) for work in works]
        return together, lone

    together, lone = asyncio.run(go())
    assert together == lone
    assert room.taken == [len(works)] + [1] * len(works)
    assert room.desk.n_waiting == 0


def test_errors_stay_with_their_own_and_no_more_are_taken_than_share(room, roots):
    def fails(session, shared):
        raise ZeroDivisionError("mine")

    good = asking(roots / "lib", queries=["CCO"])
    bad = asking(roots / "lib", queries=["no structure"])

    async def go():
        first = await room.held()
        works = [good, fails, bad, good] + [lambda *_: 1] * TOGETHER
        waiting = [asyncio.ensure_future(room.desk.share(work, 60)) for work in works]
        other = asyncio.ensure_future(room.desk.do(lambda _: "encoded", 60))
        await asyncio.sleep(0.05)
        room.let_go.set()
        await first
        assert await other == "encoded"
        return await asyncio.gather(*waiting, return_exceptions=True)

    found = asyncio.run(go())
    assert found[0] == found[3]
    assert b'"n_hits":6' in found[0]
    assert isinstance(found[1], ZeroDivisionError)
    assert "no structure" in str(found[2])
    assert found[4:] == [1] * TOGETHER
    assert room.taken == [TOGETHER, 4]


def test_who_gives_up_while_it_waits_is_not_computed_and_the_others_are(room):
    done = []

    async def go():
        first = await room.held()
        late = asyncio.ensure_future(room.desk.share(lambda *_: done.append("late"), 0.05))
        others = [asyncio.ensure_future(room.desk.share(lambda *_: 2, 60)) for _ in "ab"]
        with pytest.raises(Refused, match="no answer within"):
            await late
        room.let_go.set()
        await first
        assert await asyncio.gather(*others) == [2, 2]

    asyncio.run(go())
    assert done == []
    assert room.taken == [2]
    assert room.desk.n_waiting == 0


def test_what_waits_when_the_desk_closes_is_dropped(room):
    async def go():
        first = await room.held()
        waiting = asyncio.ensure_future(room.desk.share(lambda *_: 1, 60))
        await asyncio.sleep(0.05)
        closing = asyncio.ensure_future(asyncio.to_thread(room.desk.close))
        with pytest.raises(asyncio.CancelledError):
            await waiting
        room.let_go.set()
        await asyncio.gather(first, closing)

    asyncio.run(go())
