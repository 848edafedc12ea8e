"""Where a run writes; never over what it reads, nor one output over another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from molsearch.errors import UsageError
from molsearch.io.outputs import check_output, refuse_existing
from molsearch.service.requests import ScreenRequest

_OUTPUTS = ("output", "also", "html", "failures", "svg")
_WITH_RECORD = ("output", "also")
_ON_STDOUT = "-"


def run_file(output: str | Path) -> Path:
    """Where the account of a run goes: beside its output."""
    path = Path(output)
    return path.with_name(path.name + ".run.json")


def refuse_clashes(request: BaseModel) -> None:
    """Refuse an output, or the account beside it, that is a file which the request reads.

    Leave to overwrite is leave to replace an earlier result: a catalogue, a table of actives or a
    hit list that is read cannot be made again.

    Raises
    ------
    UsageError
        Two outputs have one name, or one is what is read.
    """
    outputs = list(_outputs(request))
    places = [path.absolute() for path in outputs]
    for path, place in zip(outputs, places, strict=True):
        if places.count(place) > 1:
            raise UsageError(f"two outputs are called {path}; choose different files")
    written = {found: path for path in outputs if (found := _identity(path)) is not None}
    if not written:
        return
    for text in _texts(request):
        if (found := _identity(text)) in written:
            raise UsageError(
                f"{text} is read by this run, which would write {written[found]} over it; "
                "choose another output"
            )


def check_outputs(request: ScreenRequest) -> None:
    """Refuse outputs of a screen that exist, cannot be written, or would replace what is read.

    Needs no network and no chemistry, so it can be asked before these are imported.

    Raises
    ------
    UsageError
        Naming the output.
    """
    refuse_clashes(request)
    if request.output is not None:
        check_output(Path(request.output), overwrite=request.overwrite)
    for other in (request.failures, request.html):
        if other is not None:
            refuse_existing(Path(other), overwrite=request.overwrite)


def _outputs(request: BaseModel) -> Iterator[Path]:
    """Files that are written, with the accounts beside them."""
    for name in _OUTPUTS:
        given = getattr(request, name, None)
        for one in (given,) if isinstance(given, str) else given or ():
            if one == _ON_STDOUT:
                continue
            yield Path(one)
            if name in _WITH_RECORD:
                yield run_file(one)


def _texts(value: Any, *, top: bool = True) -> Iterator[str]:
    """All texts of a request but its outputs: whichever of them is a file is read."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if not (top and name in _OUTPUTS):
                yield from _texts(getattr(value, name), top=False)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _texts(one, top=False)
    elif isinstance(value, str | Path):
        yield str(value)


def _identity(path: str | Path) -> tuple[int, int] | None:
    """Device and inode of a file; None where there is none of that name."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
