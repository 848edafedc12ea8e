"""Requests as a user would type them: the options that differ from their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molsearch.config import Config
from molsearch.service.requests import IndexRequest, ScreenRequest

_READING = {
    "smiles_column": "--smiles-column",
    "id_column": "--id-column",
    "id_field": "--id-field",
    "delimiter": "--delimiter",
}
_PREPARING = {"n_conformers": "--conformers", "quality": "--quality", "seed": "--seed"}
_SHARED = {
    "failures": "--failures",
    "encoder": "--encoder",
    "device": "--device",
    "batch_size": "--batch-size",
    "workers": "--workers",
    "limit": "--limit",
    "overwrite": "--overwrite",
    "facts": "--facts",
}
_SCREEN = {
    "library": "-l",
    "index": "-i",
    "k": "-k",
    "rank": "--rank",
    "depth": "--depth",
    "fusion": "--fusion",
    "conformer_fusion": "--conformer-fusion",
    "unique": "--unique",
    "exclude_alerts": "--no-alerts",
    "include_smarts": "--include-smarts",
    "exclude_smarts": "--exclude-smarts",
    "where": "--where",
    "threshold": "--threshold",
    "exclude_ids": "--exclude-ids",
    "dissimilar_at": "--dissimilar-at",
    "inactives_weight": "--inactives-weight",
    "query_conformers": "--query-conformers",
    "use_input_3d": "--use-input-3d",
    "activity_column": "--activity-column",
    "active_above": "--active-above",
    "html": "--html",
    "excel_safe": "--excel-safe",
    "verify": "--verify",
    "base_rate": "--base-rate",
    **_SHARED,
}
# Switches that turn something off.
_OFF = {"keep_query": "--drop-query", "keep_inactives": "--drop-inactives"}
_INDEX = _SHARED
_ALWAYS = ("library", "index", "k")


def spelled(request: ScreenRequest | IndexRequest) -> list[str]:
    """Words that ask the command line for a request, without its molecules and its output.

    Examples
    --------
    >>> spelled(ScreenRequest(queries=("C",), index="i", k=5, where=("mw<400",)))
    ['-i', 'i', '-k', '5', '--where=mw<400']
    """
    screening = isinstance(request, ScreenRequest)
    words = [] if screening else list(request.library)
    words += _options(request, _SCREEN if screening else _INDEX)
    words += _options(request.read, _READING)
    if request.read.header is not None:
        words.append("--header" if request.read.header else "--no-header")
    words += _options(request.prepare, _PREPARING)
    for name, option in _OFF.items():
        if getattr(request, name, True) is False:
            words.append(option)
    if not screening and request.prepare.use_input_3d:
        words.append("--use-input-3d")
    return words


def _options(fields: Config, options: dict[str, str]) -> list[str]:
    words = []
    for name, option in options.items():
        value = getattr(fields, name)
        default = value == type(fields).model_fields[name].default
        # Conformers that somebody asked for are not those that an encoder's card decides.
        kept = name in _ALWAYS or (name == "n_conformers" and name in fields.model_fields_set)
        if value is not None and (kept or not default):
            words += _said(option, value)
    return words


def _said(option: str, value: Any) -> list[str]:
    if value is True:
        return [option]
    if isinstance(value, str) or not isinstance(value, Sequence):
        return _pair(option, value)
    return [word for one in value for word in _pair(option, one)]


def _pair(option: str, value: Any) -> list[str]:
    text = f"{value!r}" if isinstance(value, float) else str(value)
    # One word: a value that begins with a dash stays a value.
    return [f"{option}={text}"] if option.startswith("--") else [option, text]
