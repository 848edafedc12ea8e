"""What a benchmark is: targets, each with queries, actives, and decoys or measured inactives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

# Columns of a pool. `origin` names where a decoy comes from (for results by decoy source);
# `split` is T or V where the benchmark has training and validation parts.
POOL_COLUMNS = ("molecule_id", "smiles", "is_active", "origin", "split", "inchikey")

PoolProtocol = Literal["fused", "each", "drawn"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a benchmark comes from and what must be said beside its numbers.

    Attributes
    ----------
    title, citation, url, licence
        For the report.
    inactives
        ``decoys`` (presumed inactive) or ``inactives`` (measured).
    notes
        Caveats: missing parts, assigned queries, known bias.
    """

    title: str
    citation: str
    url: str
    licence: str
    inactives: Literal["decoys", "inactives"]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """A ligand searched with.

    Attributes
    ----------
    query_id
        Name of the ligand: PDB code, active's id.
    smiles
        Its structure.
    molblock
        Its 3D geometry as a mol block where the source gives one (a crystal pose), else empty.
    inchikey
        Full InChIKey, or empty where it must be computed.
    """

    query_id: str
    smiles: str
    molblock: str = ""
    inchikey: str = ""


@dataclass(frozen=True)
class Task:
    """One target's screen.

    Attributes
    ----------
    target
        Short name, unique within its benchmark, safe as a file name.
    queries
        The ligands searched with; at least one.
    pool
        What is ranked: `POOL_COLUMNS`, one molecule a row.
    protocol
        ``fused``: all queries together make one ranking. ``each``: every query alone, metrics
        averaged over queries. ``drawn``: the queries of each of `draws` together, metrics averaged
        over draws.
    uniprot
        Accession of the protein, where known.
    notes
        Caveats of this target alone.
    draws
        Places in `queries` of each draw, where the protocol is ``drawn``.
    """

    target: str
    queries: tuple[TaskQuery, ...]
    pool: pd.DataFrame
    protocol: PoolProtocol = "fused"
    uniprot: str = ""
    notes: tuple[str, ...] = ()
    draws: tuple[tuple[int, ...], ...] = ()

    @property
    def asked(self) -> list[npt.NDArray[np.int64]]:
        """Places in `queries` of those that make one ranking, for each ranking."""
        every = np.arange(len(self.queries))
        if self.protocol == "fused":
            return [every]
        if self.protocol == "each":
            return [every[[query]] for query in every]
        return [np.array(draw, dtype=np.int64) for draw in self.draws]

    @property
    def is_active(self) -> npt.NDArray[np.bool_]:
        """Labels of the pool, shape ``[n]``."""
        return self.pool["is_active"].to_numpy(bool)


class Benchmark(Protocol):
    """A set of targets that can be screened."""

    name: str

    @property
    def provenance(self) -> Provenance:
        """Where the molecules come from, with the caveats that belong beside every number."""
        ...

    def targets(self) -> list[str]:
        """Names of the targets that can be screened, in order."""
        ...

    def load(self, target: str) -> Task:
        """Read one target.

        Raises
        ------
        InputError
            A file of the target is missing or unreadable.
        """
        ...

    def counts(self) -> pd.DataFrame:
        """Molecules by target: columns target, actives, inactives, queries."""
        ...


def pool_frame(
    smiles: Iterable[str],
    molecule_id: Iterable[str],
    is_active: npt.ArrayLike,
    *,
    origin: Sequence[str] | str = "",
    split: Sequence[str] | str = "",
    inchikey: Sequence[str] | str = "",
) -> pd.DataFrame:
    """Make a pool with all of `POOL_COLUMNS`."""
    frame = pd.DataFrame({"molecule_id": list(molecule_id), "smiles": list(smiles)}, dtype=object)
    frame["is_active"] = np.broadcast_to(np.asarray(is_active, dtype=bool), len(frame))
    frame["origin"], frame["split"], frame["inchikey"] = origin, split, inchikey
    return frame.loc[:, list(POOL_COLUMNS)]


def _draw(smiles: Sequence[str], seed: int, target: str) -> npt.NDArray[np.int64]:
    """Order molecules by a keyed hash: a random order that does not depend on the others."""
    key = f"{seed}:{target}:".encode()
    digests = [hashlib.blake2b(key + s.encode(), digest_size=8).digest() for s in smiles]
    return np.argsort(np.frombuffer(b"".join(digests), dtype=">u8"), kind="stable")


def limit(task: Task, n_actives: int | None, n_inactives: int | None, seed: int) -> Task:
    """Cut the pool to at most so many actives and decoys, drawn with `seed`.

    Smaller draws are part of larger ones, so that prepared conformers can be shared.
    """
    labels = task.is_active
    kept = []
    for rows, most in (
        (np.flatnonzero(labels), n_actives),
        (np.flatnonzero(~labels), n_inactives),
    ):
        if most is None or rows.size <= most:
            kept.append(rows)
            continue
        order = _draw(task.pool["smiles"].iloc[rows].tolist(), seed, task.target)
        kept.append(rows[order[:most]])
    rows = np.sort(np.concatenate(kept))
    if rows.size == len(labels):
        return task
    return replace(task, pool=task.pool.iloc[rows].reset_index(drop=True))
