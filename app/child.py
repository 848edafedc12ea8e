"""A process of a job: started, listened to, ended where the user asks. Standard library only."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

TICK = 0.25
_GRACE = 6.0
Take = Callable[[str], None]


class Child:
    """A running command, each of whose two outputs is read line by line.

    Parameters
    ----------
    argv
        The command, program first.
    on_line, on_error
        Take a line of its standard output, and one of its standard error.
    """

    def __init__(self, argv: Sequence[str], folder: Path, on_line: Take, on_error: Take) -> None:
        environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "160"}
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._takers = {self._process.stdout.fileno(): on_line}
        self._takers[self._process.stderr.fileno()] = on_error
        self._rest = dict.fromkeys(self._takers, b"")

    def watch(self, ending: Callable[[], float | None], tick: Callable[[], None]) -> int:
        """Read until both outputs close.

        Parameters
        ----------
        ending
            Seconds since the user asked for the end; None where nobody has.
        tick
            Called several times a second.

        Returns
        -------
        int
            The exit code; below 0 the signal that ended the process.
        """
        sent = 0
        while self._takers:
            for end in select.select([*self._takers], [], [], TICK)[0]:
                self._read(end)
            tick()
            asked = ending()
            if asked is not None:
                sent = self._end(asked, sent)
            if self._process.poll() is not None and not self._readable():
                break
        return self._process.wait()

    def _readable(self) -> bool:
        """Whether something is left to read of a process that has ended."""
        return bool(select.select([*self._takers], [], [], 0)[0]) if self._takers else False

    def _read(self, end: int) -> None:
        chunk = os.read(end, 65536)
        lines = (self._rest[end] + chunk).split(b"\n")
        self._rest[end] = b"" if not chunk else lines.pop()
        for line in lines:
            if line.strip():
                self._takers[end](line.decode("utf-8", "replace").rstrip())
        if not chunk:
            del self._takers[end]

    def _end(self, waited: float, sent: int) -> int:
        """Ask first, insist after `_GRACE` seconds, then kill; returns how much was sent."""
        kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
        due = min(int(waited // _GRACE), len(kinds) - 1) + 1
        if due > sent:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, kinds[due - 1])
        return max(sent, due)
