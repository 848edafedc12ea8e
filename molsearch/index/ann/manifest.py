"""What the inverted lists of an index are, which rows they were made of, and how much they find."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from molsearch.config import Config
from molsearch.index.layout import EMBEDDINGS, FINGERPRINTS, INT8
from molsearch.index.manifest import FileEntry, Manifest, ShardEntry
from molsearch.index.models import read_model, write_model
from molsearch.io.hashing import sha256_json
from molsearch.words import counted

FOLDER = "ann"
ABOUT = "ann.json"
PLAN = "plan.json"
FORMAT_VERSION = 1
_NAME = r"^[a-z]+-[0-9a-f]{16}\.(npy|faiss)$"


class Named(Config):
    """A file of the folder."""

    name: str = Field(pattern=_NAME)
    entry: FileEntry


class Trained(Config):
    """What all shards share; equal ones make equal lists of equal rows.

    Attributes
    ----------
    encoder
        Identity of the encoder whose embeddings were learned from.
    centroids
        float32 ``[n_lists, dim + n_prints]``: the middle of each list.
    projection
        float32 ``[n_prints, 2048]``: the principal axes of fingerprints.
    bits
        A dimension, of the copies that the lists hold.
    n_rows
        Rows of the index that they were learned from.
    faiss
        Version that wrote them.
    """

    format_version: int = FORMAT_VERSION
    encoder: str
    dim: int = Field(gt=0)
    n_prints: int = Field(ge=0)
    n_lists: int = Field(gt=0)
    bits: int = Field(ge=1, le=8)
    n_rows: int = Field(gt=0)
    centroids: Named
    projection: Named
    faiss: str


class Lists(Config):
    """The lists of one shard.

    Attributes
    ----------
    of
        sha256 over the checksums of the rows that they hold, and over what they share.
    """

    of: str = Field(pattern=r"^[0-9a-f]{64}$")
    n_rows: int = Field(ge=0)
    file: Named


class Measured(Config):
    """How much of the exact k best a setting finds.

    Attributes
    ----------
    ranking
        What ranks, every fusion named (`molsearch.scoring.expression.Expression`).
    n_queries
        Queries of one search.
    k
        Hits of the exact search that are looked for.
    probes, depth
        Lists looked into, and rows taken out of them a query, to be scored exactly.
    recall
        Mean over the searches; of the two kinds of query the worse.
    lowest
        The recall that nine of ten searches have at least.
    n_searches
        Searches it was measured with.
    """

    ranking: str
    n_queries: int = Field(ge=1)
    k: int = Field(gt=0)
    probes: int = Field(gt=0)
    depth: int = Field(gt=0)
    recall: float = Field(ge=0, le=1)
    lowest: float = Field(ge=0, le=1)
    n_searches: int = Field(gt=0)


class About(Config):
    """The lists of a whole generation, with what they find.

    Attributes
    ----------
    generation
        Of the index, when they were made.
    queries
        What was searched with, in words.
    """

    format: Literal["molsearch-ann"] = "molsearch-ann"
    generation: int = Field(gt=0)
    trained: Trained
    shards: tuple[Lists, ...]
    queries: str
    measured: tuple[Measured, ...]

    @field_validator("measured")
    @classmethod
    def _something(cls, value: tuple[Measured, ...]) -> tuple[Measured, ...]:
        if not value:
            raise ValueError("lists whose recall nobody measured")
        return value

    @property
    def files(self) -> tuple[Named, ...]:
        """Every file that they need."""
        shared = (self.trained.centroids, self.trained.projection)
        return (*shared, *(one.file for one in self.shards))

    def fits(self, manifest: Manifest) -> bool:
        """Whether they are of the rows of this generation."""
        due = [source_of(shard, self.trained) for shard in manifest.shards]
        return due == [one.of for one in self.shards]


def folder_of(path: Path) -> Path:
    """Folder of the lists of the index at `path`."""
    return path / FOLDER


def source_of(shard: ShardEntry, trained: Trained) -> str:
    """Name what the lists of a shard are made of."""
    vectors = shard.files.get(EMBEDDINGS) or shard.files[INT8]
    shared = [trained.centroids.entry.sha256, trained.projection.entry.sha256, trained.bits]
    return sha256_json([vectors.sha256, shard.files[FINGERPRINTS].sha256, *shared])


def best_recalls(measured: tuple[Measured, ...]) -> dict[str, str]:
    """Say by ranking what the most probes find that were measured."""
    found = {}
    for ranking, n_queries in dict.fromkeys((one.ranking, one.n_queries) for one in measured):
        mine = [one for one in measured if (one.ranking, one.n_queries) == (ranking, n_queries)]
        best = {k: max(one.recall for one in mine if one.k == k) for k in {one.k for one in mine}}
        name = f"{ranking} ({counted(n_queries, 'query')})"
        found[name] = ", ".join(f"{best[k]:.2%} of the first {k:,}" for k in sorted(best))
    return found


def read_about(path: Path) -> About | None:
    """Read what lies beside the index at `path`; None where nothing does.

    Raises
    ------
    IndexCorruptError
        It is damaged, or of a newer format.
    """
    place = folder_of(path) / ABOUT
    return read_model(place, About) if place.exists() else None


def write_about(path: Path, about: About) -> None:
    """Make finished lists those that searches see."""
    write_model(folder_of(path) / ABOUT, about)
