"""Requests in files: written by programs, or kept in the run record of an earlier run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from molsearch.bench.results import FORMAT
from molsearch.config import Config
from molsearch.errors import InputError, UsageError
from molsearch.io.runs import versions
from molsearch.service.requests import KINDS, VERSION, Request, validated

_MAX_BYTES = 50_000_000
_STDIN = "-"


@dataclass(frozen=True)
class Kept:
    """A request from a file.

    Attributes
    ----------
    request
        What was, or is to be, asked for. An earlier leave to overwrite is not part of it.
    record
        The record of the run that kept it; empty for a request that no run has kept.
    """

    request: Request
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        """Where the run stood, from which its relative paths count."""
        text = self.record.get("folder")
        return Path(text) if isinstance(text, str) else None


def read_request(path: Path) -> Kept:
    """Read a request, or the one that a run record holds.

    Parameters
    ----------
    path
        A JSON file; or a folder that a run made, whose ``run.json`` is read.

    Raises
    ------
    InputError
        The file is not there, too large, or no request.
    UsageError
        The request is of another version, or has unknown or impossible fields.
    """
    path = path / "run.json" if path.is_dir() else path
    content = _json(path)
    if content.get("format") == FORMAT:
        return Kept(_request(path, _last_run(path, content)))
    if "request" in content:
        return Kept(_request(path, content["request"]), content)
    if "command" in content:
        raise InputError(
            f"{path}: this record holds no request: it is part of another run, or older than "
            "requests; give the command in it again"
        )
    return Kept(_request(path, content))


def _last_run(path: Path, results: Mapping[str, Any]) -> Any:
    """Take the request of the last run that filled a result file of a benchmark."""
    asked = [run["request"] for run in results.get("runs", ()) if "request" in run]
    if not asked:
        raise InputError(
            f"{path}: these results are older than requests; give the command for them again"
        )
    return asked[-1]


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path}: too large for a request; name the run.json of a run")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON; name the run.json of a run") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: no request; name the run.json of a run")
    return content


def _request(path: Path, content: Any) -> Request:
    if not isinstance(content, dict) or content.get("verb") not in KINDS:
        raise InputError(f"{path}: no request: its verb is none of {', '.join(KINDS)}; mend it")
    if content.get("version", VERSION) != VERSION:
        raise UsageError(
            f"{path}: a request of version {content['version']!r}; this molsearch reads "
            f"{VERSION}: use the version that wrote it"
        )
    try:
        request = validated(KINDS[content["verb"]], content)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    if hasattr(request, "overwrite"):
        return request.model_copy(update={"overwrite": False})
    return request


def refuse_stdin(request: Request) -> None:
    """Refuse to repeat what came from standard input.

    Raises
    ------
    UsageError
        Molecules of the request came from there.
    """
    fields = ("library", "queries", "inactives", "dissimilar_to", "exclude_ids")
    of_hits = _STDIN in (getattr(request, "hits", None), getattr(request, "source", None))
    if of_hits or any(_STDIN in getattr(request, name, ()) for name in fields):
        raise UsageError(
            "this run read molecules from standard input, which nobody has kept: repeat it by its "
            "command, or from files"
        )


def differences(earlier: Mapping[str, Any], account: Mapping[str, Any]) -> list[str]:
    """Say in what a repeated run met another world than the earlier one, one line each."""
    found = []
    for name, then, now in (
        ("encoder", earlier.get("encoder"), account.get("encoder")),
        ("library", _library(earlier), _library(account)),
        ("number of hits", earlier.get("n_hits"), account.get("n_hits")),
    ):
        if then is not None and now != then:
            short = [str(one)[:12] for one in (then, now)]
            found.append(f"the {name} was {short[0]} in the earlier run, and is {short[1]} now")
    had, have = earlier.get("versions"), versions()
    if isinstance(had, Mapping):
        found += [
            f"{name} was {version} in the earlier run, and is {have.get(name, 'absent')} now"
            for name, version in had.items()
            if have.get(name) != version
        ]
    return found


def _library(account: Mapping[str, Any]) -> Any:
    index = account.get("index")
    return index.get("library") if isinstance(index, Mapping) else account.get("library")


def placed(request: Config, output: str | None, *, overwrite: bool) -> Any:
    """Send a request's output elsewhere, or let it replace what is there.

    A page goes beside the new output; further files of the same are not written again.

    Raises
    ------
    UsageError
        The request makes nothing that could go anywhere.
    """
    if output is not None and "output" not in type(request).model_fields:
        raise UsageError("this request makes nothing that could go elsewhere; leave --output out")
    changes: dict[str, Any] = {}
    if "overwrite" in type(request).model_fields:
        changes["overwrite"] = overwrite
    if output is not None:
        changes["output"] = output
        if getattr(request, "html", None):
            changes["html"] = str(Path(output).with_suffix(".html"))
        if getattr(request, "also", ()):
            changes["also"] = ()
    return request.model_copy(update=changes)
