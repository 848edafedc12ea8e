"""A process whose children kill themselves at the n-th event: a call that touches the disk.

Forking once per moment keeps the imports out of the price. The script of such a process hooks its
events and serves; the test asks by `Killer`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).parent
events = {"n": 0, "fatal": -1}


def struck() -> None:
    """Count an event, and die at the fatal one."""
    events["n"] += 1
    if events["n"] == events["fatal"]:
        os.kill(os.getpid(), signal.SIGKILL)


def hook(owner: Any, name: str) -> None:
    """Make each call of ``owner.name`` two events: before it and after."""
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        struck()
        result = original(*arguments, **named)
        struck()
        return result

    setattr(owner, name, wrapped)


def serve(work: Callable[[str], object]) -> None:
    """Do in a child what each line ``FATAL WORDS`` asks for, and tell how it ended."""
    for line in sys.stdin:
        fatal, words = line.split(maxsplit=1)
        child = os.fork()
        if child == 0:
            events["n"], events["fatal"] = 0, int(fatal)
            work(words.strip())
            _say(events["n"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        died = "killed" if os.WIFSIGNALED(status) else "failed"
        _say("finished" if status == 0 else died)


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


class Killer:
    """Such a process; its script finds this module by its first argument."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(SUPPORT), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, words: object, fatal: int) -> list[str]:
        """Return what a child printed, its number of events if it came so far, and its end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{fatal} {words}\n")
        self.process.stdin.flush()
        lines = [self.process.stdout.readline().strip()]
        while lines[-1] not in ("killed", "failed", "finished"):
            assert lines[-1], "the process died"
            lines.append(self.process.stdout.readline().strip())
        return lines

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
