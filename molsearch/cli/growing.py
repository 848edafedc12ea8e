"""What the words that change an index share: options, and the telling of what came of it."""

from __future__ import annotations

import importlib
import json
from typing import Any

import typer
from typer.core import TyperCommand

from molsearch.service.requests import Growing
from molsearch.words import counted, noun

# A first word that is one of these asks for the module `molsearch.cli.index_WORD`; a library of
# that name is ./WORD.
WORDS = ("add", "drop", "compact", "facts", "ann", "merge")


class IndexCommand(TyperCommand):
    """The verb by itself, and the words that change an index."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **more: Any) -> Any:
        """Read the arguments, or let the word that stands first read the rest of them."""
        if args and args[0] in WORDS:
            module = importlib.import_module(f"molsearch.cli.index_{args[0]}")
            command = typer.main.get_command(module.app)
            return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **more)
        return super().make_context(info_name, args, parent, **more)


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
        "index_ann": f"{counted(account.get('n_lists', 0), 'list')} for approximate search made",
        "index_merge": f"{counted(account.get('n_indexes', 0), 'index')} merged",
    }[verb]
    return (
        f"{done}; {account['output']} holds {counted(account['n_ok'], 'molecule')} "
        f"(generation {account['generation']}, {account['seconds']:,.1f} s)"
    )
