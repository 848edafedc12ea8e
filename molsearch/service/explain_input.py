"""What is to be explained: a hit list with the run that made it, or structures and queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from molsearch.chem.occlusion import HIDEABLE
from molsearch.chem.prepare import prepare_in_process
from molsearch.chem.readers.formats import looks_like_a_file
from molsearch.chem.readers.rows import OnReading
from molsearch.chem.records import iter_records, unheard
from molsearch.config import Molecule, PrepareConfig, ReadConfig, ScreenConfig
from molsearch.errors import InputError, UsageError
from molsearch.index.rarity import reference_of
from molsearch.io.reading import parse_json, read_small
from molsearch.nn.encoder import Encoder
from molsearch.reasons.weights import Weights
from molsearch.schema import Failure, Prepared
from molsearch.scoring.default import BALANCED, RARITY
from molsearch.scoring.ranking import (
    INACTIVES,
    MOLSEARCH,
    SERIES,
    STORED,
    UNFUSED,
    Ranking,
    ranking_of,
)
from molsearch.search.actives import read_ligands
from molsearch.search.queries import Query, Role, is_file, prepared_of, refuse_vectors
from molsearch.service.requests import ExplainRequest

HIT = Role("hit", "a second argument")
_RECORD = ".run.json"
_LARGEST_RECORD = 50_000_000
_FLAT = PrepareConfig(n_conformers=0)


@dataclass(frozen=True)
class Given:
    """Hits, what they were searched with, and what ranked them.

    Attributes
    ----------
    hits, failures
        Rows that can be explained, in their order, and those that cannot be read.
    queries, inactives
        What was searched with, and against.
    ranking, weights
        What ranked.
    record
        Record of the run that made the hit list; empty where there is none.
    notes
        What is to be known of how these were read.
    """

    hits: tuple[Prepared, ...]
    failures: tuple[Failure, ...]
    queries: tuple[Query, ...]
    inactives: tuple[Query, ...]
    ranking: Ranking
    weights: Weights
    record: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def identity(self) -> str | None:
        """Identity of the encoder that made the hit list, where a record tells it."""
        found = self.record.get("encoder")
        return found if isinstance(found, str) else None


def given_of(request: ExplainRequest, on_reading: OnReading = unheard) -> Given:
    """Read what a request names; `on_reading` is told how each file without a record is read.

    Raises
    ------
    InputError
        A file is missing or holds no structures, a run record cannot be read, or there are no
        queries.
    UsageError
        The ranking holds what cannot be explained.
    """
    record: dict[str, Any] = {}
    path = None
    if request.hits is not None:
        path, record = _found(Path(request.hits), needed=not request.queries)
    if request.molecules or path is None:
        hits, failures = _structures(request, on_reading)
    else:
        hits, failures = _listed(path, request, unheard if record else on_reading)
    if not hits:
        reason = f" (the first: {failures[0].reason})" if failures else ""
        raise InputError(
            f"{request.hits or 'the structures given'}: nothing to explain{reason}; name a table "
            "or SD file of hits with their structures"
        )
    inactives: tuple[Query, ...]
    notes: tuple[str, ...] = ()
    if request.queries:
        given = read_ligands(
            request.queries, request.inactives, ReadConfig(), _FLAT, ScreenConfig(), on_reading
        )
        queries, notes = given.queries, given.notes
        inactives = () if given.inactives is None else given.inactives.molecules
    else:
        queries = _recorded(record, "queries", request.hits)
        inactives = _recorded_inactives(record)
    refuse_vectors(queries, "atoms to explain by")
    ranking = _ranking(request, record, len(queries), inactives=bool(inactives))
    weights = weights_of(ranking)
    if not weights.series and not request.queries and request.rank is None:
        weights = replace(weights, inactives=_inactives_weight(record))
    if (weights.inactives or weights.series) and not inactives:
        raise UsageError(
            f"the ranking {str(ranking.expression)[:80]!r} counts known inactives, of which none "
            "are given; give them with --inactives beside the queries, or leave them out: --rank "
            f"{MOLSEARCH}+{STORED}"
        )
    return Given(tuple(hits), tuple(failures), queries, inactives, ranking, weights, record, notes)


def weights_of(ranking: Ranking) -> Weights:
    """Weights of what ranks, and how it is fused.

    Raises
    ------
    UsageError
        Something ranks of which the atoms cannot be told.
    """
    others = []
    for term in ranking.expression.terms:
        if term.name in (MOLSEARCH, STORED, *UNFUSED):
            continue
        if term.name not in HIDEABLE:
            raise UsageError(
                f"{term.name!r} in the ranking {str(ranking.expression)[:80]!r} cannot be "
                f"explained atom by atom: one encoder of substructures and {', '.join(HIDEABLE)} "
                f"can; pass --rank with these alone, such as {MOLSEARCH}+{STORED}"
            )
        others.append((term.name, term.weight))
    held = {term.name: term.weight for term in ranking.expression.terms}
    return Weights(
        embedding=held.get(MOLSEARCH, 0.0),
        ecfp4=held.get(STORED, 0.0),
        inactives=held.get(INACTIVES, 0.0),
        others=tuple(others),
        series=held.get(SERIES, 0.0),
        fusions=tuple(
            (term.name, term.fusion or "max")
            for term in ranking.expression.terms
            if term.name not in UNFUSED
        ),
        rarity=held.get(RARITY, 0.0),
    )


def told_by(given: Given, encoder: Encoder) -> Given:
    """Take the default ranking of an encoder without reference compounds where it has none.

    Raises
    ------
    UsageError
        It was asked for by name.
    """
    if not given.weights.rarity or reference_of(encoder) is not None:
        return given
    ranking = given.ranking
    if ranking.asked != BALANCED:
        ranking.blend(np.empty((0, 0), np.uint8), None)  # says why it cannot be told
    counted = ranking.of_inactives is not None
    known = ranking_of(BALANCED, ranking.n_queries, inactives=counted)
    weights = replace(weights_of(known), inactives=given.weights.inactives)
    return replace(given, ranking=known, weights=weights)


def _structures(
    request: ExplainRequest, on_reading: OnReading
) -> tuple[list[Prepared], list[Failure]]:
    hits: list[Prepared] = []
    failures: list[Failure] = []
    for place, text in enumerate(request.molecules[: request.k], start=1):
        prepared, failed = prepared_of(text, request.read, _FLAT, HIT, on_reading)
        hits += prepared
        # Of structures the row is the place among those given.
        failures += failed if is_file(text) else [replace(one, row=place) for one in failed]
    return hits, failures


def _found(path: Path, *, needed: bool) -> tuple[Path, dict[str, Any]]:
    """Find a hit list and the record beside it: by either, or by the folder of both.

    Parameters
    ----------
    needed
        Whether the record is all that tells the queries: then it must be a screen's.
    """
    if path.is_dir():
        records = [one for one in sorted(path.glob(f"*{_RECORD}")) if _is_screen(one)]
        if len(records) != 1:
            raise InputError(
                f"{path}: {len(records) or 'no'} records of screens (*{_RECORD}) in this folder; "
                "name the hit list"
            )
        path = records[0]
    beside = path if path.name.endswith(_RECORD) else path.with_name(path.name + _RECORD)
    listed = path.with_name(beside.name.removesuffix(_RECORD))
    if not beside.exists() and beside != path:
        return listed, {}
    try:
        return listed, _record(beside)
    except InputError:
        if needed:
            raise
        return listed, {}


def _is_screen(path: Path) -> bool:
    """Whether a record is a screen's; one that cannot be read is looked at when it is the one."""
    try:
        content = parse_json(read_small(path, _LARGEST_RECORD))
    except (OSError, ValueError):
        return True
    return isinstance(content, dict) and content.get("verb", "screen") in ("screen", "space")


def _record(path: Path) -> dict[str, Any]:
    """Read the record of a screen; of picks, that of the hit list they were made from."""
    try:
        content = parse_json(read_small(path, _LARGEST_RECORD))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; check the path") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON; name the hit list and its queries (-q)") from error
    if isinstance(content, dict) and "queries" in content and "ranking" in content:
        return content
    origin = _picked_from(content)
    if origin is None:
        raise InputError(
            f"{path}: no record of a screen; name a hit list that molsearch screen wrote, or give "
            "the queries with -q"
        )
    return _record(origin)


def _picked_from(content: Any) -> Path | None:
    """Find the record of the hit list that picks were made from; None where there is none."""
    if not isinstance(content, dict) or content.get("verb") != "pick":
        return None
    asked = content.get("request")
    hits = asked.get("hits") if isinstance(asked, dict) else None
    if not isinstance(hits, str) or not hits:
        return None
    listed = Path(str(content.get("folder", "."))) / hits
    return listed.with_name(listed.name + _RECORD)


def _listed(
    path: Path, request: ExplainRequest, on_reading: OnReading
) -> tuple[list[Prepared], list[Failure]]:
    if not path.is_file():
        raise InputError(f"no hit list {path}; check the path")
    records = islice(iter_records([path], request.read, on_reading), request.k)
    return prepare_in_process(records, _FLAT, ())


def _recorded(record: Mapping[str, Any], name: str, hits: str | None) -> tuple[Query, ...]:
    """Prepare the molecules that a run record holds, as they were prepared then."""
    try:
        molecules = [
            Molecule(smiles=str(one["parent_smiles"]), id=str(one["id"]))
            for one in record.get(name) or ()
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{hits}: its run record names no structures of its {name}; give the queries with -q"
        ) from error
    if not molecules:
        raise InputError(
            f"{hits}: no record of its run ({Path(str(hits)).name}{_RECORD}) beside it, so its "
            "queries are not known; give them with -q"
        )
    return read_ligands(molecules, (), ReadConfig(), _FLAT, ScreenConfig()).queries


def _recorded_inactives(record: Mapping[str, Any]) -> tuple[Query, ...]:
    held = record.get("inactives")
    known = held.get("molecules") if isinstance(held, Mapping) else None
    return _recorded({"inactives": known}, "inactives", "the hit list") if known else ()


def _inactives_weight(record: Mapping[str, Any]) -> float:
    told = record.get("ranking")
    for term in (told.get("components") or ()) if isinstance(told, Mapping) else ():
        if term.get("name") == INACTIVES:
            return float(term["weight"])
    asked = record.get("request") or record.get("config") or {}
    found = asked.get("inactives_weight", 0.0) if isinstance(asked, Mapping) else 0.0
    return float(found) if isinstance(found, int | float) else 0.0


def _ranking(
    request: ExplainRequest, record: Mapping[str, Any], n_queries: int, *, inactives: bool
) -> Ranking:
    """Take what ranked then, unless the request names its own.

    Whether the encoder can tell rarity is seen once it is loaded: `told_by`.
    """
    of_queries = partial(ranking_of, n_queries=n_queries, inactives=inactives, rarity=True)
    told = record.get("ranking")
    if request.rank is not None or not isinstance(told, Mapping):
        return of_queries(request.rank or BALANCED)
    asked, expression = str(told.get("rank", "")), str(told.get("expression", ""))
    if request.queries:
        return of_queries(asked or BALANCED)
    return of_queries(expression or asked)


def named_by(hits: Sequence[str], has_queries: bool) -> dict[str, Any]:
    """Tell a hit list from structures: fields of a request.

    Raises
    ------
    UsageError
        They are structures, and no query is there that they are explained by.
    """
    if len(hits) == 1 and (is_file(hits[0]) or looks_like_a_file(hits[0])):
        return {"hits": hits[0]}
    if not has_queries:
        one = (
            f"{hits[0][:60]!r} is no file" if len(hits) == 1 else "several arguments are structures"
        )
        raise UsageError(f"{one}: name one hit list, or give the queries of structures with -q")
    return {"molecules": hits}
