"""What an index takes: bytes a molecule by part, of the example library.

    python benchmarks/index_bytes.py [-o results/index-bytes.json]

The first 300 molecules of the bundled example, with a conformer each and without, by the bundled
default encoder: what ``molsearch info`` states of them. Under a minute. Then:
``python benchmarks/speed_page.py`` writes docs/growing.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from rdkit import RDLogger

from molsearch import bundled
from molsearch.config import PrepareConfig
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.service.index import index
from molsearch.service.info import describe
from molsearch.service.requests import IndexRequest
from molsearch.service.session import Session

LIBRARY = bundled.example() / "library.csv"
WAYS = {"with a conformer": 1, "without conformers": 0}


def measured(n: int, n_conformers: int, session: Session) -> dict[str, float]:
    """Index the first `n` molecules, and say how many bytes each takes."""
    with tempfile.TemporaryDirectory() as folder:
        cut, place = Path(folder) / "library.csv", Path(folder) / "library.index"
        lines = LIBRARY.read_text(encoding="utf-8").splitlines(keepends=True)
        write_text(cut, "".join(lines[: n + 1]))
        request = IndexRequest(
            library=(str(cut),),
            output=str(place),
            prepare=PrepareConfig(n_conformers=n_conformers),
            device="cpu",
            workers=1,
        )
        index(request, session)
        found = describe(place)
    prepared = round(found["bytes_prepared"] / found["n_ok"], 1)
    return {**found["bytes_a_molecule"], "the prepared set beside it": prepared}


def main() -> None:
    """Measure both, keep and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", type=int, default=300)
    parser.add_argument("-o", "--output", type=Path, default=Path("results/index-bytes.json"))
    given = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    session = Session()
    found = {
        "library": "datasets/example/library.csv",
        "molecules": given.molecules,
        **{way: measured(given.molecules, n, session) for way, n in WAYS.items()},
        "versions": versions(),
    }
    write_text(given.output, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
