"""Requests as a user would type them: the options that differ from their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from molsearch.cli.flags import Flag, field_of
from molsearch.cli.index import INDEX
from molsearch.cli.screen_options import SCREEN
from molsearch.service.requests import IndexRequest, ScreenRequest

# Written by whoever asks: molecules, and where the result goes.
APART = ("queries", "inactives", "dissimilar_to", "output")
_ALWAYS = ("library", "index", "k")


def spelled(request: ScreenRequest | IndexRequest) -> list[str]:
    """Words that ask the command line for a request, without its molecules and its output.

    Examples
    --------
    >>> spelled(ScreenRequest(queries=("C",), index="i", k=5, where=("mw<400",)))
    ['-i', 'i', '-k', '5', '--where=mw<400']
    """
    flags = SCREEN if isinstance(request, ScreenRequest) else INDEX
    words: list[str] = []
    for flag in flags:
        if flag.field not in APART:
            words += _option(request, flag)
    return words


def _option(request: ScreenRequest | IndexRequest, flag: Flag) -> list[str]:
    *rooms, name = flag.field.split(".")
    room: Any = reduce(getattr, rooms, request)
    value = getattr(room, name)
    default = value == field_of(type(request), flag.field).get_default()
    # Conformers that somebody asked for are not those that an encoder's card decides.
    kept = name in _ALWAYS or (name == "n_conformers" and name in room.model_fields_set)
    if value is None or (default and not kept):
        return []
    if flag.argument:
        return list(value)
    if flag.off:
        return [flag.spelt]
    if name == "header":
        return [flag.spelt if value else f"--no-{name}"]
    if name == "shard":
        value = "/".join(map(str, value))
    return _said(_name(flag), value)


def _name(flag: Flag) -> str:
    """Take the short name of what is always written."""
    return flag.names[0] if flag.field in _ALWAYS else flag.spelt


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
