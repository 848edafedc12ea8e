"""What can be asked for: the options of a command, the file of a job, the body of a POST.

One model a verb. It is validated once, states every default once, and is written into
``run.json``, from which ``molsearch run`` repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from molsearch.config import Config
from molsearch.errors import UsageError
from molsearch.service.requests.common import CPUS, VERSION, Ligand
from molsearch.service.requests.data import ConvertRequest
from molsearch.service.requests.encoders import (
    BenchmarkRequest,
    DemoRequest,
    SeriesConfig,
    TrainRequest,
)
from molsearch.service.requests.hits import (
    MOST_EXPLAINED,
    ClusterRequest,
    ExplainRequest,
    PickRequest,
)
from molsearch.service.requests.libraries import (
    AddRequest,
    AnnRequest,
    CompactRequest,
    DropRequest,
    FactsRequest,
    Growing,
    IndexRequest,
    MergeRequest,
    PrepareRequest,
    VerifyRequest,
)
from molsearch.service.requests.screens import ScreenRequest, SpaceRequest
from molsearch.wrong import wrong_with

__all__ = [
    "CPUS",
    "KINDS",
    "MOST_EXPLAINED",
    "VERSION",
    "AddRequest",
    "AnnRequest",
    "BenchmarkRequest",
    "ClusterRequest",
    "CompactRequest",
    "ConvertRequest",
    "DemoRequest",
    "DropRequest",
    "ExplainRequest",
    "FactsRequest",
    "Growing",
    "IndexRequest",
    "Ligand",
    "MergeRequest",
    "PickRequest",
    "PrepareRequest",
    "Request",
    "ScreenRequest",
    "SeriesConfig",
    "SpaceRequest",
    "TrainRequest",
    "VerifyRequest",
    "complaint",
    "sentence_of",
    "validated",
]

T = TypeVar("T", bound=Config)
Request = (
    PrepareRequest
    | IndexRequest
    | Growing
    | ScreenRequest
    | PickRequest
    | ClusterRequest
    | SpaceRequest
    | ExplainRequest
    | BenchmarkRequest
    | ConvertRequest
    | TrainRequest
    | DemoRequest
    | VerifyRequest
)
_ALL: tuple[type[Request], ...] = get_args(Request)
KINDS: dict[str, type[Request]] = {kind.model_fields["verb"].default: kind for kind in _ALL}


def validated(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Build a request or a configuration from named values.

    Raises
    ------
    UsageError
        A name is unknown, or a value out of range: the first such, in one line.
    """
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        raise UsageError(complaint(error)) from error


def complaint(error: ValidationError) -> str:
    """Say what is wrong first, in one line."""
    return sentence_of(error.errors(include_url=False)[0], "request")


def sentence_of(wrong: Mapping[str, Any], whole: str) -> str:
    """Say what is wrong with a field, as the validation of it found.

    Parameters
    ----------
    wrong
        One of the errors that pydantic lists.
    whole
        What the fields are of.
    """
    # Of alternatives the place names the kind too, which is no field: constrained-str, Molecule.
    place = [
        str(part)
        for part in wrong["loc"]
        if isinstance(part, int) or (part.isidentifier() and part.islower() and part not in _KINDS)
    ]
    name = ".".join(place) or whole
    if wrong["type"] == "extra_forbidden":
        unknown = str(wrong["loc"][-1])
        name = ".".join([*(place[:-1] if place[-1:] == [unknown] else place), unknown])
        return f"{name}: there is no such field; check its spelling"
    return f"{name}: {wrong_with(wrong)}"


_KINDS = frozenset({"body", "str", "int", "float", "bool"})
