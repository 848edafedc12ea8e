"""docs/speed.md says of filters by SMARTS what results/substructures.json holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_patterns_is_that_of_the_result_file() -> None:
    found = json.loads((ROOT / "results" / "substructures.json").read_text())
    text = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    part = text.split("## Filters by SMARTS")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if re.match(r"\| [a-z]", line) and not line.startswith("| pattern |")
    ]
    expected = [
        [
            one["name"],
            f"{one['contain']:,}",
            f"{one['left']:,}",
            f"{one['left_by_rdkit']:,}",
            f"{one['walk_over_bits']:.1f}",
            f"{one['making_over_walk']:.1f}",
        ]
        for one in found["patterns"]
    ]
    assert rows == expected
    assert f"{found['molecules']:,} PubChem compounds" in part
