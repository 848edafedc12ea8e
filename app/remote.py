"""A screen that a server of molsearch runs, whose hits come here. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SERVER, TOKEN = "MOLSEARCH_SERVER", "MOLSEARCH_SERVER_TOKEN"
_SECONDS = 60.0
_BLOCK = 2**20


class ServerError(Exception):
    """The server refused, or is not there: one line for the user."""


def address() -> str:
    """Address of the server that screens for this application; empty where there is none."""
    return os.environ.get(SERVER, "").rstrip("/")


def ask(path: str, body: Any = None, *, method: str | None = None) -> Any:
    """Ask the server for JSON.

    Raises
    ------
    ServerError
        It refused, or is not there.
    """
    with _opened(path, body, method) as answer:
        return json.load(answer)


@contextlib.contextmanager
def _opened(path: str, body: Any = None, method: str | None = None) -> Iterator[Any]:
    server = address()
    if not server.startswith(("http://", "https://")):
        raise ServerError(
            f"{SERVER} is {server[:80]!r}; set it to an address such as http://host:8765"
        )
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server + path, data, method=method)  # noqa: S310 - checked
    request.add_header("Content-Type", "application/json")
    if os.environ.get(TOKEN):
        request.add_header("Authorization", f"Bearer {os.environ[TOKEN].strip()}")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            yield answer
    except urllib.error.HTTPError as error:
        raise ServerError(_reason(error)) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise ServerError(
            f"the server {server} does not answer ({why}); try again later"
        ) from error


def _reason(error: urllib.error.HTTPError) -> str:
    """Give the line with which a server refuses."""
    try:
        said = str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError):
        said = error.reason
    return f"the server refused ({error.code}): {said}"


class Remote:
    """One screen on a server.

    Parameters
    ----------
    folder
        Where its hits and its account go.
    step
        ``body``, what is posted; ``hits``, the name of the file of hits.
    """

    def __init__(self, folder: Path, step: dict[str, Any]) -> None:
        self._folder, self._step = folder, step

    def run(self, take: Callable[[str], None], ending: Callable[[], float | None]) -> str:
        """Screen; returns why it failed, or nothing.

        Parameters
        ----------
        take
            Told each event as a line of JSON.
        ending
            Seconds since the user asked for the end; None where nobody has.
        """
        try:
            body = {**self._step["body"], "format": "parquet", "job": True}
            job = ask("/v1/screen", body)
            last = self._follow(job, take, ending)
            if last["event"] == "failure":
                return str(last.get("message") or "the server's job failed; ask again")
            self._fetch(job, {**last.get("account", {}), "server": address(), "body": body})
        except ServerError as refused:
            return str(refused)
        return ""

    def _follow(
        self, job: dict[str, Any], take: Callable[[str], None], ending: Callable[[], float | None]
    ) -> dict[str, Any]:
        """Pass the events of a job on; returns the last."""
        over = threading.Event()
        threading.Thread(target=self._heed, args=(job, ending, over), daemon=True).start()
        try:
            with _opened(job["events"]) as stream:
                for raw in stream:
                    line = raw.decode("utf-8", "replace").rstrip()
                    if not line.startswith("data: "):
                        continue
                    line = line.removeprefix("data: ")
                    take(line)
                    event: dict[str, Any] = json.loads(line)
                    if event["event"] in ("done", "failure"):
                        return event
        finally:
            over.set()
        raise ServerError("the server ended before its job did; ask again")

    def _heed(
        self, job: dict[str, Any], ending: Callable[[], float | None], over: threading.Event
    ) -> None:
        """End the server's job when the user asks."""
        while not over.wait(0.25):
            if ending() is not None:
                with contextlib.suppress(ServerError):
                    ask(f"/v1/jobs/{job['id']}", method="DELETE")
                return

    def _fetch(self, job: dict[str, Any], account: dict[str, Any]) -> None:
        """Bring the hits here, whole or not at all, and beside them what made them."""
        place = self._folder / self._step["hits"]
        part = place.with_name(f".{place.name}.tmp-{os.getpid()}")
        with _opened(f"/v1/jobs/{job['id']}/hits") as answer, part.open("wb") as out:
            while block := answer.read(_BLOCK):
                out.write(block)
        place.with_name(place.name + ".run.json").write_text(json.dumps(account))
        part.replace(place)
