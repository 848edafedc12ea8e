"""Where worker processes come from.

On Linux they are copies of one process, Python's fork server, that has imported what they need: a
worker is there at once, also one that takes a dead one's place, and shares that memory with the
others. Elsewhere each starts from nothing and imports for itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from molsearch.chem.signals import without_interrupts
from molsearch.work.allocator import small_pieces
from molsearch.work.bare import BareSpawnContext

if TYPE_CHECKING:
    from molsearch.work.bare import BareForkServerContext

_COPIES = sys.platform.startswith("linux")


def context(preload: Sequence[str]) -> BareForkServerContext | BareSpawnContext:
    """Return what starts processes, which do not import the program that this process runs.

    Parameters
    ----------
    preload
        Modules that all workers will import. The first call of a process decides: it has one fork
        server, and a worker of later calls imports for itself what that has not.
    """
    if not _COPIES:
        return BareSpawnContext()
    from molsearch.work.bare import BareForkServerContext

    copies = BareForkServerContext()
    copies.set_forkserver_preload(list(preload))
    return copies


def begin(preload: Sequence[str]) -> None:
    """Let what workers will need be imported from now on, beside whatever this process does."""
    if _COPIES:
        from multiprocessing.forkserver import ensure_running

        context(preload)
        with without_interrupts(), surroundings():
            ensure_running()


@contextmanager
def surroundings() -> Iterator[None]:
    """Set the environment that workers start in."""
    added = {
        **small_pieces(),
        # Workers multiply nothing, and a process without further threads is safely copied.
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        # The fork server, which is not told of this process's folders, imports from these too.
        "PYTHONPATH": os.pathsep.join(one for one in sys.path if one),
    }
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
