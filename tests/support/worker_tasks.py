"""Stand-ins for the chemistry of one record: calm, crashing, hanging, failing.

A spawned worker imports them by name, so they live where every process can.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molsearch.chem.columns import Block, block_of
from molsearch.config import PrepareConfig
from molsearch.data.blocks import Sent, received
from molsearch.data.workers import hard_limit
from molsearch.errors import InputError
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


def hearing(record: Record, config: PrepareConfig) -> Failure:
    """Say how many threads of the worker let Ctrl-C in."""
    time.sleep(0.2)  # so that every worker gets a record
    heard = 0
    for thread in Path("/proc/self/task").iterdir():
        mask = re.search(r"SigBlk:\s*(\w+)", (thread / "status").read_text())
        assert mask is not None
        heard += not int(mask[1], 16) >> (signal.SIGINT - 1) & 1
    return Failure.of(record, "test", f"{heard} hear")


def squared(number: int) -> int:
    """Square a number; 13 kills its worker, 17 raises, 19 is refused."""
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 17:
        raise KeyError("seventeen")
    if number == 19:
        raise InputError("19 is no number: give another")
    return number * number


def troubled_block(
    columns: Sent, config: PrepareConfig, buckets: tuple[int, int, int] | None
) -> Block:
    """Prepare a block as `troubled` prepares each record."""
    return block_of(troubled(record, config) for record in received(columns))


def troubled_one(
    record: Record, config: PrepareConfig, buckets: tuple[int, int, int] | None
) -> Failure:
    """Prepare a record as `troubled` does."""
    return troubled(record, config)
