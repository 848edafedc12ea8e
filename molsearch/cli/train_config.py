"""A training configuration from its YAML file and the changes of the command line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from molsearch.config import Config, FinetuneConfig, TrainConfig
from molsearch.errors import InputError, UsageError
from molsearch.service.train_words import is_of_molecules
from molsearch.wrong import first_wrong

_Kind = TypeVar("_Kind", bound=Config)


def read_config(path: Path, changes: Sequence[str]) -> TrainConfig:
    """Read a configuration file, apply ``KEY=VALUE`` changes, and check the whole.

    Parameters
    ----------
    changes
        ``steps=100`` or, in a section, ``soft.weight=0.5``.

    Raises
    ------
    InputError
        If the file cannot be read.
    UsageError
        If a change or a setting is wrong, or the file is one of molecules.
    """
    if is_of_molecules(path):
        raise UsageError(
            f"{path}: a file of molecules, where CONFIG is a YAML file of settings; to fine-tune "
            f"on it, give it by --activities {shlex.quote(str(path))}"
        )
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read as YAML ({reason})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a mapping of settings; see configs/ for examples")
    return checked(TrainConfig, content, changes, str(path))


def of_file(
    path: Path, output: Path | None, start_from: str | None, changes: Sequence[str]
) -> dict[str, Any]:
    """Fields of a request that trains by a configuration file."""
    more = [f"start_from={start_from}"] if start_from else []
    config = read_config(path, [*changes, *more])
    place = output or Path("runs") / config.name
    return {"config": config, "data": str(path.parent), "output": str(place)}


def of_series(
    activities: Path, output: Path, active_above: float, changes: Sequence[str]
) -> dict[str, Any]:
    """Fields of a request that tunes on a series."""
    settings = {"name": output.name, "activities": activities.name, "active_above": active_above}
    tuning = checked(FinetuneConfig, settings, changes, "--set")
    return {"series": {"activities": str(activities), "tuning": tuning}, "output": str(output)}


def checked(
    kind: type[_Kind], content: dict[str, Any], changes: Sequence[str], where: str
) -> _Kind:
    """Apply ``KEY=VALUE`` changes to settings and check them all; errors begin with `where`."""
    for change in changes:
        _apply(content, change)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{where}: {first_wrong(error, kind)}") from None


def _apply(content: dict[str, Any], change: str) -> None:
    key, equals, value = change.partition("=")
    if not equals or not all(key.split(".")):
        raise UsageError(f"--set {change}: write KEY=VALUE, or SECTION.KEY=VALUE")
    section, _, name = key.partition(".")
    try:
        parsed = yaml.safe_load(value) if value else ""  # KEY= empties a setting
    except yaml.YAMLError:
        raise UsageError(f"--set {change}: {value!r} is no YAML value") from None
    if not name:
        content[section] = parsed
        return
    inside = content.get(section)
    if inside is not None and not isinstance(inside, dict):
        raise UsageError(f"--set {change}: {section} is a setting, not a section of them")
    content[section] = {**(inside or {}), name: parsed}  # a section may stand empty in a file
