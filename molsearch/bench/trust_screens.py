"""Screens of a benchmark's targets by drawn queries, from which trust is learnt or verified.

Every target that was screened is kept by encoder and setting: an interrupted run goes on.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from molsearch.bench import choice
from molsearch.bench.attach import Attaching
from molsearch.bench.benchmarks.task import Benchmark, Task, limit
from molsearch.bench.conformers import ConformerCache
from molsearch.bench.draws import drawn, too_small
from molsearch.bench.molecules import Molecules
from molsearch.bench.trust import Draw, components, summed
from molsearch.bench.views import Views
from molsearch.config import PrepareConfig
from molsearch.index.rarity import reference_of
from molsearch.io.atomic import replacing
from molsearch.scoring.default import widening
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.expansion import ONE_IN
from molsearch.scoring.fingerprint import FingerprintScorer
from molsearch.scoring.protocols import Scorer
from molsearch.scoring.ranking import STORED
from molsearch.trust.features import Asked, Chemistry

_PARTS = ("cosine", "alike", "rarity", "is_active")


@dataclass
class Screens:
    """Screens of a benchmark.

    Attributes
    ----------
    scorer
        Of the encoder whose trust it is.
    root
        Cache of prepared molecules and of finished screens.
    n_draws, seed
        Of the draws of queries.
    limit_actives, limit_decoys
        What a target is cut to.
    """

    benchmark: Benchmark
    scorer: EncoderScorer
    root: Path
    n_draws: int = 5
    seed: int = 0
    limit_actives: int | None = None
    limit_decoys: int | None = None
    _pools: dict[str, Molecules] = field(default_factory=dict)

    def of(self, target: str, numbers: Sequence[int]) -> list[Draw]:
        """Screen a target by draws of so many queries each; those it has actives for."""
        small = {n: too_small(self.benchmark, n, self.limit_actives) for n in numbers}
        return [draw for n in numbers if target not in small[n] for draw in self._kept(target, n)]

    def _kept(self, target: str, n_queries: int) -> list[Draw]:
        cut = "".join(f"-{n}" for n in (self.limit_actives, self.limit_decoys) if n is not None)
        if hits := widening(n_queries):
            cut += f"-widened-{hits}-{ONE_IN}"
        name = f"{self.benchmark.name}{cut}-{self.n_draws}-{self.seed}-{n_queries}-{target}.npz"
        path = self.root / "trust" / self.scorer.embedder.identity[:16] / name
        try:
            with np.load(path, allow_pickle=False) as file:
                return [
                    Draw(target, n_queries, one, *(file[f"{part}{i}"] for part in _PARTS))
                    for i, one in enumerate(json.loads(str(file["features"])))
                ]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            pass
        draws = [*self._draws(target, n_queries)]
        arrays = {f"{p}{i}": getattr(draw, p) for i, draw in enumerate(draws) for p in _PARTS}
        features = json.dumps([dict(draw.features) for draw in draws])
        with replacing(path) as temporary, temporary.open("wb") as handle:
            np.savez(handle, features=np.array(features), **arrays)
        return draws

    def _draws(self, target: str, n_queries: int) -> Iterator[Draw]:
        task = self.benchmark.load(target)
        task = limit(task, self.limit_actives, self.limit_decoys, self.seed)
        task = drawn(task, n_queries, self.n_draws, self.seed)
        group = f"{self.benchmark.name}/{target}"
        pool = self._pool(group, task)
        queries = Molecules([query.smiles for query in task.queries])
        queries.need({STORED})
        self._attaching.queries(group, queries, self.scorer.needs)
        scorers: list[Scorer] = [self.scorer, FingerprintScorer(STORED)]
        screened = choice.Screened.of(task, queries, pool, scorers)
        encoder = self.scorer.embedder
        assert encoder.background is not None
        assert encoder.background_ecfp4 is not None
        views = Views.of(self.scorer, queries, [pool], screened.own)
        chemistry = Chemistry(encoder.background, encoder.background_ecfp4)
        asked = Asked.of(views.queries, queries[STORED], chemistry)
        known = reference_of(encoder)
        rarity = np.empty(0)
        if known is not None:
            rarity = known.rarity(views.pool).astype(np.float64)
        for some in task.asked:
            kept = ~np.logical_or.reduce(screened.own[some], axis=0)
            cosine, alike = components(screened.scores, some, self.scorer.name)
            if widening(n_queries):
                wide = views.widened(summed(n_queries, cosine, alike, rarity), some)
                mine = {self.scorer.name: wide, STORED: screened.scores[STORED][some]}
                cosine, _ = components(mine, np.arange(len(some)), self.scorer.name)
            yield Draw(
                target, n_queries, asked.features(some), cosine[kept], alike[kept],
                rarity[kept] if len(rarity) else rarity, task.is_active[kept],
            )  # fmt: skip

    def _pool(self, group: str, task: Task) -> Molecules:
        """Molecules of a target, prepared once for all numbers of queries."""
        if group not in self._pools:
            self._pools.clear()
            pool = Molecules(task.pool["smiles"].tolist())
            pool.need({STORED})
            self._attaching.pool(group, pool, self.scorer.needs)
            self._pools[group] = pool
        return self._pools[group]

    @property
    def _attaching(self) -> Attaching:
        return Attaching(ConformerCache(self.root, PrepareConfig(n_conformers=1), 1))
