"""What a server is told when it starts: where it listens, what it serves, what it allows."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path

from pydantic import Field, SecretStr

from molsearch.config import Config
from molsearch.errors import UsageError

TOKEN_VARIABLE = "MOLSEARCH_SERVER_TOKEN"  # noqa: S105 - the name of a variable
_MIN_TOKEN = 16


class Limits(Config):
    """What a client may ask for; beyond it stands a refusal with the reason."""

    body_bytes: int = Field(default=2_000_000, gt=0)
    queries: int = Field(default=100, gt=0, description="queries or inactives of a screen")
    molecules: int = Field(default=256, gt=0, description="molecules of one encode")
    explained: int = Field(default=50, gt=0, description="molecules of one explanation")
    explained_atoms: int = Field(default=150, gt=0, description="of each of them, and each query")
    common_seconds: float = Field(
        default=10.0, ge=0, description="for the common parts of one explanation"
    )
    query_conformers: int = Field(default=20, gt=0)
    k: int = Field(default=100_000, gt=0, description="hits of a job")
    k_at_once: int = Field(default=1000, gt=0, description="hits that are answered at once")
    rows_at_once: int = Field(
        default=5_000_000, gt=0, description="size of a library that is answered at once"
    )
    seconds_at_once: float = Field(default=30.0, gt=0)
    seconds_a_job: float = Field(default=3600.0, gt=0)
    queue: int = Field(default=64, gt=0, description="requests that wait for their turn")
    requests_a_client: int = Field(default=16, gt=0, description="unanswered at a time")
    jobs_a_client: int = Field(default=4, gt=0, description="waiting or running")
    jobs: int = Field(default=16, gt=0, description="waiting or running, of all clients")
    jobs_at_a_time: int = Field(default=1, gt=0)
    answer_bytes: int = Field(
        default=64_000_000, ge=0, description="answers kept for who asks the same again; 0: none"
    )
    hours_kept: float = Field(default=24.0, gt=0, description="results of jobs")


class ServerConfig(Config):
    """A server.

    Attributes
    ----------
    roots
        Folders below which every index is served; or indexes themselves.
    token
        What a client sends as ``Authorization: Bearer ...``; None asks for nothing.
    memory_limit
        Bytes of encoders and indexes kept open.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    roots: tuple[Path, ...] = ()
    token: SecretStr | None = None
    device: str = "auto"
    threads: int = Field(default=1, ge=1, description="screens at a time")
    memory_limit: int | None = Field(default=None, gt=0)
    limits: Limits = Limits()


def check(config: ServerConfig) -> None:
    """Refuse a server that would be open to strangers, or that has nothing to serve.

    Raises
    ------
    UsageError
        With the option that mends it.
    """
    if config.token is None and not _is_loopback(config.host):
        raise UsageError(
            f"--host {config.host} is reached by others: set a token with --token-file or "
            f"{TOKEN_VARIABLE}, or listen on 127.0.0.1"
        )
    if not config.roots:
        raise UsageError("name an index, or a folder of indexes, to serve")
    for root in config.roots:
        if not root.is_dir():
            raise UsageError(f"{root}: no such folder; name an index, or a folder of indexes")


def read_token(file: Path | None) -> SecretStr | None:
    """Read the token from a file, or from the variable `TOKEN_VARIABLE`; None where neither is.

    Raises
    ------
    UsageError
        The file cannot be read, others can read it, or the token is too short.
    """
    if file is None:
        text, source = os.environ.get(TOKEN_VARIABLE), TOKEN_VARIABLE
        if text is None:
            return None
    else:
        text, source = _private_text(file), str(file)
    if len(text.strip()) < _MIN_TOKEN:
        raise UsageError(
            f"{source}: a token needs at least {_MIN_TOKEN} characters; make it longer"
        )
    return SecretStr(text.strip())


def _private_text(file: Path) -> str:
    try:
        if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise UsageError(f"{file}: others can read this token; run: chmod 600 {file}")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise UsageError(f"{file}: the token cannot be read ({reason}); check the path") from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
