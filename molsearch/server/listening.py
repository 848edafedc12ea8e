"""The socket that a server answers at."""

from __future__ import annotations

import socket

from molsearch.errors import UsageError


def listening(host: str, port: int) -> socket.socket:
    """Listen at an address.

    Raises
    ------
    UsageError
        Another program does, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(2048)
    except (OSError, OverflowError) as error:
        found.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host}:{port} ({reason}); choose another with --port or --host"
        ) from error
    return found
