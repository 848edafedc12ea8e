"""Entry point: maps verbs to their files and errors to exit codes; imports nothing heavy."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from molsearch import __version__
from molsearch.errors import MolSearchError

# verb -> (module, one line of help). A verb's module is imported only when it is asked for.
VERBS = {
    "prepare": "Read molecules, find parents, make 3D conformers.",
    "index": "Embed a library into a searchable index.",
    "screen": "Rank a library for one or more query ligands.",
    "run": "Repeat a run from the record it wrote.",
    "info": "Say what a prepared set, an index or an encoder holds.",
    "verify": "Check a prepared set or an index against its checksums.",
    "train": "Train an encoder on activity records.",
    "benchmark": "Rank a benchmark's targets with several methods, audited for leakage.",
    "report": "Make one page and one table of benchmark results.",
    "data": "Convert activities for training; check a copy of a benchmark.",
    "demo": "Run the whole way on the bundled example library.",
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
        if ctx.resilient_parsing or "--help" in sys.argv[1:2] or "-h" in sys.argv[1:2]:
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
_INTERRUPTED = 130


def main() -> None:
    """Run the command line; a deliberate error is one line on stderr and its exit code."""
    try:
        code = app(standalone_mode=False) or 0
    except MolSearchError as error:
        code = _complain(str(error), error.exit_code)
    except _ParserError as error:
        code = _complain_of_usage(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or str(error)
        code = _complain(f"{where}{reason}; mend it or choose another place, and repeat", 1)
    if code == _INTERRUPTED:
        _complain("interrupted; the same command continues where it stopped", code)
    sys.exit(code)


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
    return _complain(f"{error.format_message()} ({command} --help explains)", error.exit_code)
