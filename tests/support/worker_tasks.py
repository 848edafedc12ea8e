"""Stand-ins for the chemistry of one record: calm, crashing, hanging, failing.

A spawned worker imports them by name, so they live where every process can.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from molsearch.chem.columns import Block, block_of
from molsearch.config import PrepareConfig
from molsearch.data.blocks import Sent, received
from molsearch.errors import InputError
from molsearch.schema import Failure, Record

FLAT = PrepareConfig(n_conformers=0, timeout=0.5)
LIMIT = 3.0  # s of processor time a record, where a test says so: these import no RDKit


def records(n: int) -> Iterator[Record]:
    """Chains of carbon, numbered from 1."""
    for number in range(1, n + 1):
        yield Record(number, "t", number, f"m{number}", "C" * (number % 7 + 1))


def torn(n: int) -> Iterator[Record]:
    """Yield records whose file ends in the middle of the next one."""
    yield from records(n)
    raise InputError(f"truncated at record {n + 1}")


def check_lost(failures: Sequence[Failure]) -> None:
    """Make sure that of the first 70 records, given to `troubled`, exactly the four are lost."""
    assert [one.record_number for one in failures] == list(range(1, 71))
    lost = {one.molecule_id: one.reason for one in failures if one.stage == "worker"}
    assert set(lost) == {"m13", "m29", "m40", "m57"}
    assert "SIGSEGV" in lost["m13"]
    assert "SIGKILL" in lost["m29"]
    assert f"took longer than {LIMIT:g} s" in lost["m40"]
    assert "no room" in lost["m57"]


def imported_with(code: str) -> set[str]:
    """Heavy packages that a process of its own has imported after `code`."""
    heavy = ("torch", "pandas", "pyarrow", "streamlit", "numba")
    tell = f"import sys; print(*(name for name in {heavy} if name in sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], capture_output=True, text=True, check=True
    )
    return set(answer.stdout.split())


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
    """Waits far longer than `LIMIT`, without using the processor."""
    if record.number == 2:
        time.sleep(2.5 * LIMIT)
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


def has_colorsys(item: int) -> bool:
    """Whether somebody imported a module that nobody needs."""
    return "colorsys" in sys.modules


def stuck(item: int) -> None:
    """Never end."""
    while True:
        pass
