"""Any request, run by its verb: for doors that take whatever is asked."""

from __future__ import annotations

from typing import Any

from molsearch.service.events import Emit, silent
from molsearch.service.requests import IndexRequest, PrepareRequest, Request
from molsearch.service.session import Session


def run(request: Request, session: Session, emit: Emit = silent) -> dict[str, Any]:
    """Run a request; returns its account, as in ``run.json``.

    Raises
    ------
    MolSearchError
        As of the verb.
    """
    if isinstance(request, PrepareRequest):
        from molsearch.service.prepare import prepare

        return prepare(request, emit).account
    if isinstance(request, IndexRequest):
        from molsearch.service.index import index

        return index(request, session, emit).account
    from molsearch.service.screen import screen

    return screen(request, session, emit).account
