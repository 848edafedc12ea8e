"""``run.json``: what made an output, beside the output."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from molsearch.io.atomic import write_text

_PACKAGES = ("molsearch", "torch", "torch-geometric", "rdkit", "numpy", "pandas", "pyarrow", "POT")


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide results."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """Name the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def write_run(path: Path, verb: str, content: Mapping[str, Any]) -> None:
    """Write a run record: verb, time, command line, folder, versions, and `content`."""
    record = {
        "verb": verb,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "versions": versions(),
        "machine": {"system": platform.platform(), "processor": platform.machine()},
        **content,
    }
    write_text(path, json.dumps(record, indent=1, default=str) + "\n")
