"""What a request says while it runs, as the state of a job. Standard library only."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from molsearch.words import clock


@dataclass
class Told:
    """What the events of a step have told so far.

    Attributes
    ----------
    progress
        Counts of the current stage: stage, done, total, failed, rate (a second), left (a clock),
        note.
    error
        Why the step failed, one line.
    """

    progress: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    error: str = ""
    _stage: str = ""
    _since: float = 0.0

    def take(self, line: str) -> str:
        """Take a line of events; returns what a reader of the log would see of it."""
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, TypeError, KeyError):
            kind = None
        if not isinstance(kind, str):
            return line  # a program's own words
        text = str(event.get("text") or event.get("message") or "")
        if kind == "progress":
            self.progress = self._counted(event)
        elif kind == "waiting":
            self.progress = {"stage": "waiting", "note": event.get("reason", "")}
        elif kind == "warning":
            self.warnings.append(text)
            return f"warning: {text}"
        elif kind == "failure":
            self.error = text
        return text

    def _counted(self, event: dict[str, Any]) -> dict[str, Any]:
        """Give counts of a stage a rate, which what an earlier run did does not flatter."""
        now = time.monotonic()
        if event["stage"] != self._stage:
            self._stage, self._since = event["stage"], now
        done, total = int(event["done"]), event.get("total")
        fresh, spent = done - int(event.get("earlier") or 0), now - self._since
        rate = fresh / spent if fresh > 0 and spent > 0 else 0.0
        left = clock((total - done) / rate) if total and rate and done < total else None
        kept = {name: event.get(name) for name in ("stage", "done", "total", "failed", "note")}
        return {**kept, "rate": round(rate), "left": left}
