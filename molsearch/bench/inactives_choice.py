"""How much known inactives count: ways to let them lower a score, judged target by target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.bench.choice import nested
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.index.rarity import Reference
from molsearch.metrics.bootstrap import interval, paired
from molsearch.metrics.enrichment import bedroc
from molsearch.metrics.ranking import rank
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.default import RARITY, balanced
from molsearch.scoring.ranking import MOLSEARCH, STORED
from molsearch.scoring.series import series_of

FORMAT = "molsearch-inactives-choice-1"
NONE = "balanced"
WEIGHTS = (0.05, 0.1, 0.25, 0.5, 1.0)
Floats = npt.NDArray[np.float64]
Values = dict[str, Floats]  # by way: among all, among measured ones alone; one row a target


@dataclass(frozen=True)
class Known:
    """Molecules with their embeddings ``[n, dim]`` and ECFP4, uint8 ``[n, 256]``."""

    vectors: Floats
    prints: npt.NDArray[np.uint8]

    def take(self, rows: npt.NDArray[np.int64]) -> Known:
        """Pick some of them."""
        return Known(self.vectors[rows], self.prints[rows])

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class World:
    """A target: actives, measured inactives, random compounds; the encoder's own compounds."""

    actives: Known
    inactives: Known
    random: Known
    background: Floats
    reference: Reference | None = None


def judged(
    world: World, n_queries: int, n_known: int, draws: Sequence[np.random.Generator]
) -> dict[str, tuple[float, float]]:
    """BEDROC(80.5) of each way, means over draws: among all that is ranked, and among the measured.

    The queries and known inactives of a draw are not ranked; never more than half of a kind.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for generator in draws:
        queries, good = _split(world.actives, n_queries, generator)
        known, bad = _split(world.inactives, n_known, generator)
        parts = (good, bad, world.random)
        pool = Known(
            np.concatenate([part.vectors for part in parts]),
            np.concatenate([part.prints for part in parts]),
        )
        labels = np.arange(len(pool)) < len(good)
        measured = np.arange(len(pool)) < len(good) + len(bad)
        for name, scores in _ways(queries, known, pool, world):
            values = tuple(
                bedroc(rank(scores[some].astype(np.float32), labels[some]), 80.5)
                for some in (np.ones(len(pool), dtype=bool), measured)
            )
            found.setdefault(name, []).append((values[0], values[1]))
    return {name: _means(values) for name, values in found.items()}


def _split(molecules: Known, n: int, generator: np.random.Generator) -> tuple[Known, Known]:
    order = generator.permutation(len(molecules))
    n = min(n, len(molecules) // 2)
    return molecules.take(order[:n]), molecules.take(order[n:])


def _ways(queries: Known, known: Known, pool: Known, world: World) -> Iterator[tuple[str, Floats]]:
    """Yield scores of the pool, ``[n]``, by each way to count the known inactives."""
    scores = {
        MOLSEARCH: queries.vectors @ pool.vectors.T,
        STORED: tanimoto_matrix(queries.prints, pool.prints),
    }
    background, reference = world.background, world.reference
    if reference is not None:
        rarity = reference.rarity(pool.vectors)
        scores[RARITY] = np.broadcast_to(rarity, (len(queries), len(rarity)))
    terms = balanced(len(queries), rarity=reference is not None).terms
    base = added(terms, fused_of(scores, np.arange(len(queries)))).astype(np.float64)
    yield NONE, base
    near: Floats = (pool.vectors @ known.vectors.T).max(axis=1)
    near_print: Floats = tanimoto_matrix(known.prints, pool.prints).max(axis=0)
    series = pool.vectors @ series_of(queries.vectors, known.vectors, background)
    alone = pool.vectors @ series_of(queries.vectors, known.vectors[:0], background)
    for weight in WEIGHTS:
        yield f"less {weight:g} × cosine", base - weight * near
        yield f"less {weight:g} × ECFP4", base - weight * near_print
        yield f"less {weight:g} × both", base - weight * near - weight * near_print
        yield f"and {weight:g} × series", base + weight * series
        yield f"and {weight:g} × series of queries alone", base + weight * alone


def joined(cases: Sequence[Values]) -> Values:
    """Average the cases, target by target: one choice for all of them."""
    return {name: np.mean([case[name] for case in cases], axis=0) for name in cases[0]}


def chosen(values: Values) -> dict[str, Any]:
    """Tell what a result file says of one case: what others choose, against no inactives at all."""
    ranked = sorted(values, key=lambda name: -float(values[name][:, 0].mean()))
    figures, choices = nested(values)
    return {
        "n_targets": len(figures),
        "chosen": ranked[0],
        "nested": {**_against(figures, values[NONE]), "choices": dict(choices.most_common())},
        "best": {"way": ranked[0], **_against(values[ranked[0]], values[NONE])},
        "ways": [{"way": name, **_against(values[name], values[NONE])} for name in ranked],
    }


def _against(values: Floats, baseline: Floats) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for column, name in enumerate(("", "measured_")):
        mine, other = values[:, column], baseline[:, column]
        known = np.isfinite(mine) & np.isfinite(other)
        compared = paired(mine[known], other[known])
        every, ratio = interval(mine[known]), compared.ratio
        found |= {
            f"{name}bedroc_80p5": [round(x, 4) for x in (every.mean, every.low, every.high)],
            f"{name}ratio": [round(x, 4) for x in (ratio.mean, ratio.low, ratio.high)],
            f"{name}wins": compared.wins,
            f"{name}losses": compared.losses,
        }
    return found


def _means(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    every = np.array(values, dtype=np.float64).mean(axis=0)
    return float(every[0]), float(every[1])
