"""glibc's allocator in a worker process: memory that is freed stays with it for what comes next."""

from __future__ import annotations

import ctypes
import os
import sys

# Of <malloc.h>: trim threshold, padding of the heap's end, pieces that are mapped by themselves.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_PAD_BYTES = 2**26
_TUNABLES = "GLIBC_TUNABLES"


def keep_freed_memory() -> None:
    """Set what `molsearch.cli.allocator` sets, where the environment says nothing of it.

    Arrays of a block of molecules otherwise go back to the system and come again, block by block.
    Linux only; other C libraries have no such settings.
    """
    if not sys.platform.startswith("linux") or any(one.startswith("MALLOC_") for one in os.environ):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_TOP_PAD, _PAD_BYTES)
        mallopt(_MMAP_MAX, 0)


def small_pieces() -> dict[str, str]:
    """Return the environment in which glibc keeps more small pieces of freed memory at hand.

    Of each size up to 4 kB 256, where it would keep 7 of those up to 1 kB: a molecule is hundreds
    of them, and RDKit reads and writes molecules a tenth faster. What the environment says of it
    already has the last word.
    """
    if not sys.platform.startswith("linux") or _TUNABLES in os.environ:
        return {}
    return {_TUNABLES: "glibc.malloc.tcache_count=256:glibc.malloc.tcache_max=4096"}
