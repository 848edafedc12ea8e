"""Text of one value."""

from __future__ import annotations

import json


def text_of(value: object) -> str:
    """Text of which `molsearch.usertypes.values.typed` makes the value again.

    Missing values are empty, lists and structs are JSON.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
