"""What a request says while it runs: objects, which doors turn into lines, bars or JSON.

A command line prints them, the application and other programs read them as JSON lines from a
pipe, a server sends them to its clients. Nothing below the service prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TextIO

from pydantic import Field, TypeAdapter, ValidationError

from molsearch.config import Config
from molsearch.errors import InputError, MolSearchError
from molsearch.progress import OnProgress

_SECONDS_BETWEEN = 0.2


class Progress(Config):
    """Records of a stage that are done.

    Attributes
    ----------
    stage
        What is being done, as a word for people.
    done, failed
        Records so far, good and failed alike; and those of them that failed.
    total
        How many there are to do; None where that is not known.
    earlier
        Those of `done` that an earlier, interrupted run did.
    ended
        Whether the stage is over, by success or not.
    note
        What else there is to say of this moment.
    """

    event: Literal["progress"] = "progress"
    stage: str
    done: int
    failed: int = 0
    total: int | None = None
    earlier: int = 0
    ended: bool = False
    note: str = ""


class Waiting(Config):
    """The request waits for somebody else."""

    event: Literal["waiting"] = "waiting"
    reason: str


class Note(Config):
    """Something worth knowing that changes no result; when `important` it is always shown."""

    event: Literal["note"] = "note"
    text: str
    important: bool = False


class Warned(Config):
    """Something the user should know before believing the result."""

    event: Literal["warning"] = "warning"
    text: str


class Failure(Config):
    """The request has ended without a result.

    Attributes
    ----------
    message
        One line: what, where, and how to mend it.
    kind
        Name of the error's class in `molsearch.errors`.
    exit_code
        What a command line ends with.
    """

    event: Literal["failure"] = "failure"
    message: str
    kind: str
    exit_code: int

    @classmethod
    def of(cls, error: MolSearchError) -> Failure:
        """Tell a deliberate error."""
        line = " ".join(str(error).split())
        return cls(message=line, kind=type(error).__name__, exit_code=error.exit_code)


class Done(Config):
    """The request has its result.

    Attributes
    ----------
    account
        Everything that made it, as in ``run.json``.
    """

    event: Literal["done"] = "done"
    verb: str
    account: dict[str, Any]


Event = Progress | Waiting | Note | Warned | Failure | Done
Emit = Callable[[Event], None]
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def silent(event: Event) -> None:
    """Say nothing."""


def read_event(line: str) -> Event:
    """Read an event from a line that `JsonLines` wrote.

    Raises
    ------
    InputError
        The line is no event.
    """
    try:
        return _EVENT.validate_json(line)
    except ValidationError as error:
        raise InputError(f"no event of molsearch: {line[:80]!r}; read its output alone") from error


class JsonLines:
    """Writes events as JSON lines; of the progress of one stage not more than a few a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stage, self._at = "", 0.0

    def __call__(self, event: Event) -> None:
        """Write one event, at once."""
        if isinstance(event, Progress) and not self._due(event):
            return
        self._stream.write(event.model_dump_json() + "\n")
        self._stream.flush()

    def _due(self, event: Progress) -> bool:
        now = time.monotonic()
        if event.ended or event.stage != self._stage or now - self._at >= _SECONDS_BETWEEN:
            self._stage, self._at = event.stage, now
            return True
        return False


@contextmanager
def stage(emit: Emit, name: str, total: int | None = None) -> Iterator[OnProgress]:
    """Tell the progress of a stage; what it calls back with first was done earlier.

    Yields
    ------
    Callable
        Takes the counts so far: records done, and those of them that failed.
    """
    last: Progress | None = None

    def tell(done: int, failed: int) -> None:
        nonlocal last
        earlier = done if last is None else last.earlier
        last = Progress(stage=name, done=done, failed=failed, total=total, earlier=earlier)
        emit(last)

    try:
        yield tell
    finally:
        if last is not None:
            emit(last.model_copy(update={"ended": True}))
