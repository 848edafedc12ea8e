"""``molsearch serve``: the service over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molsearch.cli import options
from molsearch.cli.telling import say
from molsearch.errors import UsageError

if TYPE_CHECKING:
    from molsearch.server.settings import ServerConfig

app = typer.Typer(add_completion=False)
_ROOTS = typer.Argument(metavar="ROOT...", show_default=False)

_HELP = (
    "Answer screens over HTTP, from indexes that stay open.\n\n"
    "ROOT is an index, or a folder below which every index is served by its name. Clients name "
    "libraries and send structures, never paths. /docs describes the routes, /healthz and "
    "/metrics watch it.\n\n"
    "    molsearch serve indexes/ --port 8765"
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def serve(
    roots: Annotated[list[Path] | None, _ROOTS] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address; a token is due where others reach it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any.")] = 8765,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            help="File with the token that clients send, which none but you may read; or set "
            "MOLSEARCH_SERVER_TOKEN.",
        ),
    ] = None,
    device: options.Device = "auto",
    threads: Annotated[int, typer.Option("--threads", min=1, help="Screens at a time.")] = 1,
    memory: Annotated[
        float | None,
        typer.Option("--memory", min=0.1, help="GB of encoders and indexes to keep open."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="NAME=VALUE", help="Change a limit; --limits lists them."),
    ] = None,
    limits: Annotated[bool, typer.Option("--limits", help="List the limits and end.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Serve; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    _need_server_packages()
    from molsearch.server.settings import Limits, ServerConfig, check, read_token
    from molsearch.service.requests import validated

    changed = validated(Limits, _pairs(limit or []))
    if limits:
        print("\n".join(f"{name}={value}" for name, value in changed.model_dump().items()))
        return
    if not roots:
        raise UsageError("no ROOT: name an index, or a folder with indexes below it")
    fields = {"host": host, "port": port, "roots": roots, "device": device, "threads": threads}
    kept = None if memory is None else int(memory * 1e9)
    more = {"token": read_token(token_file), "memory_limit": kept, "limits": changed}
    config = validated(ServerConfig, {**fields, **more})
    check(config)
    run(config, quiet=quiet)


def run(config: ServerConfig, *, quiet: bool) -> None:
    """Listen until told to stop, then finish what has begun."""
    import uvicorn

    from molsearch.server.app import create_app
    from molsearch.server.listening import listening

    server = create_app(config)
    with listening(config.host, config.port) as found:
        address = f"http://{config.host}:{found.getsockname()[1]}"
        say(f"serving {address} (routes: {address}/docs); Ctrl+C stops", quiet=quiet)
        uvicorn.Server(
            uvicorn.Config(
                server,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=20,
                server_header=False,
            )
        ).run(sockets=[found])


def _pairs(changes: list[str]) -> dict[str, str]:
    found = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"--limit {change}: write NAME=VALUE; --limits lists the names")
        found[name.strip()] = value.strip()
    return found


def _need_server_packages() -> None:
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"{error.name} is not installed; the server needs: pip install 'molsearch[server]'"
        ) from error
