"""A Ray cluster of two nodes on this machine, and an object store that is none."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

_STORE = 80 * 2**20  # bytes of a node's shared memory, the least that Ray takes
_S3 = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def two_nodes() -> Iterator[tuple[Any, Any]]:
    """Yield a cluster, and the one of its nodes that may be killed."""
    import ray
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": _STORE}
    before = os.environ.get("PYTHONPATH")
    here = Path(__file__).parent
    ours = [str(here), str(here.parents[1])]  # where workers find the tasks of tests, and us
    os.environ["PYTHONPATH"] = os.pathsep.join([*ours, *([before] if before else [])])
    # Ray lets everybody else go first: beside other tests its workers would wait for minutes.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  Ray's own spelling
    cluster = Cluster(initialize_head=True, head_node_args={**options, "include_dashboard": False})
    try:
        yield cluster, cluster.add_node(**options)
    finally:
        ray.shutdown()
        cluster.shutdown()
        os.environ["PYTHONPATH"] = before or ""
        os.environ.pop("RAY_worker_niceness")


@contextmanager
def object_store() -> Iterator[str]:
    """Yield the address of a bucket on a server of this process; its children find it too."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ.update(_S3, AWS_ENDPOINT_URL=f"http://{host}:{port}")
    try:
        import s3fs

        # Servers of one process share what they hold, so each use has a bucket of its own.
        name = f"shards-{uuid4().hex[:8]}"
        # What fsspec keeps by its options alone speaks to the server of an earlier use.
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir(name)
        yield f"s3://{name}"
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.stop()


@contextmanager
def silent_port() -> Iterator[str]:
    """Yield an address that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        calls: list[socket.socket] = []

        def take() -> None:
            try:
                while True:
                    calls.append(server.accept()[0])
            except OSError:
                return

        threading.Thread(target=take, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def other_version(folder: Path, package: str, version: str) -> Path:
    """Make a folder that, first on the path, lets a process believe in another version.

    Metadata of that version would not do: a checkout in the driver's folder comes before it.
    """
    (folder / "sitecustomize.py").write_text(
        "import importlib.metadata as m\n"
        "told = m.version\n"
        f"m.version = lambda name: {version!r} if name == {package!r} else told(name)\n"
    )
    return folder


def dies_once(item: tuple[int, str]) -> int:
    """Kill the worker at the first try; `item` brings a file that remembers it."""
    number, memory = item
    if number == 3 and not Path(memory).exists():
        Path(memory).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number
