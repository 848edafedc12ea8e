"""Make the development screens of the example: classes that training on it never sees.

Reads ``drugs.csv`` and ``library.csv`` beside this file and writes ``development.csv``: each
chosen class's drugs as actives, two of them queries, with drugs of other classes and enumerated
molecules as decoys. Run it from anywhere: ``python datasets/example/development.py``.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLUMNS = ("target", "label", "smiles", "is_query")
CLASSES = (
    "EGFR kinase inhibitor",
    "HMG-CoA reductase inhibitor",
    "angiotensin II receptor antagonist",
    "beta-adrenoceptor antagonist",
    "DPP-4 inhibitor",
    "tricyclic antidepressant",
)
N_QUERIES = 2
N_DECOYS = 60  # a class, half of them drugs
SEED = 20


def rows_of(name: str) -> list[dict[str, str]]:
    """Read one of the example's tables."""
    with (HERE / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def screens() -> list[tuple[str, str, str, bool]]:
    """Return the rows of all screens."""
    draw = random.Random(SEED)
    drugs = rows_of("drugs.csv")
    enumerated = [r["smiles"] for r in rows_of("library.csv") if r["origin"].startswith("enum")]
    found: list[tuple[str, str, str, bool]] = []
    for name in CLASSES:
        actives = [row["smiles"] for row in drugs if row["drug_class"] == name]
        others = [row["smiles"] for row in drugs if row["drug_class"] != name]
        queries = set(draw.sample(actives, N_QUERIES))
        decoys = draw.sample(others, N_DECOYS // 2) + draw.sample(enumerated, N_DECOYS // 2)
        found += [(name, "active", smiles, smiles in queries) for smiles in actives]
        found += [(name, "decoy", smiles, False) for smiles in decoys]
    return found


def main() -> None:
    """Write the file."""
    with (HERE / "development.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(screens())


if __name__ == "__main__":
    main()
