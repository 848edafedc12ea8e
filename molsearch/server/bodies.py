"""What clients send and get: requests without any path, and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from molsearch.chem.readers.smi import split_line
from molsearch.config import Config, Molecule, ScreenConfig
from molsearch.errors import UsageError
from molsearch.scoring.default import BALANCED, RARITY
from molsearch.scoring.expression import parse_expression
from molsearch.scoring.ranking import MOLSEARCH, STORED
from molsearch.service.requests import ScreenRequest

_MAX_SMILES = 2000
Format = Literal["json", "csv", "sdf", "parquet"]
Smiles = Annotated[str, Field(min_length=1, max_length=_MAX_SMILES, pattern=r"\S")]
Pattern = Annotated[str, Field(min_length=1, max_length=500)]


class Given(Molecule):
    """A molecule of a client's."""

    smiles: Smiles = Field(description="SMILES or InChI")
    id: str = Field(default="", max_length=200)


# A structure, optionally with a name after it; never a file of the server.
Ligand = Smiles | Given


class ScreenBody(ScreenConfig):
    """Rank a library for queries."""

    library: str = Field(min_length=1, max_length=200, description="as /v1/libraries names it")
    queries: tuple[Ligand, ...] = Field(min_length=1)
    inactives: tuple[Ligand, ...] = ()
    k: int = Field(default=100, gt=0)
    include_smarts: tuple[Pattern, ...] = Field(default=(), max_length=20)
    exclude_smarts: tuple[Pattern, ...] = Field(default=(), max_length=20)
    where: tuple[Pattern, ...] = Field(default=(), max_length=20)
    query_conformers: int | None = Field(default=None, ge=0)
    format: Format = "json"
    job: bool = Field(default=False, description="answer with a job whatever the size")

    @field_validator("rank")
    @classmethod
    def _of_what_is_there(cls, value: str) -> str:
        """Refuse components that would be computed for a whole library, or read from a folder."""
        try:
            names = {term.name.lower() for term in parse_expression(value).terms}
        except UsageError as error:
            raise ValueError(str(error)) from error
        if more := sorted(names - {BALANCED, MOLSEARCH, STORED, RARITY}):
            raise ValueError(
                f"{more[0][:80]!r} does not rank here; use {MOLSEARCH}, {STORED} and {RARITY}"
            )
        return value

    def request(self, index: str, output: str | None, device: str) -> ScreenRequest:
        """Ask the service for it."""
        return ScreenRequest(
            **{name: getattr(self, name) for name in ScreenConfig.model_fields},
            queries=structures(self.queries),
            inactives=structures(self.inactives),
            index=index,
            query_conformers=self.query_conformers,
            output=output,
            device=device,
        )


class EncodeBody(Config):
    """Turn molecules into vectors."""

    molecules: tuple[Ligand, ...] = Field(min_length=1)
    encoder: str | None = Field(default=None, max_length=100, description="name of a bundled one")


class ExplainBody(Config):
    """Say why molecules score as they do for queries."""

    queries: tuple[Ligand, ...] = Field(min_length=1)
    inactives: tuple[Ligand, ...] = ()
    molecules: tuple[Ligand, ...] = Field(min_length=1)
    library: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="whose encoder ranks, and in which the queries are tried on each other",
    )
    encoder: str | None = Field(
        default=None, max_length=100, description="name of a bundled one, where no library is named"
    )
    rank: str = Field(default="balanced", max_length=500)
    drawings: bool = Field(default=False, description="of each molecule and its query, as SVG")


class Error(Config):
    """Why a request is refused or has failed, in one line."""

    error: str


class Health(Config):
    """That the server answers."""

    status: Literal["ok"] = "ok"
    version: str


class LibraryEntry(Config):
    """A library that can be searched."""

    name: str
    n_molecules: int
    n_failed: int
    generation: int
    encoder: str = Field(description="identity of the encoder it was made with")
    searchable: bool = Field(description="whether that encoder is at hand")


class Libraries(Config):
    """All of them."""

    libraries: tuple[LibraryEntry, ...]


class Unusable(Config):
    """A molecule that could not be used."""

    position: int = Field(description="in the request, from 0")
    id: str
    reason: str


class Vectors(Config):
    """Embeddings of those molecules that can be used, in their order."""

    encoder: str
    dim: int
    ids: tuple[str, ...]
    embeddings: tuple[tuple[float, ...], ...]
    failures: tuple[Unusable, ...]


class Hits(Config):
    """A hit list: one mapping a hit, best first; its columns are those of a hit list's file."""

    library: str
    n_hits: int
    warnings: tuple[str, ...]
    hits: tuple[dict[str, Any], ...]


class CommonAtoms(Config):
    """What a molecule shares with its nearest query."""

    smarts: str
    query_atoms: tuple[int, ...]
    atoms: tuple[int, ...] = Field(description="in the order of query_atoms")
    complete: bool = Field(description="false where the search was cut by its time limit")


class ReasonEntry(Config):
    """Why one molecule scores as it does for the query that gives it its best score."""

    position: int = Field(description="in the request, from 0")
    id: str
    parent_smiles: str
    query: str
    query_smiles: str
    score: float = Field(description="what ranks, over all queries and known inactives")
    parts: dict[str, float] = Field(description="what each component adds to it")
    query_score: float = Field(description="for the nearest query alone")
    cosine: float | None
    ecfp4_similarity: float
    atoms: tuple[float, ...] = Field(description="contributions, in the order of parent_smiles")
    query_atoms: tuple[float, ...]
    pieces: tuple[tuple[str, float], ...] = Field(description="ring systems and chains, whole")
    common: CommonAtoms | None = Field(description="null where the time for it was over")
    scores: tuple[float, ...] = Field(description="for each query by itself, in their order")
    against: tuple[int, ...] = Field(description="queries by which it is like a random molecule")
    drawing: str = ""
    query_drawing: str = ""


class ReasonList(Config):
    """Reasons for those molecules that can be used, in their order."""

    encoder: str | None
    ranking: str
    queries: tuple[str, ...]
    leave_one_out: dict[str, Any] | None
    warnings: tuple[str, ...]
    reasons: tuple[ReasonEntry, ...]
    failures: tuple[Unusable, ...]


class JobState(Config):
    """Where a job stands."""

    id: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    error: str = ""
    warnings: tuple[str, ...] = ()
    stage: str = ""
    done: int = 0
    total: int | None = None
    created: float = Field(description="seconds since 1970")
    seconds: float = Field(description="since it was asked for, until its end")
    events: str = Field(description="address of its events")
    hits: str | None = Field(default=None, description="address of its hit list")


class JobList(Config):
    """The jobs of a client."""

    jobs: tuple[JobState, ...]


def structures(ligands: tuple[Ligand, ...]) -> tuple[Molecule, ...]:
    """Take each text for a structure and its name, whatever files the server may have."""
    found = []
    for one in ligands:
        if isinstance(one, Molecule):
            found.append(Molecule(smiles=one.smiles, id=one.id))
            continue
        structure, name = split_line(one.strip())
        found.append(Molecule(smiles=structure, id=name.strip()))
    return tuple(found)
