"""Figures of docs/speed.md, docs/growing.md and docs/server.md out of their result files.

    python benchmarks/speed_page.py

Only what stands between a section's marks is written; a section whose figures were not measured
yet is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marked import rewrite
from server_sections import load, together
from speed_sections import (
    bytes_by_part,
    csv,
    lists,
    memory,
    own_columns,
    prefix,
    search,
    stages,
)

from molsearch.io.atomic import write_text

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
PAGES = tuple(ROOT / "docs" / f"{name}.md" for name in ("speed", "growing", "server"))
_WHOLE = (
    ("MEMORY", "memory", memory),
    ("STAGES", "stages", stages),
    ("BYTES", "index-bytes", bytes_by_part),
    ("OWN", "own-columns", own_columns),
    ("LOAD", "server-load", load),
    ("TOGETHER", "screens-together", together),
)
_OF_ENGINE = (
    ("CSV", "csv to index", csv),
    ("SEARCH", "search", search),
    ("LISTS", "lists", lists),
    ("PREFIX", "prefix storage", prefix),
)


def results() -> dict[str, dict[str, Any]]:
    """Read the result files that there are."""
    places = {name: RESULTS / f"{name}.json" for name in (of for _, of, _ in _WHOLE)}
    return {name: json.loads(at.read_text()) for name, at in places.items() if at.exists()}


def engines() -> list[dict[str, Any]]:
    """Read the result files of the engine, of which each machine has one."""
    return [json.loads(at.read_text()) for at in sorted(RESULTS.glob("engine*.json"))]


def sections(
    found: dict[str, dict[str, Any]], engines: Sequence[dict[str, Any]] = ()
) -> dict[str, str]:
    """Write every section for which there are figures; one after the other those of machines."""
    of_engines = {
        name: "\n\n".join(write(one[of]) for one in engines if of in one)
        for name, of, write in _OF_ENGINE
    }
    return {
        **{name: write(found[of]) for name, of, write in _WHOLE if of in found},
        **{name: text for name, text in of_engines.items() if text},
    }


def main() -> None:
    """Write the pages."""
    made = sections(results(), engines())
    for page in PAGES:
        write_text(page, rewrite(page.read_text(encoding="utf-8"), made))


if __name__ == "__main__":
    main()
