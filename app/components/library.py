"""What a library holds: counts, a sample of its molecules, its failures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from molsearch import schema
from molsearch.data.repeats import Repeats, repeated_ids
from molsearch.errors import MolSearchError
from molsearch.index.ann.manifest import read_about
from molsearch.index.layout import MANIFEST
from molsearch.index.manifest import Manifest
from molsearch.index.models import read_model
from molsearch.index.reader import open_index
from molsearch.words import counted
from molsearch_app import access, jobs, places
from molsearch_app.components import space

SAMPLE = 3000
_SEED = 20


@dataclass(frozen=True)
class Summary:
    """One index in the list."""

    path: Path
    place: str
    manifest: Manifest

    @property
    def name(self) -> str:
        """Files it was made of."""
        files = [Path(name).name for name in self.manifest.library.sources]
        return ", ".join(files[:3]) + (" …" if len(files) > 3 else "")

    @property
    def label(self) -> str:
        """Name, size and place, which tell it from the others."""
        return f"{self.name} · {counted(self.manifest.n_ok, 'molecule')} · {self.place}"


def has_lists(path: Path) -> bool:
    """Whether an index was made ready for approximate search."""
    try:
        return read_about(path) is not None
    except MolSearchError:
        return False


def found() -> tuple[list[Summary], list[str]]:
    """Indexes this session may see, newest first, and the places of those that are damaged."""
    good, bad = [], []
    for one in places.find_indexes():
        if not is_ours(one.path):
            continue
        try:
            manifest = read_model(one.path / MANIFEST, Manifest)
        except MolSearchError:
            bad.append(one.label)
            continue
        good.append(Summary(one.path, one.label, manifest))
    return good, bad


def is_ours(path: Path) -> bool:
    """Say whether this session may see a folder: on a shared server, of the runs only its own."""
    if not path.is_relative_to(places.runs_root()):
        return True
    return access.is_mine(places.runs_root() / path.relative_to(places.runs_root()).parts[0])


def overview(summaries: list[Summary]) -> pd.DataFrame:
    """Table of all indexes."""
    return pd.DataFrame(
        {
            "Library": [one.name for one in summaries],
            "Molecules": [one.manifest.n_ok for one in summaries],
            "Failed": [one.manifest.n_failed for one in summaries],
            "Conformers": [one.manifest.library.prepare.n_conformers for one in summaries],
            "Encoder": [
                str(one.manifest.card.get("name") or one.manifest.plan.encoder[:12])
                for one in summaries
            ],
            "MiB": [round(size(one.path) / 2**20, 1) for one in summaries],
            "Place": [one.place for one in summaries],
        }
    )


def size(path: Path) -> int:
    """Bytes below a folder."""
    return sum(
        (Path(folder) / name).stat().st_size for folder, _, names in os.walk(path) for name in names
    )


def sample(path: Path, n: int = SAMPLE) -> pd.DataFrame:
    """Properties of up to `n` random molecules, with their places on the map as ``x`` and ``y``.

    Raises
    ------
    IndexCorruptError
        The index is damaged.
    """
    reader = open_index(path)
    rng = np.random.default_rng(_SEED)
    rows = np.sort(rng.choice(reader.n_rows, size=min(n, reader.n_rows), replace=False))
    shards, within = space.places(reader, rows)
    columns = [schema.MOLECULE_ID, schema.ALERTS, schema.GEOMETRY, schema.SCAFFOLD]
    frame = reader.take(shards, within, [*columns, *schema.PROPERTIES]).to_pandas()
    vectors = space.embeddings(reader, rows).astype(np.float64)
    if len(rows) > 2:
        mean, directions, _ = space.axes(vectors)
        frame[["x", "y"]] = (vectors - mean) @ directions.T
    return frame.rename(columns={schema.MOLECULE_ID: "molecule"})


def failures(path: Path) -> pd.DataFrame:
    """List the records without an embedding, and why."""
    return open_index(path).failures().to_pandas()


def reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """Count failures by stage and reason, numbers in the reason left out."""
    kind = frame[schema.REASON].astype("str").str.replace(r"\d+", "#", regex=True)
    grouped = frame.groupby([frame[schema.STAGE], kind], sort=False).size()
    table = grouped.rename("Records").reset_index().sort_values("Records", ascending=False)
    return table.rename(columns={schema.STAGE: "Stage", schema.REASON: "Reason"})


def repeats(path: Path) -> Repeats:
    """Find the ids that more than one molecule of an index has.

    Raises
    ------
    IndexCorruptError
        The index is damaged.
    """
    reader = open_index(path)
    return repeated_ids(
        lambda: (
            reader.records(shard).read(columns=[schema.MOLECULE_ID]).column(0)
            for shard in range(reader.n_shards)
        )
    )


def facts(one: Summary) -> list[tuple[str, Any]]:
    """Say what the head of an index holds."""
    manifest = one.manifest
    prepare = manifest.library.prepare
    return [
        ("Molecules", f"{manifest.n_ok:,} of {counted(manifest.n_in, 'record')}"),
        ("Failed", f"{manifest.n_failed:,}"),
        ("Conformers", f"{prepare.n_conformers} ({prepare.quality})"),
        ("Embeddings", f"{manifest.plan.dim} × {manifest.plan.dtype}"),
        ("Encoder", manifest.plan.encoder[:12]),
        ("RDKit", manifest.library.rdkit),
    ]


def verify_of(path: Path) -> jobs.AppRun | None:
    """Newest check of an index in this session's folder of runs."""
    for job in jobs.recent("verify", 50):
        if job.meta.get("index") == str(path):
            return job
    return None
