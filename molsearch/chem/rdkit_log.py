"""What RDKit says while it refuses a molecule: its readers tell the reason to a log alone."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rdkit import rdBase

_LOGGER = logging.getLogger("rdkit")
_LOCK = threading.Lock()
_TIME = re.compile(r"^\[\d\d:\d\d:\d\d\] ")


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect the warnings and errors that RDKit logs in this thread, and print none.

    RDKit's log is one for the whole process, so only one thread listens at a time; what others
    log meanwhile is lost, as it is under ``rdBase.BlockLogs``. Meant for failures, which are few.
    """
    listener = _Listener()
    with _LOCK:
        enabled = dict(line.split(":") for line in rdBase.LogStatus().splitlines())
        handlers, propagate = _LOGGER.handlers, _LOGGER.propagate
        _LOGGER.handlers, _LOGGER.propagate = [listener], False
        rdBase.LogToPythonLogger()
        try:
            yield listener.lines
        finally:
            rdBase.LogToCppStreams()
            _LOGGER.handlers, _LOGGER.propagate = handlers, propagate
            for name, state in enabled.items():
                (rdBase.EnableLog if state == "enabled" else rdBase.DisableLog)(name)


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of this thread, without the time."""
        text = _TIME.sub("", record.getMessage()).strip()
        if text and record.thread == self._thread:
            self.lines.append(text)
