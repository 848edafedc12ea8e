"""Which indexes a server offers, by names that are no paths, and the encoders they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from molsearch.errors import MolSearchError, UsageError
from molsearch.index.reader import IndexReader
from molsearch.io.folders import Kind, look
from molsearch.nn.bundled import bundled_of
from molsearch.service.session import Session

_DEPTH = 3
_SUFFIX = ".index"  # that indexes are called by in the documentation, and that clients leave out


@dataclass(frozen=True)
class Shelf:
    """The libraries below the roots of a server.

    A name is the index's path below its root with ``/`` between folders; an index that is a root
    itself goes by its folder's name.
    """

    roots: tuple[Path, ...]

    def names(self) -> dict[str, Path]:
        """Every index that is there now, by name; the first root wins where two share one."""
        found: dict[str, Path] = {}
        for root in self.roots:
            base = root.resolve().parent if _is_index(root) else root.resolve()
            for place in _indexes(root.resolve(), _DEPTH):
                found.setdefault(place.relative_to(base).as_posix(), place)
        return found

    def find(self, name: str) -> Path | None:
        """Find a library; a client's name is looked up and never made into a path.

        What is called ``vendor.index`` is also found as ``vendor``, unless another is called that.
        """
        names = self.names()
        return names.get(name) or names.get(f"{name}{_SUFFIX}")

    def without_paths(self, text: str) -> str:
        """Take the server's folders out of a line that a client reads."""
        for root in self.roots:
            for shape in (root, root.absolute(), root.resolve()):
                text = text.replace(f"{shape.parent}/", "")
        return text


def _is_index(folder: Path) -> bool:
    found = look(folder)
    return found.kind is Kind.INDEX and found.finished


def _indexes(folder: Path, depth: int) -> Iterator[Path]:
    if _is_index(folder):
        yield folder
        return
    if depth == 0:
        return
    try:
        below = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return
    for path in below:
        # A link could lead out of the root.
        if path.is_dir() and not path.is_symlink():
            yield from _indexes(path, depth - 1)


def encoder_of(identity: str) -> str:
    """Name the bundled encoder of an identity.

    Raises
    ------
    UsageError
        None has it.
    """
    name = bundled_of(identity)
    if name is not None:
        return name
    raise UsageError(
        f"no encoder {identity[:12]} at hand, by which this library was made: index it again"
    )


def opened(path: Path, session: Session) -> IndexReader | MolSearchError:
    """Open an index, or say why it cannot be opened."""
    try:
        return session.index(path)
    except MolSearchError as error:
        return error
