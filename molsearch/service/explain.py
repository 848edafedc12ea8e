"""Reasons for hits, from request to outputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from molsearch import schema
from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.rarity import reference_of
from molsearch.io.atomic import write_text
from molsearch.io.outputs import refuse_existing
from molsearch.io.runs import write_run
from molsearch.io.tables import write_frame
from molsearch.nn.bundled import bundled_of, named
from molsearch.nn.encoder import Encoder
from molsearch.reasons.atoms import AtomExplainer
from molsearch.reasons.drawings import drawn
from molsearch.reasons.page import MAX_DRAWN, write_reasons
from molsearch.reasons.reason import SUPPORT, Reason, reasons, support_thresholds
from molsearch.reasons.table import EXPLAINED, STRUCTURES, Named, reason_frame
from molsearch.schema import Reading
from molsearch.search.leave_one_out import leave_one_out
from molsearch.search.output import check_table
from molsearch.search.queries import embed_queries
from molsearch.search.screen import Stopwatch
from molsearch.service.account import seconds_of
from molsearch.service.events import Done, Emit, Note, Warned, silent, stage
from molsearch.service.explain_input import Given, given_of, told_by
from molsearch.service.outputs import refuse_clashes, run_file
from molsearch.service.requests import ExplainRequest
from molsearch.service.session import Session
from molsearch.service.told import tell_given
from molsearch.words import counted

_UNLIKE = 0.03
_DRAWING = re.compile(r"\d{4}-.+-(hit|query)\.svg")


@dataclass(frozen=True)
class Explained:
    """Reasons for hits, the table of them, and what made them."""

    hits: tuple[Named, ...]
    queries: tuple[Named, ...]
    reasons: tuple[Reason, ...]
    frame: pd.DataFrame
    account: dict[str, Any]


def check(request: ExplainRequest) -> None:
    """Refuse outputs that cannot be written, before anything is read.

    Raises
    ------
    UsageError
        One exists, or tells no format.
    """
    refuse_clashes(request)
    if request.output is not None:
        check_table(Path(request.output), "reasons", overwrite=request.overwrite)
    if request.html is not None:
        refuse_existing(Path(request.html), overwrite=request.overwrite)
    if request.svg is not None:
        folder = Path(request.svg)
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; name a folder for the drawings")
        if not request.overwrite and folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty; pass --overwrite or name another folder")


def explain(
    request: ExplainRequest,
    session: Session,
    emit: Emit = silent,
    *,
    given: Given | None = None,
    encoder: Encoder | None = None,
) -> Explained:
    """Say why hits stand where they do, and write what the request names.

    Parameters
    ----------
    given, encoder
        What is to be explained, and the encoder, where they are at hand.

    Raises
    ------
    MolSearchError
        The request, a file or the encoder cannot be used, or the ranking cannot be explained.
    """
    check(request)
    watch = Stopwatch()
    with watch.stage("read"):
        readings: list[Reading] = []
        given = given or given_of(request, readings.append)
    tell_given(readings, emit)
    if encoder is None and given.weights.embeds:
        with watch.stage("load encoder"):
            encoder = _encoder(request, given, session)
    if encoder is not None:
        given = told_by(given, encoder)
    queries = tuple(Named(one.query_id, one.first.parent_smiles) for one in given.queries)
    hits = tuple(Named(one.molecule_id, one.parent_smiles) for one in given.hits)
    explainer = AtomExplainer(
        encoder,
        given.weights,
        [query.smiles for query in queries],
        [one.first.parent_smiles for one in given.inactives],
        None if encoder is None else encoder.background,
        None if encoder is None else reference_of(encoder),
    )
    thresholds = None
    if len(queries) > 1 and encoder is not None:
        thresholds = support_thresholds(explainer, encoder.background, encoder.background_ecfp4)
    with watch.stage("explain"), stage(emit, "explaining", len(hits)) as tell:
        found = reasons(
            [hit.smiles for hit in hits],
            explainer,
            thresholds=thresholds,
            common_seconds=request.common_seconds,
            on_done=lambda n: tell(n, 0),
        )
    with watch.stage("leave one out"):
        mutual = _mutual(request, given, session, encoder)
    frame = reason_frame(given.hits, queries, found)
    account = _account(request, given, found, mutual)
    account["encoder"] = None if encoder is None else encoder.identity
    made = Explained(hits, queries, tuple(found), frame, account)
    for line in [*given.notes, *_mutual_lines(mutual)]:
        emit(Note(text=line))
    for line in made.account["warnings"]:
        emit(Warned(text=line))
    with watch.stage("write"):
        _write(request, made)
    made.account["seconds"] = seconds_of(watch)
    if request.output is not None:
        write_run(run_file(request.output), "explain", made.account)
    emit(Done(verb="explain", account=made.account))
    return made


def _encoder(request: ExplainRequest, given: Given, session: Session) -> Encoder:
    """Load the encoder that made the hit list, or the one that the request names."""
    name = request.encoder
    if name is None and given.identity is not None:
        name = bundled_of(given.identity) or _recorded_name(given)
    encoder = session.encoder(name, device=request.device)
    if given.identity not in (None, encoder.identity) and not request.queries:
        raise EncoderMismatchError(
            f"{request.hits} was made by encoder {named(str(given.identity))}, which is not "
            f"{name or 'the bundled one'} ({encoder.identity[:12]}); pass its folder with --encoder"
        )
    return encoder


def _recorded_name(given: Given) -> str | None:
    asked = given.record.get("request")
    found = asked.get("encoder") if isinstance(asked, dict) else None
    return str(found) if found else None


def _mutual(
    request: ExplainRequest, given: Given, session: Session, encoder: Encoder | None
) -> dict[str, Any] | None:
    """Tell how the queries find each other: in the library named, or as the screen told it."""
    if len(given.queries) < 2:
        return None
    if request.index is None:
        told = None if request.queries else given.record.get("leave_one_out")
        return told if isinstance(told, dict) and "sentence" in told else None
    encoder = encoder or session.encoder(request.encoder, device=request.device)
    reader = session.index(request.index, encoder=encoder.identity)
    embedded = embed_queries(given.queries, encoder)
    reference = reference_of(encoder)
    return leave_one_out(
        reader, given.queries, embedded, given.ranking, reference=reference
    ).record()


def _mutual_lines(mutual: dict[str, Any] | None) -> list[str]:
    return [] if mutual is None else [f"queries against each other: {mutual['sentence']}"]


def _account(
    request: ExplainRequest,
    given: Given,
    found: Sequence[Reason],
    mutual: dict[str, Any] | None,
) -> dict[str, Any]:
    """Everything that made the reasons, and what is said of the queries."""
    nearest = np.bincount([one.query for one in found], minlength=len(given.queries)).tolist()
    against = np.zeros(len(given.queries), np.int64)
    for one in found:
        against[list(one.against)] += 1
    described = [
        {
            "id": query.query_id,
            "parent_smiles": query.first.parent_smiles,
            "n_nearest": nearest[number],
            "n_for": len(found) - int(against[number]),
        }
        for number, query in enumerate(given.queries)
    ]
    return {
        "output": request.output,
        "request": request.model_dump(mode="json"),
        "n_in": len(given.hits) + len(given.failures),
        "n_ok": len(given.hits),
        "n_failed": len(given.failures),
        "failures": [asdict(one) for one in given.failures],
        "queries": described,
        "ranking": given.ranking.record(),
        "weights": asdict(given.weights),
        "support": SUPPORT,
        "leave_one_out": mutual,
        "n_common_cut": sum(one.common is not None and not one.common.complete for one in found),
        "n_common_not_sought": sum(one.common is None for one in found),
        "warnings": _warnings(request, given, found),
    }


def _warnings(request: ExplainRequest, given: Given, found: Sequence[Reason]) -> list[str]:
    lines = []
    n = _n_unlike(request, given, found)
    if n and (moved := _n_widening(given)):
        lines.append(
            f"scores of the list count queries that the library's first {counted(moved, 'hit')} "
            f"have moved; explained is the likeness to the queries as given (column {EXPLAINED}); "
            "for a list by that alone, screen with --expand 0"
        )
    elif n:
        lines.append(
            f"scores of {counted(n, 'hit')} in the list are not those explained here (column "
            f"{EXPLAINED}): something else ranked them; screen again, or name what ranks with "
            "--rank"
        )
    if request.svg is not None and len(found) > MAX_DRAWN:
        lines.append(f"the first {MAX_DRAWN} of {counted(len(found), 'hit')} are drawn")
    if given.failures:
        first = given.failures[0]
        lines.append(
            f"{len(given.failures):,} of {counted(len(given.hits) + len(given.failures), 'row')} "
            "cannot be "
            f"explained; the first: {first.source}:{first.row}: {first.reason}"
        )
    if n := sum(one.common is None for one in found):
        lines.append(
            f"common parts of {counted(n, 'hit')} were not sought: the time for them "
            f"({request.common_seconds:g} s) was over; give more with --common-seconds"
        )
    if n := sum(one.common is not None and not one.common.complete for one in found):
        lines.append(
            f"common parts of {counted(n, 'hit')} are those found when the time limit of a pair "
            "cut the "
            "search: there may be larger ones"
        )
    return lines


def _n_widening(given: Given) -> int:
    """How many first hits had moved the queries when the list was made; 0 where none is told."""
    told = given.record.get("ranking")
    found = told.get("widened_by_hits") if isinstance(told, dict) else 0
    return found if isinstance(found, int) else 0


def _n_unlike(request: ExplainRequest, given: Given, found: Sequence[Reason]) -> int:
    """Count hits whose score in the list is another than that explained.

    An index of another storage than half precision keeps other digits of embeddings than these.
    """
    if request.queries or request.rank is not None:
        return 0
    listed = pd.to_numeric(
        pd.Series([hit.user.get(schema.SCORE) for hit in given.hits], dtype=object),
        errors="coerce",
    )
    made = np.array([one.atoms.score for one in found])
    return int((np.abs(listed.to_numpy(np.float64) - made) > _UNLIKE).sum())


def _write(request: ExplainRequest, made: Explained) -> None:
    if request.output is not None:
        write_frame(
            made.frame, Path(request.output), excel_safe=request.excel_safe, verbatim=STRUCTURES
        )
    if request.html is not None:
        write_reasons(
            Path(request.html),
            made.hits,
            made.queries,
            made.reasons,
            ranking=made.account["ranking"]["words"],
            notes=_mutual_lines(made.account["leave_one_out"]),
            warnings=made.account["warnings"],
            table=_table(made.account),
        )
    if request.svg is not None:
        _write_drawings(Path(request.svg), made)


def _table(account: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the page's table of queries; none of one query."""
    if len(account["queries"]) < 2:
        return []
    mutual = account["leave_one_out"]
    above = [place["above"] for place in mutual["queries"]] if mutual else []
    return [
        {
            "id": query["id"],
            "above": f"{100 * above[number]:.2g} %" if number < len(above) else "",
            "nearest": query["n_nearest"],
            "for": query["n_for"],
        }
        for number, query in enumerate(account["queries"])
    ]


def _write_drawings(folder: Path, made: Explained) -> None:
    """Write two drawings a hit, named by its place and id; the first `MAX_DRAWN` hits."""
    folder.mkdir(parents=True, exist_ok=True)
    written = set()
    some = zip(made.hits, made.reasons, strict=True)
    for place, (hit, reason) in enumerate(some, start=1):
        if place > MAX_DRAWN:
            break
        pair = drawn(reason, made.queries[reason.query].smiles, hit.smiles)
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", hit.name)[:60].strip(".") or "hit"
        for kind, drawing in (("hit", pair.hit), ("query", pair.query)):
            text = drawing.replace("<svg ", "<svg color='#1c2430' ", 1)
            path = folder / f"{place:04d}-{name}-{kind}.svg"
            write_text(path, text + "\n")
            written.add(path)
    # Of an earlier run whose drawings may be replaced none may stay among these.
    for path in folder.glob("*.svg"):
        if path not in written and _DRAWING.fullmatch(path.name):
            path.unlink()
