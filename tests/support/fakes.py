"""A library and an encoder without chemistry or training, for tests of index and search."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rdkit import Chem

from molsearch import schema
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_manifest import PrepareRun, Source
from molsearch.data.prepared_writer import writing
from molsearch.schema import Failure, Prepared


class FakeEncoder:
    """Projects ECFP4 bits by fixed small integers: equal fingerprints give equal embeddings.

    Integer products are exact, so the batch a molecule falls into cannot change its embedding.
    """

    def __init__(
        self,
        name: str = "fake",
        dim: int = 16,
        background: np.ndarray | None = None,
        card: Mapping[str, Any] | None = None,
        background_ecfp4: np.ndarray | None = None,
        reference: np.ndarray | None = None,
    ) -> None:
        self.identity = hashlib.sha256(f"{name}/{dim}".encode()).hexdigest()
        self.dim = dim
        self.card = {"name": name, "licence": "none", **(card or {})}
        self.background = background
        self.background_ecfp4 = background_ecfp4
        self.reference = reference
        seed = int(self.identity[:8], 16)
        self._weights = np.random.default_rng(seed).integers(-8, 9, (2048, dim))
        self.n_embedded = 0

    def embed_table(self, table: pa.Table) -> np.ndarray:
        self.n_embedded += len(table)
        prints = b"".join(table.column(schema.ECFP4).to_pylist())
        bits = np.unpackbits(np.frombuffer(prints, np.uint8).reshape(len(table), 256), axis=1)
        vectors = (bits.astype(np.int64) @ self._weights).astype(np.float64)
        vectors[:, 0] += 0.5  # never all zero
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def embed_conformers(self, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        n = np.maximum(table.column(schema.N_CONFORMERS).to_numpy(), 1)
        owner = np.repeat(np.arange(len(table)), n)
        return self.embed_table(table)[owner], owner


def unit_rows(n: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    """Random vectors float16 ``[n, dim]`` of unit length."""
    rows = np.random.default_rng(seed).standard_normal((n, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def molecule(number: int, **changes: Any) -> Prepared:
    """A prepared molecule that is a chain of carbons with a random fingerprint."""
    rng = np.random.default_rng(changes.pop("seed", number))
    n_atoms = 1 + number % 9
    if "parent_smiles" in changes:
        # Screens tell molecules apart by their size before they ask for a name.
        changes.setdefault(
            "heavy_atoms", Chem.MolFromSmiles(changes["parent_smiles"]).GetNumHeavyAtoms()
        )
    values: dict[str, Any] = {
        "record_number": number,
        "source": "library.smi",
        "row": number,
        "molecule_id": f"m{number:05d}",
        "smiles": "C" * n_atoms,
        "parent_smiles": "C" * n_atoms,
        "inchikey": f"{number:014d}-UHFFFAOYSA-N",
        "scaffold": "",
        "alerts": "",
        "n_unspecified_stereo": 0,
        "mw": 14.0 * n_atoms,
        "clogp": 0.5 * n_atoms,
        "tpsa": 0.0,
        "hbd": 0,
        "hba": 0,
        "rotatable_bonds": n_atoms,
        "heavy_atoms": n_atoms,
        "formal_charge": 0,
        "ecfp4": np.packbits(rng.random(2048) < 0.02).tobytes(),
        "geometry": "embedded",
        "n_conformers": 1,
        "n_atoms": n_atoms,
        "coords": rng.integers(-5000, 5000, (1, n_atoms, 3)).astype("<i2").tobytes(),
        "user": {"vendor": f"v{number % 3}"},
    }
    return Prepared(**{**values, **changes})


def failure(number: int) -> Failure:
    """A record that could not be read."""
    return Failure(
        number, "library.smi", number, f"m{number:05d}", "parse", "not a readable SMILES", "C1C"
    )


def prepared_set(
    folder: Path,
    outcomes: Sequence[Prepared | Failure],
    *,
    shard_records: int = 300,
    prepare: PrepareConfig | None = None,
) -> PreparedSet:
    """Write a prepared set of given outcomes."""
    run = PrepareRun(
        sources=(Source(name="library.smi"),),
        read=ReadConfig(),
        prepare=prepare or PrepareConfig(),
        shard_records=shard_records,
        rdkit="test",
    )
    with writing(folder, run) as writer:
        for first in range(0, len(outcomes), shard_records):
            writer.commit(outcomes[first : first + shard_records])
        writer.finish()
    return PreparedSet.open(folder)


def library(folder: Path, n: int, *, bad_every: int = 0, **changes: Any) -> PreparedSet:
    """Write a prepared set of `n` records, every `bad_every`-th of which failed."""
    return prepared_set(
        folder,
        [
            failure(i) if bad_every and i % bad_every == 0 else molecule(i, **changes)
            for i in range(1, n + 1)
        ],
    )
