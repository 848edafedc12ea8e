"""A screen filtered by SMARTS: with substructure bits, and as a walk that matches every molecule.

python benchmarks/substructures.py library.parquet [--rows 50000] [--repeats 3] [-o results.json]

Prints for each pattern the ratio, what computing the bits costs against the walk, how many
molecules bits leave to be matched, and how many RDKit's pattern fingerprint would; hits are
compared row for row, and all molecules are matched: none that contains it may be ruled out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow.parquet as pq
from rdkit import Chem, DataStructs, rdBase

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from fakes import FakeEncoder, molecule, prepared_set

from molsearch.chem.fingerprints import ecfp4
from molsearch.chem.substructures import may_contain, probes, screen_bits
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.writer import build_index
from molsearch.io.atomic import write_text
from molsearch.io.runs import processor, versions
from molsearch.search.queries import read_queries
from molsearch.search.screen import HitList, screen
from molsearch.search.substructures import SubstructureScreen

PATTERNS = {
    "trifluoromethylpyridine": "C(F)(F)(F)c1ccncc1",
    "hydroxamic acid": "C(=O)N[OH]",
    "boronic acid": "B(O)O",
    "acrylamide": "C=CC(=O)N",
    "spiro": "[R]1([R2])[R][R][R]1",
    "any halide at an azine": "[F,Cl,Br,I]c1[c,n][c,n][c,n][c,n]n1",
    "primary sulfonamide": "S(=O)(=O)[NH2]",
    "phenyl": "c1ccccc1",
}
_K = 1000
_QUERY = "O=C(Nc1ccc(F)cc1)c1ccncc1"


def searched(reader: IndexReader, smarts: str) -> tuple[float, HitList]:
    """Seconds of a screen with a pattern, and its hits."""
    queries = read_queries([_QUERY], ReadConfig(), PrepareConfig(n_conformers=0))
    config = ScreenConfig(k=_K, include_smarts=(smarts,))
    started = time.perf_counter()
    found = screen(reader, FakeEncoder(), queries, config)
    return time.perf_counter() - started, found


@contextmanager
def walking() -> Iterator[None]:
    """Match every molecule down the ranking, as without bits."""
    with patch.multiple(
        SubstructureScreen,
        make=lambda *_: None,
        exclude=lambda *_: None,
        told=lambda _, shards, rows: (np.zeros(len(rows), bool), np.ones(len(rows), bool)),
    ):
        yield


def library(path: Path, n: int) -> list[str]:
    """Structures of a table, evenly spread, as RDKit writes them."""
    texts = pq.read_table(path, columns=["smiles"]).column(0).to_pylist()
    with rdBase.BlockLogs():
        chosen = (Chem.MolFromSmiles(one) for one in texts[:: max(1, len(texts) // n)][:n])
        return [Chem.MolToSmiles(mol) for mol in chosen if mol is not None and mol.GetNumAtoms()]


def main() -> None:
    """Print what the module's first lines promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, help="write what was measured as JSON too")
    given = parser.parse_args()
    parents = library(given.library, given.rows)
    mols = [Chem.MolFromSmiles(one) for one in parents]
    rows = [
        molecule(i, smiles=one, parent_smiles=one, ecfp4=ecfp4(mol), inchikey="", n_conformers=0)
        for i, (one, mol) in enumerate(zip(parents, mols, strict=True), start=1)
    ]
    started = time.perf_counter()
    bits = screen_bits(parents)
    making = time.perf_counter() - started
    prints = [Chem.PatternFingerprint(mol, 2048) for mol in mols]
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepared_set(Path(folder) / "p", rows, shard_records=4096)
        build_index(prepared, FakeEncoder(), Path(folder) / "i")
        found = _measure(open_index(Path(folder) / "i"), mols, bits, prints, making, given.repeats)
    if given.output is not None:
        record = {
            "schema": 1,
            "library": given.library.name,
            "molecules": len(mols),
            "k": _K,
            "repeats": given.repeats,
            "machine": {
                "processor": processor(),
                "cores": os.cpu_count(),
                "load": os.getloadavg()[0],
            },
            "versions": versions(),
            "patterns": found,
        }
        write_text(given.output, json.dumps(record, indent=1) + "\n")


def _measure(reader, mols, bits, prints, making, repeats):  # type: ignore[no-untyped-def]
    found = []
    for name, smarts in PATTERNS.items():
        pattern = Chem.MolFromSmarts(smarts)
        there = np.array([mol.HasSubstructMatch(pattern) for mol in mols])
        left = may_contain(bits, probes(pattern))
        assert not (there & ~left).any(), smarts
        asked = Chem.PatternFingerprint(pattern, 2048)
        theirs = sum(DataStructs.AllProbeBitsMatch(asked, one) for one in prints)
        with walking():
            walks = [searched(reader, smarts) for _ in range(repeats)]
        searched(reader, smarts)  # computes the bits where that pays
        with_bits = [searched(reader, smarts) for _ in range(repeats)]
        assert with_bits[0][1].frame.equals(walks[0][1].frame), smarts
        walk, fast = (statistics.median(t for t, _ in some) for some in (walks, with_bits))
        found.append(
            {
                "name": name,
                "smarts": smarts,
                "contain": int(there.sum()),
                "left": int(left.sum()),
                "left_by_rdkit": theirs,
                "walk_over_bits": round(walk / fast, 2),
                "making_over_walk": round(making / walk, 2),
            }
        )
        print(
            f"{name:24} {there.sum():6,} of {len(mols):,} contain it, {left.sum():6,} are left "
            f"(RDKit's pattern fingerprint: {theirs:6,}); walk / with bits: {walk / fast:6.1f}; "
            f"computing the bits / walk: {making / walk:5.1f}",
            flush=True,
        )
    return found


if __name__ == "__main__":
    main()
