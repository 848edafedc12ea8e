"""What made a result, for ``run.json``: the request, and everything it met."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from molsearch.search.queries import Query
from molsearch.search.screen import HitList, Stopwatch
from molsearch.service.requests import ScreenRequest


def screen_account(request: ScreenRequest, hits: HitList, watch: Stopwatch) -> dict[str, Any]:
    """Everything that made a hit list."""
    manifest = hits.reader.manifest
    account = {
        "output": request.output,
        "n_hits": hits.n_hits,
        "request": request.model_dump(mode="json"),
        "config": request.config.model_dump(mode="json"),
        "ranking": {**hits.ranking.record(), "percentile_of": hits.percentile_of},
        "queries": [
            {
                **_described(query),
                "n_conformers": sum(row.n_conformers for row in query.conformers),
            }
            for query in hits.queries
        ],
        "trust": hits.trust.record(),
        "approximation": hits.approximation.record() if hits.approximation else None,
        "leave_one_out": hits.leave_one_out.record() if hits.leave_one_out else None,
        "inactives": _inactives(hits),
        "index": {
            "path": str(hits.reader.path),
            "generation": manifest.generation,
            "n_molecules": manifest.n_ok,
            "n_failed": manifest.n_failed,
            "sources": list(manifest.library.sources),
            "library": manifest.plan.library,
            "prepare": manifest.library.prepare.model_dump(mode="json"),
        },
        "encoder": manifest.plan.encoder,
        "fact_failures": [] if hits.fact_failures is None else hits.fact_failures.to_pylist(),
        "warnings": list(hits.warnings),
        "seconds": seconds_of(watch),
        "query_preparation": request.query_changes,
    }
    if request.library:
        account["read"] = request.read.model_dump(mode="json")
    return account


def seconds_of(watch: Stopwatch) -> dict[str, float]:
    """Seconds of each stage, to the millisecond."""
    return {name: round(seconds, 3) for name, seconds in watch.seconds.items()}


def _described(query: Query) -> dict[str, Any]:
    return {
        "id": query.query_id,
        "smiles": query.first.smiles,
        "parent_smiles": query.first.parent_smiles,
        "source": query.first.source,
    }


def _inactives(hits: HitList) -> dict[str, Any] | None:
    """Known inactives with every row that could not be used; None where none were given."""
    given = hits.inactives
    if given is None:
        return None
    return {
        "n_in": given.n_in,
        "n_ok": given.n_ok,
        "n_failed": given.n_failed,
        "molecules": [_described(one) for one in given.molecules],
        "failures": [asdict(one) for one in given.failures],
    }
