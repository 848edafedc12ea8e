"""Gives molecules of a benchmark what its scorers look at: prepared rows, with geometry or without.

Conformers cost a thousand times as much as a row without them, so they are made only where some
scorer looks at them; what is made either way is kept apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from molsearch.bench.benchmarks.task import TaskQuery
from molsearch.bench.conformers import ConformerCache, prepare_queries
from molsearch.bench.molecules import Molecules
from molsearch.progress import OnProgress
from molsearch.scoring.protocols import CONFORMERS, PREPARED, Scorer

ATTACHED = frozenset({CONFORMERS, PREPARED})


def needs_of(scorers: Iterable[Scorer]) -> frozenset[str]:
    """Everything that some of the scorers reads."""
    return frozenset(need for scorer in scorers for need in scorer.needs)


@dataclass(frozen=True)
class Attaching:
    """Attaches prepared rows to pools and queries.

    Attributes
    ----------
    cache
        How molecules are prepared where geometry is looked at, and where they are kept.
    query_conformers
        Conformers of a query then.
    """

    cache: ConformerCache
    query_conformers: int = 4

    def pool(
        self,
        group: str,
        molecules: Molecules,
        needs: Collection[str],
        on_progress: OnProgress | None = None,
    ) -> None:
        """Prepare a pool where one of `needs` reads it; kept in folder `group` of the cache."""
        if ATTACHED & set(needs):
            cache = self._cache(self.cache.config.n_conformers, needs)
            molecules.attach(cache.pool(group, molecules.smiles, on_progress))

    def queries(
        self,
        group: str,
        molecules: Molecules,
        needs: Collection[str],
        given: Sequence[TaskQuery] | None = None,
    ) -> None:
        """Prepare queries.

        Parameters
        ----------
        given
            Ligands that may bring a geometry of their own, prepared here and now. Without them the
            queries are actives like those of a pool, and many: they are kept as a pool is.
        """
        if not ATTACHED & set(needs):
            return
        cache = self._cache(self.query_conformers, needs)
        if given is None:
            molecules.attach(cache.pool(f"{group}-queries", molecules.smiles))
        else:
            molecules.attach(prepare_queries(given, cache.config))

    def _cache(self, n_conformers: int, needs: Collection[str]) -> ConformerCache:
        number = n_conformers if CONFORMERS in needs else 0
        config = self.cache.config.model_copy(update={"n_conformers": number})
        return self.cache.alike(config)
