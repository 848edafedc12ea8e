"""Entry point: maps verbs to their files and errors to exit codes; imports nothing heavy."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from molsearch import __version__
from molsearch.cli import interrupts
from molsearch.errors import MolSearchError
from molsearch.io.atomic import refusal

# verb -> (module, one line of help). A verb's module is imported only when it is asked for.
VERBS = {
    "prepare": "Read molecules, find parents, make 3D conformers.",
    "index": "Embed a library into a searchable index.",
    "screen": "Rank a library for one or more query ligands.",
    "explain": "Say why hits stand where they do: atoms, common parts, each query's view.",
    "pick": "Choose a plate of hits: diverse, novel, affordable, with controls.",
    "cluster": "Cluster an index or a hit list, by embedding or fingerprint.",
    "space": "Search a make-on-demand space by its synthons.",
    "run": "Repeat a run from the record it wrote.",
    "info": "Say what a prepared set, an index or an encoder holds.",
    "verify": "Check a prepared set or an index against its checksums.",
    "train": "Train an encoder on activity records.",
    "benchmark": "Rank a benchmark's targets with several methods, audited for leakage.",
    "report": "Make one page and one table of benchmark results.",
    "data": "Convert activities for training; check a copy of a benchmark.",
    "demo": "Run the whole way on the bundled example library.",
    "serve": "Answer screens over HTTP, from indexes that stay open.",
    "app": "Open the web application.",
}


class LazyGroup(TyperGroup):
    """A command group that imports a verb's module at the moment the verb is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Verbs in the order a user meets them."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the command `cmd_name`, or a stand-in with its help line for the overview."""
        if cmd_name not in VERBS:
            return None
        if ctx.resilient_parsing or sys.argv[1:2] in ([], ["--help"], ["-h"]):
            return TyperCommand(cmd_name, help=VERBS[cmd_name])
        module = importlib.import_module(f"molsearch.cli.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


def _version(value: bool) -> None:
    if value:
        typer.echo(f"molsearch {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(help="Which of these molecules act like my actives? Ligand-based virtual screening.")
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    pass


# The base of all complaints of the option parser, by way of typer's public name for one of them.
_ParserError: Any = typer.BadParameter.__mro__[2]
_PIPE_CLOSED = 141  # as a shell has it for a program that SIGPIPE ended


def main() -> None:
    """Run the command line; a deliberate error is one line on stderr and its exit code."""
    _write_any_name()
    with interrupts.heard():
        code = _run()
        if code == interrupts.INTERRUPTED:
            print(interrupts.MESSAGE, file=sys.stderr)
        code = _flushed(code)
    sys.exit(code)


def _run() -> int:
    try:
        return app(standalone_mode=False) or 0
    except KeyboardInterrupt:
        return interrupts.INTERRUPTED
    except MolSearchError as error:
        return _complain(str(error), error.exit_code)
    except _ParserError as error:
        return _complain_of_usage(error)
    except OSError as error:
        if error.errno == errno.EPIPE:
            return _PIPE_CLOSED
        return _complain(f"{refusal(error, Path())} or choose another place, and repeat", 1)
    except SystemExit as stop:
        # The option parser's own way to end where nobody reads what we print.
        unread = isinstance(stop.__context__, BrokenPipeError)
        return _PIPE_CLOSED if unread else int(stop.code or 0)


def _write_any_name() -> None:
    """Let names of files that are no text be printed as they are."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="surrogateescape")


def _flushed(code: int) -> int:
    """Write what waits to be written; nobody there to read it is no error of ours."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would flush once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    return code


def _complain(message: str, code: int) -> int:
    print(f"molsearch: {' '.join(message.split())}", file=sys.stderr)
    return code


def _complain_of_usage(error: Any) -> int:
    """Say what is wrong with the options; no arguments at all earn the help instead."""
    if not error.format_message().strip() or type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return int(error.exit_code)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "molsearch"
    message = error.format_message()
    message += _repeated(message, context)
    return _complain(f"{message} ({command} --help explains)", error.exit_code)


def _repeated(message: str, context: Any) -> str:
    """Say that several queries want the option again, where one too many stands alone."""
    options = [] if context is None else context.command.params
    if "extra argument" not in message or not any("-q" in one.opts for one in options):
        return ""
    return "; write -q before each query"
