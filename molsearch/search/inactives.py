"""Known inactives: inactives that a hit had better not be near to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from molsearch.chem.readers.rows import OnReading
from molsearch.chem.records import unheard
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Failure
from molsearch.search.queries import Given, Query, Role, named_apart, read_one
from molsearch.words import counted, some_of

INACTIVE = Role("inactive", "--inactives")
_SHOWN = 3


@dataclass(frozen=True)
class Inactives:
    """Molecules that were measured and found inactive.

    Attributes
    ----------
    molecules
        Those that can be used, read and prepared like queries.
    n_in
        Records read; of each comes a molecule, a further geometry of one, or a failure.
    failures
        Rows of files that cannot be used.
    """

    molecules: tuple[Query, ...]
    n_in: int
    failures: tuple[Failure, ...] = ()

    @property
    def n_failed(self) -> int:
        """Records that cannot be used."""
        return len(self.failures)

    @property
    def n_ok(self) -> int:
        """Records that can."""
        return self.n_in - self.n_failed

    def warnings(self, queries: Sequence[Query]) -> Iterator[str]:
        """Say which rows do not count, and which queries are inactives too."""
        if self.failures:
            texts = [f"{one.source}:{one.row}: {one.reason}" for one in self.failures]
            yield (
                f"{self.n_failed:,} of {counted(self.n_in, 'inactive')} cannot be used and do "
                f"not count: {some_of(texts, _SHOWN)}"
            )
        known = {one.parent: one.query_id for one in self.molecules}
        for query in queries:
            if query.parent in known:
                yield (
                    f"query {query.query_id!r} is also given as the inactive "
                    f"{known[query.parent]!r}"
                )


def read_inactives(
    texts: Sequence[Given],
    read: ReadConfig,
    prepare: PrepareConfig,
    on_reading: OnReading = unheard,
) -> Inactives | None:
    """Read and prepare inactives as queries are: SMILES, InChI or files; None where none is given.

    Unlike a query, a row of a file that cannot be used is left out: tables of measured molecules
    are long. It is counted and listed in `Inactives.failures`. `on_reading` is told how each file
    is read.

    Raises
    ------
    InputError
        Something is neither a file nor a structure, or no row can be used.
    """
    if not texts:
        return None
    molecules: list[Query] = []
    failures: list[Failure] = []
    n_in = 0
    for text in texts:
        found, failed, n_read = read_one(text, read, prepare, INACTIVE, on_reading)
        molecules += found
        failures += failed
        n_in += n_read
    if not molecules:
        first = "".join(
            f" (the first, {one.source}:{one.row}: {one.reason})" for one in failures[:1]
        )
        raise InputError(
            f"none of {counted(n_in, 'inactive')} can be used{first}; mend the file, or leave "
            "--inactives out"
        )
    return Inactives(tuple(named_apart(molecules)), n_in, tuple(failures))
