"""``molsearch info``: what a prepared set, an index or an encoder holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from molsearch.cli import options, telling

app = typer.Typer(add_completion=False)

_HELP = (
    "Say what a prepared set, an index or an encoder holds.\n\n"
    "Without PATH: the encoder that ships with molsearch."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def info(
    path: Annotated[
        Path | None, typer.Argument(help="Prepared set, index or encoder folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Describe; see `_HELP`."""
    from molsearch.service.info import describe

    with telling.plain_warnings():
        facts = describe(path)
    print(json.dumps(facts, indent=1) if as_json else "\n".join(_lines(facts)))


def _lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    width = max((len(name) for name in facts), default=0)
    lines = []
    for name, value in facts.items():
        label = f"{indent}{name.replace('_', ' '):<{width}}"
        if isinstance(value, dict) and value:
            lines += [label.rstrip(), *_lines(value, indent + "  ")]
        else:
            lines.append(f"{label}  {_text(value)}")
    return lines


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return " ".join(str(value).split())
