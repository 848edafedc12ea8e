"""Options made of a request's fields: type, default, range and help are stated there alone."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from molsearch.config import Config


@dataclass(frozen=True)
class Flag:
    """A field of a request as an option of a verb.

    Attributes
    ----------
    field
        Its name; of a configuration within the request, such as ``read.delimiter``.
    names
        How it is spelt; the field's name behind two dashes where nothing is said.
    panel
        Heading that it stands under in the help.
    metavar
        What stands for its value in the help.
    help
        In place of the field's description: for what the command line alone can say.
    read
        Turns the text of the command line into the field's value.
    kind
        Type in place of the field's own, with `read`.
    shown
        Whether the help shows the default.
    argument
        Whether it stands without a name.
    off
        Whether the switch turns the field off.
    required
        Whether the command line needs it though the request does not.
    """

    field: str
    names: tuple[str, ...] = ()
    panel: str | None = None
    metavar: str | None = None
    help: str | None = None
    read: Callable[[Any], Any] | None = None
    kind: Any = None
    shown: bool = True
    argument: bool = False
    off: bool = False
    required: bool = False

    @property
    def spelt(self) -> str:
        """Its longest name, as messages have it."""
        return max(self._names, key=len)

    @property
    def parameter(self) -> str:
        """Name of the parameter that carries it."""
        return self.field.replace(".", "__")

    @property
    def _names(self) -> tuple[str, ...]:
        if self.argument:
            return (self.metavar or self.field.upper(),)
        return self.names or ("--" + self.field.rpartition(".")[2].replace("_", "-"),)

    def declared(self, request: type[Config]) -> tuple[Any, Any, Any]:
        """Type, typer's declaration, and default, from the field of `request`."""
        field = field_of(request, self.field)
        kind = self.kind or _typed(field.annotation)
        said = self.help or sentence(field.description)
        if self.argument:
            needed = self.required or field.is_required()
            argument = typer.Argument(metavar=self.metavar, help=said, show_default=False)
            return (kind, argument, ...) if needed else (kind | None, argument, None)
        due: Any
        if self.off:
            kind, due = bool, False
        elif self.required or field.is_required():
            due = ...
        else:
            due = _due(field, self)
        option = typer.Option(
            *self._declarations(kind),
            help=said,
            metavar=self.metavar,
            rich_help_panel=self.panel,
            show_default=self.shown and due is not None,
            callback=_finite if kind in (float, float | None) else None,
            **(_range(field) if kind in (int, float, int | None, float | None) else {}),
        )
        if due is None and not _optional(kind):
            kind = kind | None
        return kind, option, due

    def _declarations(self, kind: Any) -> tuple[str, ...]:
        if kind == bool | None:
            (name,) = self._names
            return (f"{name}/--no-{name.removeprefix('--')}",)
        return self._names


def field_of(request: type[Config], path: str) -> FieldInfo:
    """Field at a path such as ``read.delimiter``."""
    first, _, rest = path.partition(".")
    field = request.model_fields[first]
    return field_of(field.annotation, rest) if rest else field  # type: ignore[arg-type]


def sentence(description: str | None) -> str | None:
    """Make a help line of a description: a first word that is no value begins in capitals."""
    if not description:
        return None
    first = description.partition(" ")[0]
    start = description if first[-1] in ":," else description[0].upper() + description[1:]
    return start if start[-1] in ".!?" else f"{start}."


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put values at paths into mappings of mappings.

    Examples
    --------
    >>> nested({"k": 5, "read.header": True})
    {'k': 5, 'read': {'header': True}}
    """
    found: dict[str, Any] = {}
    for path, value in values.items():
        first, _, rest = path.partition(".")
        if rest:
            found.setdefault(first, {})[rest] = value
        else:
            found[first] = value
    return found


def _optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _typed(annotation: Any) -> Any:
    """Type as the command line reads it: texts for paths and ligands, lists for tuples."""
    if get_origin(annotation) is tuple:
        return list[str]
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [_typed(kind) for kind in get_args(annotation) if kind is not type(None)]
        kind = kinds[0] if len(kinds) == 1 else str
        return kind | None if _optional(annotation) else kind
    known = annotation in (bool, int, float) or get_origin(annotation) is Literal
    return annotation if known else str


def _due(field: FieldInfo, flag: Flag) -> Any:
    """Default that the help shows; an empty list is none."""
    due = field.get_default(call_default_factory=True)
    if not flag.shown or due in (None, ()):
        return None
    if flag.read is not None:
        return ",".join(map(str, due)) if isinstance(due, tuple) else str(due)
    return due


def _range(field: FieldInfo) -> dict[str, Any]:
    """Bounds that the help shows; above 0 is from 1 on where numbers are whole."""
    found: dict[str, Any] = {}
    for bound in field.metadata:
        if (least := getattr(bound, "ge", None)) is not None:
            found["min"] = least
        elif getattr(bound, "gt", None) is not None and field.annotation in (int, int | None):
            found["min"] = bound.gt + 1
        if (most := getattr(bound, "le", None)) is not None:
            found["max"] = most
    return found


def _finite(value: float | None) -> float | None:
    """Refuse nan and inf, which pass for numbers in any range."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number that can be used")
    return value
