"""Reasons as the service gives them, for bodies that clients sent."""

from __future__ import annotations

import math
from pathlib import Path

from molsearch.nn.weights import bundled_encoders
from molsearch.reasons.drawings import drawn
from molsearch.reasons.reason import Reason
from molsearch.reasons.table import Named
from molsearch.server.bodies import (
    CommonAtoms,
    ExplainBody,
    ReasonEntry,
    ReasonList,
    Unusable,
    structures,
)
from molsearch.server.libraries import encoder_of
from molsearch.server.refusals import Refused
from molsearch.server.settings import Limits
from molsearch.service.explain import Explained
from molsearch.service.explain import explain as run
from molsearch.service.explain_input import Given, given_of
from molsearch.service.requests import ExplainRequest
from molsearch.service.session import Session
from molsearch.words import counted

_DIGITS = 7


def check_limits(body: ExplainBody, limits: Limits) -> None:
    """Refuse what is more than this server does for one request.

    Raises
    ------
    Refused
        422, with the limit.
    """
    for name, asked, most in (
        ("molecules", len(body.molecules), limits.explained),
        ("queries", len(body.queries), limits.queries),
        ("inactives", len(body.inactives), limits.queries),
    ):
        if asked > most:
            raise Refused(422, f"{name}: {asked:,} asked for; this server gives at most {most:,}")
    if body.encoder is not None and body.encoder not in bundled_encoders():
        raise Refused(422, f"encoder: choose one of {', '.join(bundled_encoders())}")


def explain(
    body: ExplainBody, library: Path | None, limits: Limits, session: Session, device: str
) -> ReasonList:
    """Explain the molecules of a body.

    Raises
    ------
    Refused
        422: a molecule has too many atoms.
    MolSearchError
        As of the service.
    """
    encoder = body.encoder
    if library is not None:
        encoder = encoder_of(session.index(library).identity)
    request = ExplainRequest(
        molecules=structures(body.molecules),
        queries=structures(body.queries),
        inactives=structures(body.inactives),
        index=None if library is None else str(library),
        k=len(body.molecules),
        rank=body.rank,
        common_seconds=limits.common_seconds,
        encoder=encoder,
        device=device,
    )
    given = given_of(request)
    _check_sizes(given, limits.explained_atoms)
    return _answer(body, given, run(request, session, given=given))


def _check_sizes(given: Given, most: int) -> None:
    ligands = (*given.queries, *given.inactives)
    molecules = [*given.hits, *(one.first for one in ligands)]
    for one in molecules:
        if one.n_atoms > most:
            raise Refused(
                422,
                f"{one.molecule_id[:80]!r} has {counted(one.n_atoms, 'atom')}; this server "
                "explains at most "
                f"{most:,}",
            )


def _answer(body: ExplainBody, given: Given, made: Explained) -> ReasonList:
    failed = {one.row for one in given.failures}
    places = [place for place in range(len(body.molecules)) if place + 1 not in failed]
    return ReasonList(
        encoder=made.account["encoder"],
        ranking=made.account["ranking"]["words"],
        queries=tuple(query.name for query in made.queries),
        leave_one_out=made.account["leave_one_out"],
        warnings=tuple(made.account["warnings"]),
        reasons=tuple(
            _entry(place, hit, made.queries[reason.query], reason, drawings=body.drawings)
            for place, hit, reason in zip(places, made.hits, made.reasons, strict=True)
        ),
        failures=tuple(
            Unusable(position=one.row - 1, id=one.molecule_id, reason=one.reason)
            for one in given.failures
        ),
    )


def _entry(place: int, hit: Named, query: Named, reason: Reason, *, drawings: bool) -> ReasonEntry:
    atoms, common = reason.atoms, reason.common
    pair = drawn(reason, query.smiles, hit.smiles) if drawings else None
    return ReasonEntry(
        position=place,
        id=hit.name,
        parent_smiles=hit.smiles,
        query=query.name,
        query_smiles=query.smiles,
        score=_rounded(atoms.score),
        parts={name: _rounded(value) for name, value in atoms.parts},
        query_score=_rounded(atoms.query_score),
        cosine=None if math.isnan(atoms.cosine) else _rounded(atoms.cosine),
        ecfp4_similarity=_rounded(atoms.similarity),
        atoms=tuple(map(_rounded, atoms.hit.tolist())),
        query_atoms=tuple(map(_rounded, atoms.query.tolist())),
        pieces=tuple((piece.smiles, _rounded(piece.share)) for piece in atoms.pieces),
        common=None
        if common is None
        else CommonAtoms(
            smarts=common.smarts,
            query_atoms=common.first,
            atoms=common.second,
            complete=common.complete,
        ),
        scores=tuple(map(_rounded, reason.each.tolist())),
        against=reason.against,
        drawing="" if pair is None else pair.hit,
        query_drawing="" if pair is None else pair.query,
    )


def _rounded(value: float) -> float:
    return round(value, _DIGITS)
