"""Options of ``molsearch benchmark``, and how its lists are written."""

from __future__ import annotations

from molsearch.cli import options
from molsearch.cli.flags import Flag
from molsearch.errors import UsageError


def split(text: str) -> list[str]:
    """Read names that stand between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def numbers(text: str) -> list[int]:
    """Read ``1,5,10``.

    Raises
    ------
    UsageError
        Something else stands there.
    """
    parts = split(text)
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f"--queries {text!r}: give whole numbers from 1 on, such as 1,5,10")
    return [int(part) for part in parts]


def trainings(text: str) -> list[str] | None:
    """Read the training sets of the audit: None where nobody has named any."""
    names = split(text)
    if names == ["none"]:
        return []
    return names or None


BENCHMARK = (
    Flag("benchmark", metavar="NAME", argument=True),
    Flag("methods", read=split, kind=str),
    options.OUTPUT,
    Flag("data"),
    Flag("targets", read=split, kind=str),
    Flag("limit_targets"),
    Flag("limit_actives"),
    Flag("limit_decoys"),
    Flag("queries", read=numbers, kind=str),
    Flag("draws"),
    Flag("full"),
    Flag("query_conformers"),
    options.CONFORMERS,
    options.QUALITY,
    Flag("trainings", ("--training",), read=trainings, kind=str),
    Flag("random"),
    Flag("random_from"),
    Flag("cache"),
    Flag("device"),
    options.WORKERS,
    options.CLUSTER,
    Flag("seed"),
    options.OVERWRITE,
)
