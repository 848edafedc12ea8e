"""What a node says of itself, before it is sent any work.

Sent to the nodes as it is written here, so that it runs where another molsearch is installed, or
none: it imports nothing of ours.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ("molsearch", "rdkit")


def versions() -> dict[str, str]:
    """Tell the installed versions of `PACKAGES`; empty where one is not there."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("molsearch", "rdkit"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def look(address: str | None, token: str, content: bytes) -> dict[str, Any]:
    """Tell the versions and, of a place, whether the token in it can be read from here."""
    import socket

    told: dict[str, Any] = {"host": socket.gethostname(), **versions(), "sees": None, "reason": ""}
    if address is not None:
        try:
            import fsspec

            told["sees"] = (
                fsspec.core.url_to_fs(address)[0].cat_file(f"{address}/{token}") == content
            )
        except Exception as error:  # noqa: BLE001  said to the driver, which refuses the node
            told["sees"] = False
            told["reason"] = f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
    return told
