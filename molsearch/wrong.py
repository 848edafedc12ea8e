"""What is wrong with a field, in our words rather than in those of the validation that found it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

_LONGEST = 60
_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_KINDS = {
    "int": "whole number",
    "float": "number",
    "finite": "number that is finite",
    "string": "text",
    "tuple": "list",
    "list": "list",
    "dict": "mapping of names to values",
    "model": "mapping of names to values",
}


def wrong_with(found: Mapping[str, Any]) -> str:
    """Say what is wrong with the value of a field.

    Parameters
    ----------
    found
        One of the errors that pydantic lists.

    Examples
    --------
    >>> wrong_with({"type": "greater_than", "input": 0, "ctx": {"gt": 0}, "msg": ""})
    '0 is not greater than 0'
    >>> wrong_with({"type": "int_parsing", "input": "many", "msg": ""})
    "'many' is no whole number"
    """
    kind, context = found["type"], found.get("ctx", {})
    given = f"{found.get('input')!r:.{_LONGEST}}"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        limit = context[bound]
        return (
            f"{given} is not {words} {limit:,}"
            if isinstance(limit, int)
            else (f"{given} is not {words} {limit:g}")
        )
    if kind == "literal_error":
        return f"{given} is given, where {context['expected']} can be"
    if kind == "too_short":
        return f"{context['actual_length']} given; at least {context['min_length']} is needed"
    if kind == "missing":
        return "it is needed, and not given"
    if kind.startswith("bool_"):
        return f"{given} is neither true nor false"
    of = kind.partition("_")[0]
    if of in _KINDS and kind.endswith(("_type", "_parsing", "_from_float", "_number")):
        return f"{given} is no {_KINDS[of]}"
    return str(found["msg"]).removeprefix("Value error, ")


def first_wrong(error: ValidationError, kind: type[BaseModel], section: str = "") -> str:
    """Say what is wrong with the first setting that is, and which it is.

    Parameters
    ----------
    kind
        What was validated: a misspelt setting is held against its names.
    section
        What the names of its settings begin with.

    Examples
    --------
    >>> class Run(BaseModel, extra="forbid"):
    ...     steps: int = 3
    >>> try:
    ...     Run.model_validate({"stesp": 4})
    ... except ValidationError as error:
    ...     print(first_wrong(error, Run))
    stesp: there is no such setting; did you mean steps?
    """
    found = error.errors(include_url=False)[0]
    place = ".".join(filter(None, (section, *map(str, found["loc"]))))
    said = wrong_with(found)
    if found["type"] == "extra_forbidden":
        near = get_close_matches(str(found["loc"][-1]), _names(kind, found["loc"][:-1]), 1)
        mend = f"did you mean {near[0]}?" if near else "check its spelling"
        said = f"there is no such setting; {mend}"
    return ": ".join(filter(None, (place, said)))


def _names(kind: Any, place: tuple[int | str, ...]) -> list[str]:
    """Name the fields of a section; none where it is no plain one."""
    for part in place:
        kind = kind.model_fields[part].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
    return list(kind.model_fields)
