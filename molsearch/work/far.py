"""Workers on other machines, and where they put what they make."""

from __future__ import annotations

from dataclasses import dataclass

from molsearch.work.backend import Backend
from molsearch.work.place import Place


@dataclass(frozen=True)
class Far:
    """A backend whose workers share no memory and perhaps no disk with this process.

    Attributes
    ----------
    backend
        Does the work.
    place
        Seen by all workers and by this process; files in it are taken from there.
    """

    backend: Backend
    place: Place
