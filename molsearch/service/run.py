"""Any request, run by its verb: for doors that take whatever is asked."""

from __future__ import annotations

from typing import Any

from molsearch.service.events import Emit, silent
from molsearch.service.requests import (
    AddRequest,
    AnnRequest,
    BenchmarkRequest,
    ClusterRequest,
    CompactRequest,
    ConvertRequest,
    DemoRequest,
    DropRequest,
    ExplainRequest,
    FactsRequest,
    IndexRequest,
    MergeRequest,
    PickRequest,
    PrepareRequest,
    Request,
    ScreenRequest,
    SpaceRequest,
    TrainRequest,
    VerifyRequest,
)
from molsearch.service.session import Session


def run(request: Request, session: Session, emit: Emit = silent) -> dict[str, Any]:
    """Run a request; returns its account, as in ``run.json``.

    Raises
    ------
    MolSearchError
        As of the verb.
    """
    # A verb's module is imported when it is asked for: some take seconds.
    match request:
        case PrepareRequest():
            from molsearch.service.prepare import prepare

            return prepare(request, emit).account
        case IndexRequest():
            from molsearch.service.index import index

            return index(request, session, emit).account
        case ScreenRequest():
            from molsearch.service.screen import screen

            return screen(request, session, emit, held=False).account
        case PickRequest():
            from molsearch.service.pick import pick

            return pick(request, emit).account
        case ClusterRequest():
            from molsearch.service.clustering import cluster

            return cluster(request, session, emit).account
        case SpaceRequest():
            from molsearch.service.space import space

            return space(request, session, emit).account
        case (
            AddRequest()
            | DropRequest()
            | CompactRequest()
            | FactsRequest()
            | AnnRequest()
            | MergeRequest()
        ):
            from molsearch.service.growing import grow

            return grow(request, session, emit).account
        case _:
            return _run_alone(request, session, emit)


def _run_alone(
    request: ExplainRequest
    | BenchmarkRequest
    | ConvertRequest
    | TrainRequest
    | DemoRequest
    | VerifyRequest,
    session: Session,
    emit: Emit,
) -> dict[str, Any]:
    """Run what no other program builds on."""
    match request:
        case ExplainRequest():
            from molsearch.service.explain import explain

            return explain(request, session, emit).account
        case BenchmarkRequest():
            from molsearch.service.benchmark import benchmark

            return benchmark(request, emit).account
        case ConvertRequest():
            from molsearch.service.convert import convert

            return convert(request, emit).account
        case TrainRequest():
            from molsearch.service.train import train

            return train(request, emit).account
        case DemoRequest():
            from molsearch.service.demo import demo

            return demo(request, session, emit)[1]
        case VerifyRequest():
            from molsearch.service.verify import verify

            return verify(request, emit)
