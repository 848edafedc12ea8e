"""Answers that are kept: one computation for all who ask the same of one generation."""

from __future__ import annotations

import asyncio

import pytest

from molsearch.index.layout import MANIFEST
from molsearch.server.answers import Answer, Answers, key_of
from molsearch.server.bodies import ScreenBody
from molsearch.server.refusals import Refused


def key(number: int):
    return bytes([number]), (0, 0, 0)


class Kitchen:
    """Counts what is made; each answer waits until it is let go."""

    def __init__(self, *answers) -> None:
        self.answers, self.made = list(answers), 0
        self.let_go = asyncio.Event()

    async def make(self):
        self.made += 1
        await self.let_go.wait()
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def test_who_asks_the_same_at_one_time_waits_for_one_computation():
    async def go():
        answers, kitchen = Answers(100), Kitchen(Answer(b"a", "t"))
        waiting = [asyncio.ensure_future(answers.of(key(1), kitchen.make)) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # the first one hangs up
        kitchen.let_go.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert [one.content for one in found[1:]] == [b"a"] * 4
        assert (await answers.of(key(1), kitchen.make)).content == b"a"
        assert kitchen.made == 1
        assert answers.n_found == 5

    asyncio.run(go())


def test_refusals_reach_everybody_and_are_not_kept():
    async def go():
        answers, kitchen = Answers(100), Kitchen(Refused(503, "busy"), Answer(b"b", "t"))
        waiting = [asyncio.ensure_future(answers.of(key(1), kitchen.make)) for _ in range(2)]
        await asyncio.sleep(0)
        kitchen.let_go.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [one.status for one in found] == [503, 503]
        assert (await answers.of(key(1), kitchen.make)).content == b"b"

    asyncio.run(go())


@pytest.mark.parametrize(("limit", "left"), [(0, []), (8, [2, 3]), (99, [1, 2, 3])])
def test_no_more_is_kept_than_was_allowed_and_the_oldest_goes(limit, left):
    async def go():
        answers = Answers(limit)

        async def give():
            return Answer(b"four", "t")

        for number in (1, 2, 3):
            await answers.of(key(number), give)
        assert answers.n_bytes == 4 * len(left)
        found = answers.n_found
        for number in left:
            await answers.of(key(number), give)
        assert answers.n_found - found == len(left)

    asyncio.run(go())


def test_a_new_generation_another_body_and_a_job_have_other_keys(tmp_path):
    head = tmp_path / MANIFEST
    head.write_text("{}")
    body = ScreenBody(library="lib", queries=("CCO",))
    first = key_of(body, tmp_path)
    assert first == key_of(ScreenBody(library="lib", queries=("CCO",)), tmp_path)
    assert first != key_of(body.model_copy(update={"k": 7}), tmp_path)
    assert first != key_of(body.model_copy(update={"format": "csv"}), tmp_path)
    assert key_of(body.model_copy(update={"job": True}), tmp_path) is None
    (tmp_path / "next").write_text("{}")
    (tmp_path / "next").replace(head)
    assert first != key_of(body, tmp_path)
    assert key_of(body, tmp_path / "nowhere") is None


def test_a_served_screen_is_computed_once(client):
    body = {"library": "lib", "queries": ["CCOC(=O)c1ccc(N)cc1"], "k": 7}
    before = client.get("/metrics").text
    one, other = (client.post("/v1/screen", json=body) for _ in range(2))
    assert one.status_code == 200
    assert one.content == other.content

    def found(text):
        (line,) = [one for one in text.splitlines() if one.startswith("molsearch_answers_found ")]
        return float(line.split()[1])

    assert found(client.get("/metrics").text) == found(before) + 1
