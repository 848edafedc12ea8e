"""Stand-ins for the chemistry of one record: calm, crashing, hanging, failing.

A spawned worker imports them by name, so they live where every process can.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from molsearch.config import PrepareConfig
from molsearch.data.workers import hard_limit
from molsearch.schema import Failure, Record


def calm(record: Record, config: PrepareConfig) -> Failure:
    return Failure.of(record, "test", record.molecule_id)


def troubled(record: Record, config: PrepareConfig) -> Failure:
    """Ids say what happens: m13 crashes, m29 is killed, m40 hangs, m57 raises."""
    if record.molecule_id == "m13":
        os.kill(os.getpid(), signal.SIGSEGV)
    if record.molecule_id == "m29":
        os.kill(os.getpid(), signal.SIGKILL)
    if record.molecule_id == "m40":
        while True:
            pass
    if record.molecule_id == "m57":
        raise MemoryError("no room")
    return calm(record, config)


def asleep_once(record: Record, config: PrepareConfig) -> Failure:
    """Waits far longer than the limit, without using the processor."""
    if record.number == 2:
        time.sleep(2.5 * hard_limit(config))
    return calm(record, config)


def always_dead(record: Record, config: PrepareConfig) -> Failure:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError(record)


def every_tenth_dead(record: Record, config: PrepareConfig) -> Failure:
    if record.number % 10 == 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    return calm(record, config)


def deadly_facts(record: Record, config: PrepareConfig, names: Sequence[str]) -> Any:
    """Kill the worker at the twelfth row of an index; all other facts are 1."""
    if record.number == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return record.number, dict.fromkeys(names, 1), ""
