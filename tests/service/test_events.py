"""Events as objects and as lines."""

from __future__ import annotations

import io

import pytest

from molsearch.cli.telling import Terminal
from molsearch.errors import IndexCorruptError, InputError
from molsearch.service import events
from molsearch.service.events import (
    Done,
    Failure,
    JsonLines,
    Note,
    Progress,
    Waiting,
    Warned,
    read_event,
    stage,
)

ALL = [
    Progress(stage="embedding", done=3, failed=1, total=9, earlier=2),
    Waiting(reason="another run"),
    Note(text="naïve\nlines"),
    Warned(text='"quoted"'),
    Failure.of(IndexCorruptError("x:1: broken;\n mend it")),
    Done(verb="screen", account={"n_hits": 3}),
]


def test_each_event_comes_back_from_its_line():
    stream = io.StringIO()
    tell = JsonLines(stream)
    for event in ALL:
        tell(event)
    lines = stream.getvalue().splitlines()
    assert [read_event(line) for line in lines] == ALL
    assert read_event(lines[4]).message == "x:1: broken; mend it"
    with pytest.raises(InputError, match="no event of molsearch"):
        read_event("embedding: 3 of 9 · 2/s")


def test_progress_is_thinned_but_begin_and_end_are_told(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(events.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with stage(JsonLines(stream), "embedding", 1000) as progress:
        progress(100, 0)
        for done in range(101, 1001):
            now[0] += 0.01
            progress(done, done // 500)
    told = [read_event(line) for line in stream.getvalue().splitlines()]
    assert 30 < len(told) < 60
    assert (told[0].done, told[-1].done, told[-1].ended, told[-1].failed) == (100, 1000, True, 2)
    assert {one.earlier for one in told} == {100}


def test_a_stage_that_breaks_still_ends():
    told = []

    def breaks():
        with stage(told.append, "embedding") as progress:
            progress(0, 0)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        breaks()
    assert [one.ended for one in told] == [False, True]


def test_a_stage_done_earlier_is_not_told_on_a_terminal(capsys):
    terminal = Terminal(quiet=False)
    with stage(terminal, "preparing") as progress:
        progress(7, 0)
    assert capsys.readouterr().err == ""
    with stage(terminal, "preparing") as progress:
        progress(7, 0)
        progress(9, 1)
    assert "preparing: 9 ·" in capsys.readouterr().err


def test_a_quiet_terminal_tells_warnings_alone(capsys):
    terminal = Terminal(quiet=True)
    for event in [*ALL, Note(text="it is made again", important=True)]:
        terminal(event)
    assert capsys.readouterr().err.splitlines() == [
        'molsearch: warning: "quoted"',
        "it is made again",
    ]
