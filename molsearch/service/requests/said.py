"""What is wrong with a field, in our words rather than in those of the validation that found it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
        return f"{given} is not {words} {context[bound]:g}"
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
