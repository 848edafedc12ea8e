"""Verbs whose options are the fields of a request: only what the user wrote goes into it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import typer
from pydantic import ValidationError

from molsearch.cli import options
from molsearch.cli.allocator import ensure_allocator
from molsearch.cli.flags import Flag, nested
from molsearch.config import Config
from molsearch.errors import UsageError
from molsearch.service.requests import complaint

R = TypeVar("R", bound=Config)


@dataclass(frozen=True)
class Asked(Generic[R]):
    """What a user wrote behind a verb.

    Attributes
    ----------
    kind
        The request that it becomes.
    flags
        The verb's options that are fields of it.
    given
        Values of those that were written, by their fields; others keep the request's default.
    as_json, quiet
        How the end is told.
    """

    kind: type[R]
    flags: Sequence[Flag]
    given: dict[str, Any] = field(default_factory=dict)
    as_json: bool = False
    quiet: bool = False

    def spelt(self, *rooms: str) -> str | None:
        """Name of the first option written that sets one of these fields, or a part of one."""
        for flag in self.flags:
            first = flag.field.partition(".")[0]
            if flag.field in self.given and (flag.field in rooms or first in rooms):
                return flag.spelt
        return None

    def request(self, **changes: Any) -> R:
        """Make the request, with `changes` in place of what was written.

        Raises
        ------
        UsageError
            A value is out of range: in one line that begins with the option's name.
        """
        try:
            return self.kind.model_validate(nested({**self.given, **changes}))
        except ValidationError as error:
            where = [str(part) for part in error.errors(include_url=False)[0]["loc"]]
            for flag in self.flags:
                path = flag.field.split(".")
                if where[: len(path)] == path:
                    message = complaint(error).partition(": ")[2]
                    raise UsageError(f"{flag.spelt}: {message}") from error
            raise UsageError(complaint(error)) from error

    def table(self, field: str = "output") -> str | None:
        """Place of a table; None for standard output.

        Raises
        ------
        UsageError
            The summary goes there too.
        """
        place = self.given.get(field)
        if place == "-" and self.as_json:
            raise UsageError("--json and -o - both write to standard output; choose one")
        return None if place == "-" else place

    def end(self, run: Callable[..., Any], **changes: Any) -> None:
        """Run the request; see `request`."""
        run(self.request(**changes), as_json=self.as_json, quiet=self.quiet)


def verb(
    app: typer.Typer,
    kind: type[R],
    flags: Sequence[Flag],
    *,
    help: str,
    quiet: Any = options.Quiet,
    heavy: bool = True,
    **more: Any,
) -> Callable[[Callable[[Asked[R]], None]], Callable[[Asked[R]], None]]:
    """Make a command of a function that takes what was asked.

    Parameters
    ----------
    app
        Where the command goes.
    kind
        The request.
    flags
        Its fields that are options, in the order of the help.
    help
        What the command does.
    quiet
        Declaration of the option that silences it.
    heavy
        Whether it embeds, for which the process starts anew with other settings of memory.
    more
        For `typer.Typer.command`.
    """

    def decorate(function: Callable[[Asked[R]], None]) -> Callable[[Asked[R]], None]:
        def command(context: typer.Context, **values: Any) -> None:
            if heavy:
                ensure_allocator()
            how = {name: values.pop(name) for name in ("as_json", "quiet")}
            given = {
                flag.field: _read(flag, values[flag.parameter], context)
                for flag in flags
                if _written(context, flag.parameter)
            }
            function(Asked(kind, flags, given, **how))

        command.__signature__ = _signature(kind, flags, quiet)  # type: ignore[attr-defined]
        command.__annotations__ = {}
        command.__name__, command.__doc__ = function.__name__, function.__doc__
        app.command(help=help, context_settings=options.HELP_NAMES, **more)(command)
        return function

    return decorate


def _read(flag: Flag, value: Any, context: typer.Context) -> Any:
    if flag.off:
        return not value
    if flag.read is None:
        return value
    try:
        return flag.read(value)
    except typer.BadParameter as bad:
        bad.param_hint, bad.ctx = f"'{flag.spelt}'", context
        raise


def _written(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _signature(kind: type[Config], flags: Sequence[Flag], quiet: Any) -> inspect.Signature:
    """Parameters that typer reads."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    found = [inspect.Parameter("context", keyword, annotation=typer.Context)]
    for flag in flags:
        typed, declared, due = flag.declared(kind)
        default = inspect.Parameter.empty if due is ... else due
        annotation: Any = Annotated.__class_getitem__((typed, declared))  # type: ignore[attr-defined]
        found.append(
            inspect.Parameter(flag.parameter, keyword, default=default, annotation=annotation)
        )
    for name, shared in (("as_json", options.AsJson), ("quiet", quiet)):
        found.append(inspect.Parameter(name, keyword, default=False, annotation=shared))
    return inspect.Signature(found)
