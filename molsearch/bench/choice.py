"""Which sum of similarities ranks best, chosen by target: each is judged by what others chose.

Every candidate is scored on every draw of every target. The choice for a fifth of the targets is
made on the others, over and over with other fifths, so that a target's figure tells what the
procedure earns on a target that it has not seen, not what the best of many earns on those it was
picked on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.bench.audit.leakage import NOVEL_TO_QUERY, own_rows
from molsearch.bench.benchmarks.task import Task
from molsearch.bench.molecules import Molecules
from molsearch.bench.views import Views
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.metrics.bootstrap import interval, paired
from molsearch.metrics.enrichment import bedroc
from molsearch.metrics.ranking import rank
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.default import RARITY
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.expression import Expression, Term, parse_expression
from molsearch.scoring.fusion import FUSIONS, Fusion
from molsearch.scoring.protocols import Scorer, Scores

FORMAT = "molsearch-ranking-choice-1"
BASELINE = "ecfp4-max"
WEIGHTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
EXTRA_WEIGHTS = (0.25, 0.5, 1.0)
RARITY_WEIGHTS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
_SHOWN = 25
FOLDS, REPEATS = 5, 20
Floats = npt.NDArray[np.float64]
Values = dict[str, Floats]  # by expression: all actives, new ones; one row a target


@dataclass(frozen=True)
class Screened:
    """One target: scores of every component, and what a ranking of it is judged by.

    Attributes
    ----------
    scores
        Of each component by its name, ``[q, n]``.
    own, novel
        ``[q, n]``: the query itself; inactives and actives that are new to the query.
    views
        What the encoder sees, where so many queries are searched with twice.
    """

    task: Task
    scores: Mapping[str, Scores]
    own: npt.NDArray[np.bool_]
    novel: npt.NDArray[np.bool_]
    views: Views | None = None

    @classmethod
    def of(
        cls,
        task: Task,
        queries: Molecules,
        pool: Molecules,
        scorers: Sequence[Scorer],
        widened_by: EncoderScorer | None = None,
    ) -> Screened:
        """Score a task by every component; the molecules have what the scorers need.

        Parameters
        ----------
        widened_by
            The component by which sums are ranked twice, as screens do with few queries.
        """
        scores = {scorer.name: scorer.score(queries, pool) for scorer in scorers}
        near = tanimoto_matrix(queries["ecfp4"], pool["ecfp4"]) >= NOVEL_TO_QUERY
        own = own_rows(task, queries, pool)
        views = None if widened_by is None else Views.of(widened_by, queries, [pool], own)
        return cls(task, scores, own, ~(task.is_active & near), views)


def candidates(
    encoder: str,
    n_queries: int,
    *,
    extra: Sequence[str] = (),
    likeness: str = "ecfp4",
    rarity: bool = False,
) -> list[str]:
    """Every sum that is tried: the encoder, ECFP4, and at most one more fingerprint or rarity.

    With one query there is nothing to fuse.
    """
    fusions: Sequence[Fusion] = FUSIONS if n_queries > 1 else ("max",)
    alone = [Expression((Term(name, 1.0, how),)) for name in (encoder, likeness) for how in fusions]
    pairs = [
        (Term(encoder, 1.0, first), Term(likeness, weight, second))
        for first, second, weight in product(fusions, fusions, WEIGHTS)
    ]
    more = [
        (*pair, Term(name, weight, "max"))
        for pair, name, weight in product(pairs, extra, EXTRA_WEIGHTS)
        if pair[1].fusion == "max"
    ]
    rare: list[tuple[Term, ...]] = []
    if rarity:
        told = [Term(RARITY, weight) for weight in RARITY_WEIGHTS]
        by_encoder = [one.terms for one in alone if one.terms[0].name == encoder]
        rare = [(*terms, one) for terms, one in product([*by_encoder, *pairs], told)]
    sums = (Expression(terms) for terms in (*pairs, *more, *rare))
    return [str(one) for one in (*alone, *sums)]


def judged(screened: Screened, expressions: Sequence[str]) -> dict[str, tuple[float, float]]:
    """BEDROC(80.5) of each sum, means over draws: of all actives, of those new to all queries."""
    labels = screened.task.is_active
    terms = {text: parse_expression(text).terms for text in expressions}
    found: dict[str, list[tuple[float, float]]] = {text: [] for text in expressions}
    for queries in screened.task.asked:
        kept = ~np.logical_or.reduce(screened.own[queries], axis=0)
        new = np.logical_and.reduce(screened.novel[queries], axis=0)[kept]
        pool = {name: scores[:, kept] for name, scores in screened.scores.items()}
        fused = fused_of(pool, queries)
        views = None if screened.views is None else screened.views.of_some(queries, kept)
        among = {name: of_each[queries] for name, of_each in pool.items()}
        for text, some in terms.items():
            scores = added(some, fused)
            if views is not None and _is_widened(some, views.encoder):
                scores = views.ranked_again(scores, some, among, np.arange(len(queries)))
            mine = labels[kept]
            found[text].append((_bedroc(scores, mine), _bedroc(scores[new], mine[new])))
    return {text: _means(values) for text, values in found.items()}


def _is_widened(terms: Sequence[Term], encoder: str) -> bool:
    """Whether a sum searches twice: the encoder learns from other components what it had missed."""
    names = {term.name for term in terms}
    return encoder in names and len(names) > 1


def _bedroc(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.bool_]) -> float:
    return bedroc(rank(scores, labels), 80.5)


def _means(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Means over draws; a draw without new actives says nothing of them."""
    every, new = np.array(values, dtype=np.float64).T
    known = new[~np.isnan(new)]
    return float(every.mean()), float(known.mean()) if known.size else float("nan")


def nested(values: Values) -> tuple[Floats, Counter[str]]:
    """Judge each target by what others choose.

    Returns
    -------
    Figures of each target, means over `REPEATS` divisions, float64 ``[n_targets, 2]``, and how
    often each sum was chosen.
    """
    names = list(values)
    every = np.stack([values[name] for name in names])
    n = every.shape[1]
    generator = np.random.default_rng(0)
    figures = np.zeros((n, 2))
    choices: Counter[str] = Counter()
    for _ in range(REPEATS):
        for held_out in np.array_split(generator.permutation(n), min(FOLDS, n)):
            best = int(np.delete(every[:, :, 0], held_out, axis=1).mean(axis=1).argmax())
            figures[held_out] += every[best, held_out] / REPEATS
            choices[names[best]] += 1
    return figures, choices


def chosen(values: Values, default: str) -> dict[str, Any]:
    """Tell what a result file says of one number of queries.

    Parameters
    ----------
    values
        By expression, float64 ``[n_targets, 2]``: BEDROC of all actives and of new ones.
    default
        The sum that stands now.
    """
    ranked = sorted(values, key=lambda name: -float(values[name][:, 0].mean()))
    figures, choices = nested(values)
    return {
        "chosen": ranked[0],
        "nested": {
            **against(figures, values[BASELINE]),
            "choices": dict(choices.most_common()),
        },
        "default": {"expression": default, **against(values[default], values[BASELINE])},
        "best": {"expression": ranked[0], **against(values[ranked[0]], values[BASELINE])},
        "baseline": {"expression": BASELINE, **_figures(values[BASELINE])},
        "candidates": [
            {"expression": name, **_figures(values[name])}
            for name in dict.fromkeys([*ranked[:_SHOWN], default, *_single(values)])
        ],
    }


def against(values: Floats, baseline: Floats) -> dict[str, Any]:
    """Give the figures of one way to rank, and its ratio to the baseline, target by target."""
    compared = paired(values[:, 0], baseline[:, 0])
    ratio = compared.ratio
    return {
        **_figures(values),
        "ratio": [round(x, 4) for x in (ratio.mean, ratio.low, ratio.high)],
        "wins": compared.wins,
        "losses": compared.losses,
        "novel_ratio": round(float(np.nanmean(values[:, 1]) / np.nanmean(baseline[:, 1])), 4),
    }


def _figures(values: Floats) -> dict[str, Any]:
    every = interval(values[:, 0])
    return {
        "bedroc_80p5": [round(x, 4) for x in (every.mean, every.low, every.high)],
        "novel_bedroc_80p5": round(float(np.nanmean(values[:, 1])), 4),
    }


def _single(values: Values) -> list[str]:
    return [name for name in values if len(parse_expression(name).terms) == 1]
