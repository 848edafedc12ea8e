"""Molecules per second of each stage from a file to a hit list, and its share of the time.

    python benchmarks/stages.py LIBRARY.smi [--molecules 2000]

Every stage runs in this one process on the same molecules, with as many torch threads as
OMP_NUM_THREADS allows, so the shares compare; the last column is the rate relative to RDKit's
ECFP4 of the same molecules, the peer that everybody knows. Workers share the chemistry of
``molsearch prepare`` among them: divide its time by their number.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rdkit import Chem, RDLogger

from molsearch.chem.conformers import embed
from molsearch.chem.facts import PREPARED, compute
from molsearch.chem.fingerprints import ecfp4, tanimoto
from molsearch.chem.prepare import prepare_record
from molsearch.chem.records import iter_records
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare
from molsearch.data.tables import graphs_of_table
from molsearch.index.writer import build_index
from molsearch.nn.weights import load_encoder
from molsearch.schema import STORED_FACTS


def main() -> None:
    """Time the stages and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--molecules", type=int, default=2000)
    given = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    with TemporaryDirectory() as folder:
        rows = time_stages(given.library, given.molecules, Path(folder))
    peer = next(rate for name, rate, _ in rows if name.startswith("ECFP4"))
    total = sum(seconds for name, _, seconds in rows if not name.startswith("ECFP4"))
    print(f"{'stage':<44}{'molecules/s':>12}{'share':>8}{'x ECFP4':>10}")
    for name, rate, seconds in rows:
        share = "" if name.startswith("ECFP4") else f"{seconds / total:7.1%}"
        print(f"{name:<44}{rate:>12,.0f}{share:>8}{rate / peer:>10.3g}")


def time_stages(library: Path, n: int, folder: Path) -> list[tuple[str, float, float]]:
    """Return name, molecules per second and seconds of each stage."""
    rows: list[tuple[str, float, float]] = []

    def timed(name: str, n_done: int, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - started
        rows.append((name, n_done / seconds, seconds))
        return result

    def read() -> list[Any]:
        return list(itertools.islice(iter_records([library], ReadConfig()), n))

    records = timed("read", n, read)
    without_3d, with_3d = PrepareConfig(n_conformers=0), PrepareConfig()
    flat = timed(
        "parent, fingerprint",
        len(records),
        lambda: [prepare_record(record, without_3d, PREPARED) for record in records],
    )
    parents = [one.parent_smiles for one in flat if hasattr(one, "parent_smiles")]
    timed("facts of a hit list", len(parents), lambda: compute(parents, STORED_FACTS))
    mols = [Chem.MolFromSmiles(smiles) for smiles in parents]
    timed("conformer (ETKDGv3, fast)", len(mols), lambda: [_embed(mol, with_3d) for mol in mols])
    prepared = prepare([library], folder / "p", ReadConfig(), with_3d, workers=2, limit=n)
    tables = list(prepared.iter_tables())
    encoder = load_encoder(device="cpu")
    buckets = encoder.buckets
    stores = timed(
        "graph features", prepared.n_ok, lambda: [graphs_of_table(t, buckets)[0] for t in tables]
    )
    timed("encoder", prepared.n_ok, lambda: [encoder.encode_store(store) for store in stores])
    reader = build_index(prepared, encoder, folder / "i")
    vectors = np.asarray(reader.embeddings(0), np.float32)
    timed("search (one query)", len(vectors), lambda: np.argsort(-(vectors @ vectors[0]))[:1000])
    prints = timed("ECFP4 (RDKit), the peer", len(mols), lambda: [ecfp4(mol) for mol in mols])
    bits = np.frombuffer(b"".join(prints), np.uint8).reshape(len(mols), -1)
    timed("ECFP4 search (one query)", len(mols), lambda: np.argsort(-tanimoto(bits[0], bits)))
    return rows


def _embed(mol: Chem.Mol, config: PrepareConfig) -> int:
    """Embed one molecule; a failure costs its time too."""
    try:
        return len(embed(mol, config))
    except (ValueError, RuntimeError):
        return 0


if __name__ == "__main__":
    main()
