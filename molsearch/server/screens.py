"""Screens and encodings as the service does them, for bodies that clients sent."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from molsearch.chem.prepare import prepare_in_process
from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import table_of
from molsearch.errors import InputError
from molsearch.nn.weights import bundled_encoders
from molsearch.schema import Record
from molsearch.search.together import Shared
from molsearch.server.answers import Answer
from molsearch.server.bodies import EncodeBody, Hits, ScreenBody, Unusable, Vectors, structures
from molsearch.server.jobs import Job
from molsearch.server.libraries import encoder_of
from molsearch.server.refusals import Refused
from molsearch.server.settings import Limits
from molsearch.service.requests import ScreenRequest
from molsearch.service.screen import check, screen
from molsearch.service.session import Session

MEDIA = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "sdf": "chemical/x-mdl-sdfile",
    "parquet": "application/vnd.apache.parquet",
}
_DIGITS = 7


def check_limits(body: ScreenBody, limits: Limits) -> None:
    """Refuse what is more than this server does for one request.

    Raises
    ------
    Refused
        422, with the limit.
    """
    for name, asked, most in (
        ("k", body.k, limits.k),
        ("queries", len(body.queries), limits.queries),
        ("inactives", len(body.inactives), limits.queries),
        ("query_conformers", body.query_conformers or 0, limits.query_conformers),
    ):
        if asked > most:
            raise Refused(422, f"{name}: {asked:,} asked for; this server gives at most {most:,}")


def is_small(body: ScreenBody, n_rows: int, limits: Limits) -> bool:
    """Say whether a screen takes a fraction of a second where everything is warm.

    Substructures are looked for in every molecule, so their time has no bound by k.
    """
    scans = bool(body.include_smarts or body.exclude_smarts)
    return body.k <= limits.k_at_once and n_rows <= limits.rows_at_once and not scans


@dataclass(frozen=True)
class Ready:
    """A request that names its encoder, and the size of its library."""

    request: ScreenRequest
    n_rows: int


def ready(request: ScreenRequest, session: Session) -> Ready:
    """Check a request, and name the encoder by which its library was made.

    Raises
    ------
    MolSearchError
        The request or the library cannot be used.
    """
    check(request)
    assert request.index is not None
    reader = session.index(request.index)
    named = request.model_copy(update={"encoder": encoder_of(reader.identity)})
    return Ready(named, reader.n_rows)


def answer(body: ScreenBody, request: ScreenRequest, session: Session, shared: Shared) -> Answer:
    """Screen now, with what others screen at the same time."""
    encoder = session.encoder(request.encoder, device=request.device, batch_size=request.batch_size)
    # On a card the last bits of an embedding hang on its batch.
    joint = shared.embedder(encoder) if encoder.device.type == "cpu" else encoder
    if body.format == "json":
        done = screen(request, session, encoder=joint, searching=shared.search).hits
        hits = listed(body.library, done.frame, done.warnings)
        return Answer(hits.model_dump_json().encode(), MEDIA["json"])
    with tempfile.TemporaryDirectory(prefix="molsearch-") as folder:
        place = Path(folder) / f"hits.{body.format}"
        written = request.model_copy(update={"output": str(place)})
        screen(written, session, encoder=joint, searching=shared.search)
        return Answer(place.read_bytes(), MEDIA[body.format])


def listed(library: str, frame: pd.DataFrame, warnings: tuple[str, ...]) -> Hits:
    """Put a hit list into JSON's types: what is not known is null."""
    values = frame.to_numpy(dtype=object, copy=True)
    values[pd.isna(values)] = None
    names = [*frame.columns]
    rows = (dict(zip(names, row, strict=True)) for row in values.tolist())
    return Hits(library=library, n_hits=len(frame), warnings=warnings, hits=tuple(rows))


def read_hits(job: Job, rows: int | None) -> Hits:
    """Read the hit list of a job that is done, as JSON has it."""
    frame = pd.read_parquet(job.output)
    if rows is not None:
        frame = frame.head(rows)
    return listed(job.library, frame, tuple(job.warnings))


def encode(body: EncodeBody, session: Session, device: str) -> Vectors:
    """Embed molecules as those of a library are embedded.

    Raises
    ------
    InputError
        There is no such encoder.
    """
    if body.encoder is not None and body.encoder not in bundled_encoders():
        names = ", ".join(bundled_encoders())
        raise InputError(f"encoder: no {body.encoder[:80]!r} here; there are {names}")
    encoder = session.encoder(body.encoder, device=device)
    given = structures(body.molecules)
    records = [
        Record(number, "request", number, one.id or one.smiles, smiles=one.smiles)
        for number, one in enumerate(given, 1)
    ]
    prepared, failures = prepare_in_process(iter(records), PrepareConfig())
    vectors = encoder.embed_table(table_of(prepared)).tolist() if prepared else []
    return Vectors(
        encoder=encoder.identity,
        dim=encoder.dim,
        ids=tuple(one.molecule_id for one in prepared),
        embeddings=tuple(tuple(round(x, _DIGITS) for x in row) for row in vectors),
        failures=tuple(
            Unusable(position=one.row - 1, id=str(one.molecule_id), reason=one.reason)
            for one in failures
        ),
    )
