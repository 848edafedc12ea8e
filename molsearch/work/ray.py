"""Work on a Ray cluster: one Ray task a chunk, in order, and nothing lost with a worker or node.

Ray's own retries are switched off: a chunk whose worker or node died is sent again from here, a
limited number of times, and told.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from molsearch.errors import MolSearchError
from molsearch.words import counted
from molsearch.work import probe
from molsearch.work.backend import Chunks, Item, Lost, Outcome, reason_of
from molsearch.work.job import Raised
from molsearch.work.place import Place

_TRIES = 5  # of a chunk whose workers die
_IN_FLIGHT = 2  # chunks a processor
_LOOK_LIMIT = 120.0  # s until every node must have told of itself


def _ray() -> Any:
    """Import Ray, of which much has no types."""
    return import_module("ray")


class OnRay:
    """`molsearch.work.backend.Backend` on the cluster that this process is connected to.

    Parameters
    ----------
    tell
        Called with a line for the user when work has to be done again.
    """

    def __init__(self, tell: Callable[[str], None] = lambda text: None) -> None:
        self._tell = tell

    @property
    def slots(self) -> int:
        """Processors of the cluster."""
        ray = _ray()
        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def map(
        self,
        task: Callable[[Item], Outcome],
        chunks: Iterable[Sequence[Item]],
        lost: Lost[Item, Outcome] | None = None,
    ) -> Generator[list[Outcome], None, None]:
        """See `molsearch.work.backend.Backend.map`.

        A chunk is one Ray task on one processor, with one thread. Where workers die over a chunk
        again and again, all of its items are lost.
        """
        ray = _ray()
        shared = ray.put(task)
        stream = Chunks(chunks)
        sent: deque[_Sent] = deque()
        try:
            while True:
                while len(sent) < _IN_FLIGHT * self.slots:
                    if (chunk := stream.next()) is None:
                        break
                    sent.append(_Sent(chunk, self._remote, shared))
                if not sent:
                    break
                yield self._outcomes(sent[0], sent, lost)
                sent.popleft()
        finally:
            for one in sent:
                one.cancel()
        if stream.error is not None:
            raise stream.error

    @cached_property
    def _remote(self) -> Any:
        ray = _ray()
        return ray.remote(num_cpus=1, max_retries=0)(_work)

    def _outcomes(
        self, first: _Sent, sent: Iterable[_Sent], lost: Lost[Any, Any] | None
    ) -> list[Any]:
        answers = first.wait()
        while isinstance(answers, Exception):
            if first.tries >= _TRIES:
                reason = f"cost {counted(first.tries, 'worker')} their lives ({reason_of(answers)})"
                if lost is None:
                    raise MolSearchError(
                        f"a piece of work {reason}: give the nodes more memory, or look at their "
                        "logs with: ray list workers"
                    )
                return [lost(item, reason) for item in first.chunk]
            self._tell(
                f"a worker or a node of the cluster is gone ({type(answers).__name__}): its work "
                "is done again"
            )
            first.again()
            answers = first.wait()
        return [_outcome(item, one, lost) for item, one in zip(first.chunk, answers, strict=True)]


class _Sent:
    """A chunk on its way, and how often it was sent."""

    def __init__(self, chunk: Sequence[Any], remote: Any, task: Any) -> None:
        self.chunk, self._remote, self._task = chunk, remote, task
        self.tries = 0
        self.again()

    def again(self) -> None:
        """Send it."""
        self.tries += 1
        if self.tries > 1:
            time.sleep(min(10.0, 2.0 ** (self.tries - 2)))
        self._answer = self._remote.remote(self._task, list(self.chunk))

    def wait(self) -> list[Any] | Exception:
        """Return what became of it, or the death of its worker."""
        ray = _ray()
        try:
            answers: list[Any] = ray.get(self._answer)
        except ray.exceptions.RayTaskError as error:
            # Not by the task, whose exceptions are answers: the worker cannot even read it.
            raise MolSearchError(
                f"a worker cannot do this work ({reason_of(error)[-200:]}): install the same "
                "molsearch on all nodes"
            ) from error
        except ray.exceptions.RayError as error:
            return error
        return answers

    def cancel(self) -> None:
        """Call it back; it may be over, or its node gone."""
        ray = _ray()
        try:
            ray.cancel(self._answer, force=True)
        except Exception:  # noqa: BLE001  the end of the work must not fail over this
            return


def _work(task: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Work on a chunk in a worker of Ray."""
    # Or each process that a task starts would import Ray again.
    vars(sys.modules["__main__"]).pop("__file__", None)
    _one_thread()
    return [_answer(task, item) for item in items]


def _answer(task: Callable[[Any], Any], item: Any) -> Any:
    try:
        return task(item)
    except Exception as error:  # noqa: BLE001  one item must not cost its neighbours
        return Raised.by(error)


def _outcome(item: Any, answer: Any, lost: Lost[Any, Any] | None) -> Any:
    if not isinstance(answer, Raised):
        return answer
    if lost is None:
        raise answer.error()
    return lost(item, answer.reason)


def _one_thread() -> None:
    """Use one thread, as many as the processors that a task is given: sums keep their order."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


def check_nodes(place: Place | None) -> None:
    """Ask every node for its versions, and whether it sees a place.

    Raises
    ------
    MolSearchError
        A node has another version, none, does not see the place, or does not answer.
    """
    ray = _ray()
    ray.cloudpickle.register_pickle_by_value(probe)
    at = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
    token, content = f"look-{secrets.token_hex(4)}", secrets.token_bytes(16)
    address = None
    if place is not None:
        place.write(token, content)
        address = place.address
    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    if not nodes:
        raise MolSearchError("the cluster has no processor: start a worker with ray start")
    look = ray.remote(num_cpus=0, max_retries=1)(probe.look)
    asked = [
        look.options(scheduling_strategy=at(node["NodeID"], soft=False)).remote(
            address, token, content
        )
        for node in nodes
    ]
    for node, answer in zip(nodes, asked, strict=True):
        name = f"node {node['NodeManagerAddress']} ({node['NodeManagerHostname']})"
        try:
            told = ray.get(answer, timeout=_LOOK_LIMIT)
        except Exception as error:
            raise MolSearchError(
                f"{name} of the cluster does not answer ({reason_of(error)[:150]}): restart it, or "
                "take it out"
            ) from error
        _refuse(name, told, place)


def _refuse(name: str, told: dict[str, Any], place: Place | None) -> None:
    for package, here in probe.versions().items():
        if told[package] != here:
            found = f"{package} {told[package]}" if told[package] else f"no {package}"
            raise MolSearchError(
                f"{name} has {found}, this machine {package} {here}: results would differ; install "
                f"{package}=={here} there"
            )
    if place is not None and not told["sees"]:
        raise MolSearchError(
            f"{name} does not see {place.address} ({told['reason'] or 'other content'}): name a "
            "folder that all nodes share with --staging, such as one on NFS or s3://bucket/folder"
        )
