"""Whether compiled loops pay in this process: they take a while to load, and longer to compile."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from molsearch.chem.kernels.compiling import is_compiled

#: Molecules of a process for which loading pays: a third of a second, won back by 40 µs each.
LOADING = 8_000
#: ... and compiling, which is done once: some seconds, also won back by later libraries.
COMPILING = 60_000


@dataclass(slots=True)
class Pace:
    """What a process has done and may expect.

    Attributes
    ----------
    done
        Molecules so far.
    loaded
        Whether the loops are there; None where nobody has tried.
    """

    done: int = 0
    loaded: bool | None = None

    def compiled(self, expected: int, n: int) -> bool:
        """Whether the next `n` of about `expected` molecules go through compiled loops.

        Where it is not known how many will come, as many as have been done may follow.
        """
        most = max(expected, self.done)
        self.done += n
        if self.loaded is None and most >= LOADING and (most >= COMPILING or is_compiled()):
            self.loaded = _can_be_loaded()
        return bool(self.loaded)


#: Of this process.
PACE = Pace()


def _can_be_loaded() -> bool:
    """Whether there is a Numba that works with the NumPy that is installed; arrays do without."""
    try:
        import_module("molsearch.chem.kernels.bags")
    except ImportError:
        return False
    return True
