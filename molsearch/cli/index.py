"""``molsearch index``: embed a library into a searchable index."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from molsearch.cli import options
from molsearch.errors import UsageError
from molsearch.service.requests import IndexRequest, validated
from molsearch.words import counted

app = typer.Typer(add_completion=False)

_HELP = (
    "Embed a library into a searchable index.\n\n"
    "LIB is a prepared set (see `molsearch prepare`), or files of molecules, which are prepared "
    "first; that prepared set is kept inside the index folder. An interrupted run is continued "
    "by the same command, and readers see the old index until the new one is whole."
)
_EPILOG = (
    "Changing an index, each with a --help of its own: molsearch index add NEW.smi -i lib.index, "
    "index drop --ids FILE -i lib.index, index compact -i lib.index, "
    "index merge A B … -o OUT, index facts qed,alerts -i lib.index. A library called add is ./add."
)
_OF_RAW_FILES = (
    "smiles_column",
    "id_column",
    "id_field",
    "delimiter",
    "header",
    "conformers",
    "quality",
    "use_input_3d",
    "seed",
    "limit",
)
_DUE = IndexRequest.model_construct()  # every default, nothing else


# A first word that is one of these asks for the module `molsearch.cli.index_WORD`; a library of
# that name is ./WORD.
WORDS = ("add", "drop", "compact", "facts", "merge")


class IndexCommand(TyperCommand):
    """The verb by itself, and the words that change an index."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **more: Any) -> Any:
        """Read the arguments, or let the word that stands first read the rest of them."""
        if args and args[0] in WORDS:
            module = importlib.import_module(f"molsearch.cli.index_{args[0]}")
            command = typer.main.get_command(module.app)
            return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **more)
        return super().make_context(info_name, args, parent, **more)


def shard_of(text: str | None) -> tuple[int, int] | None:
    """Read ``i/n``.

    Raises
    ------
    BadParameter
        It is anything else.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not i/n, such as 1/8", param_hint="--shard")
    return int(found[1]), int(found[2])


@app.command(cls=IndexCommand, help=_HELP, epilog=_EPILOG, context_settings=options.HELP_NAMES)
def index(
    context: typer.Context,
    library: Annotated[list[str], typer.Argument(metavar="LIB...", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the index.")],
    failures: options.Failures = None,
    encoder: options.EncoderPath = None,
    device: options.Device = _DUE.device,
    batch_size: options.BatchSize = _DUE.batch_size,
    smiles_column: options.SmilesColumn = None,
    id_column: options.IdColumn = None,
    id_field: options.IdField = None,
    delimiter: options.Delimiter = None,
    header: options.Header = None,
    limit: options.Limit = None,
    conformers: options.LibraryConformers = None,
    quality: options.QualityOption = options.Quality.fast,
    use_input_3d: options.UseInput3D = False,
    seed: options.Seed = _DUE.prepare.seed,
    facts: options.IndexFacts = None,
    workers: options.Workers = _DUE.workers,
    storage: Annotated[
        Literal["full", "compact"],
        typer.Option(
            "--storage",
            help="compact: embeddings in a byte a dimension alone, half the room; scores are "
            "approximate, by how much is measured and told.",
        ),
    ] = _DUE.storage,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="i/n",
            help="Index the i-th of n parts of the library alone, as a task of an array job; "
            "index merge puts the n parts together.",
            show_default=False,
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Index a library; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    _refuse_raw_options(library, context)
    reading = options.reading(smiles_column, id_column, id_field, delimiter, header)
    request = validated(
        IndexRequest,
        {
            "library": library,
            "output": str(output),
            "read": reading,
            "prepare": {
                **({} if conformers is None else {"n_conformers": conformers}),
                "quality": quality.value,
                "use_input_3d": use_input_3d,
                "seed": seed,
            },
            "failures": options.text(failures),
            "encoder": encoder,
            "device": device,
            "batch_size": batch_size,
            "workers": workers,
            "limit": limit,
            "overwrite": overwrite,
            "facts": facts or (),
            "storage": storage,
            "shard": shard_of(shard),
        },
    )
    run(request, as_json=as_json, quiet=quiet)


def _refuse_raw_options(library: list[str], context: typer.Context) -> None:
    """Refuse options for raw files, in the command line's words, where LIB is a prepared set."""
    from molsearch.io.folders import Kind, look

    ready = [name for name in library if look(name).kind is Kind.PREPARED]
    if ready and len(library) == 1 and (given := options.given(context, _OF_RAW_FILES)):
        raise UsageError(f"{ready[0]} is prepared already: {given[0]} has no effect; leave it out")


def run(request: IndexRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Make an index and tell what came of it."""
    from molsearch.cli.telling import Terminal, plain_warnings, say
    from molsearch.service.index import EmptyPartError, index
    from molsearch.service.session import Session

    try:
        with plain_warnings():
            account = index(request, Session(), Terminal(quiet=quiet)).account
        say(closing(account), quiet=quiet)
    except EmptyPartError as empty:
        # No failure of the task: a merge counts with parts like this one.
        account = empty.account
        say(str(empty), quiet=quiet)
    if as_json:
        print(json.dumps(account))
    return account


def closing(account: dict[str, Any]) -> str:
    """Say in a line what was made."""
    n_failed = account["n_failed"]
    failed = f", {counted(n_failed, 'record')} failed" if n_failed else ""
    return (
        f"{counted(account['n_ok'], 'molecule')} indexed in "
        f"{account['output']}{failed} "
        f"({account['seconds']:,.1f} s)"
    )
