"""Connect to a Ray cluster, or say in a line why not."""

from __future__ import annotations

import logging
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from molsearch.errors import MolSearchError, UsageError
from molsearch.work.place import Place
from molsearch.work.ray import OnRay, check_nodes

AUTO = "auto"
ANSWER_LIMIT = 60.0  # s that a cluster may take to answer
_ADDRESS = re.compile(r"[\w.\-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")


@contextmanager
def cluster(
    address: str,
    place: Place | None = None,
    tell: Callable[[str], None] = lambda text: None,
    *,
    limit: float = ANSWER_LIMIT,
) -> Iterator[OnRay]:
    """Work on the cluster at an address, whose nodes have been looked at.

    Parameters
    ----------
    address
        ``auto``, the cluster of this machine (``$RAY_ADDRESS``, or what ``ray start`` began), or
        ``host:port`` of its head.
    place
        A folder that every node must see.
    tell
        Called with a line when work has to be done again.
    limit
        Seconds until the cluster must have answered.

    Raises
    ------
    UsageError
        Ray is not installed, or the address is none.
    MolSearchError
        The cluster does not answer, or a node cannot do the work as this machine does.
    """
    check_address(address)
    import ray

    mine = not ray.is_initialized()
    if mine:
        _refuse_silent(address, limit)
        _silence()
        try:
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
        except Exception as error:
            raise MolSearchError(
                f"cannot join the Ray cluster at {address} "
                f"({' '.join(str(error).split())[:200]}): start Ray here too, with ray start"
            ) from error
    try:
        check_nodes(place)
        yield OnRay(tell)
    finally:
        if mine:
            ray.shutdown()


def check_address(address: str) -> None:
    """Refuse what can be no address, before anything is done.

    Raises
    ------
    UsageError
        Ray is not installed, or the address is none.
    """
    if find_spec("ray") is None:
        raise UsageError("--cluster needs Ray: pip install 'molsearch[cluster]'")
    if address != AUTO and not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"--cluster {address}: give auto, or host:port of the cluster's head, such as "
            "10.0.0.1:6379"
        )


def _refuse_silent(address: str, limit: float) -> None:
    """Ask for life in a process of its own: Ray waits for ever for what does not answer."""
    if address != AUTO:
        _refuse_closed(address, min(limit, 10.0))
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check"]
    if address != AUTO:
        command += ["--address", address]
    # No pipes: they would be waited for after its end.
    nothing = subprocess.DEVNULL
    asking = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
    try:
        code = asking.wait(limit)
    except subprocess.TimeoutExpired as error:
        raise MolSearchError(
            f"no Ray cluster answers at {address} within {limit:g} s: look whether it runs there "
            "(ray status), and at the port"
        ) from error
    finally:
        asking.kill()
        asking.wait()
    if code == 0:
        return
    if address == AUTO:
        raise MolSearchError(
            "no Ray cluster runs on this machine: start one with ray start --head, or give its "
            "address: --cluster host:port"
        )
    raise MolSearchError(
        f"no Ray cluster answers at {address}: look whether it runs there (ray status), and at "
        "the port"
    )


def _refuse_closed(address: str, limit: float) -> None:
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host.strip("[]"), int(port)), limit).close()
    except (OSError, OverflowError) as error:
        raise MolSearchError(
            f"no Ray cluster answers at {address} ({error}): look whether it runs there "
            "(ray status), and at the port"
        ) from error


def _silence() -> None:
    """Keep what Ray's nodes say off standard output, where a hit list may go."""
    from ray._private import worker

    worker.print_to_stdstream = lambda *_, **__: None
