"""What the words that change an index share: options, and the telling of what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from molsearch.service.requests import Growing
from molsearch.words import counted, noun

Index = Annotated[Path, typer.Option("-i", "--index", help="Folder of the index.")]
Discard = Annotated[
    bool, typer.Option("--overwrite", help="Discard another change that was never finished.")
]


def run(request: Growing, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Change an index and tell what came of it."""
    from molsearch.cli.telling import Terminal, plain_warnings, say
    from molsearch.service.growing import grow
    from molsearch.service.session import Session

    with plain_warnings():
        account = grow(request, Session(), Terminal(quiet=quiet)).account
    say(closing(request.verb, account), quiet=quiet)
    if as_json:
        print(json.dumps(account))
    return account


def closing(verb: str, account: dict[str, Any]) -> str:
    """Say in a line what there is now."""
    before = account.get("n_shards_before", 0)
    done = {
        "index_add": f"{counted(account.get('n_added', 0), 'molecule')} added",
        "index_drop": f"{counted(account.get('n_dropped_now', 0), 'molecule')} dropped",
        "index_compact": f"{counted(before, 'shard')} {noun(before, 'is', 'are')} now "
        f"{account['n_shards']:,}",
        "index_facts": f"facts of {counted(account.get('n_computed', 0), 'molecule')} computed",
        "index_merge": f"{counted(account.get('n_indexes', 0), 'index')} merged",
    }[verb]
    return (
        f"{done}; {account['output']} holds {counted(account['n_ok'], 'molecule')} "
        f"(generation {account['generation']}, {account['seconds']:,.1f} s)"
    )
