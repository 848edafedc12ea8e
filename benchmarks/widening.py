"""What a second search gains by how many actives a library holds: development targets, one library.

    python benchmarks/widening.py -o results/widening.json

The pools of all development screens (lite) are one library, of `n_molecules`. Of each target so
many actives are drawn as queries, and so many others are left in it; its further actives are taken
out. What the second search gains is paired, target by target, with the same ranking that searches
once. A benchmark's pool is small and full of actives; most libraries are neither.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from screening_options import add_data, add_screening

from molsearch.bench.attach import Attaching, needs_of
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.conformers import ConformerCache, cache_root
from molsearch.bench.methods import UNWIDENED
from molsearch.bench.molecules import Molecules
from molsearch.bench.views import Views
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.config import PrepareConfig
from molsearch.index.rarity import reference_of
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.metrics.bootstrap import paired
from molsearch.metrics.enrichment import bedroc
from molsearch.metrics.ranking import products, rank
from molsearch.nn.weights import load_encoder
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.default import BALANCED, RARITY, balanced
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.expansion import HITS
from molsearch.scoring.protocols import Scores
from molsearch.scoring.ranking import MOLSEARCH, STORED

FORMAT = "molsearch-widening-1"


@dataclass(frozen=True)
class Library:
    """All molecules: embeddings, fingerprints, rarity, and which are actives of each target."""

    vectors: NDArray[np.float32]
    prints: NDArray[np.uint8]
    rarity: NDArray[np.float32]
    actives: dict[str, NDArray[np.int64]]

    def without(self, out: NDArray[np.int64]) -> tuple[Library, NDArray[np.int64]]:
        """Take molecules out; also the places of those that stay."""
        kept = np.setdiff1d(np.arange(len(self.vectors)), out)
        some = Library(self.vectors[kept], self.prints[kept], self.rarity[kept], self.actives)
        return some, kept


def main() -> None:
    """Screen, and write one result file."""
    given = _arguments()
    library = _library(given)
    rows = []
    for n_queries in given.queries:
        for left in given.left:
            values = _screened(library, n_queries, left, given.draws, given.seed)
            rows.append(_row(values, n_queries, left, len(library.vectors)))
            print(json.dumps(rows[-1]), file=sys.stderr)
    record = {
        "format": FORMAT,
        "benchmark": "dev-lite",
        "encoder": given.encoder,
        "setting": {"draws": given.draws, "seed": given.seed, "hits": HITS},
        "rows": rows,
        "versions": versions(),
    }
    write_text(given.output, json.dumps(record, indent=1) + "\n")


def _library(given: argparse.Namespace) -> Library:
    benchmark = open_benchmark("dev-lite", given.data)
    tasks = [benchmark.load(target) for target in benchmark.targets()]
    places: dict[str, int] = {}
    actives = {}
    for task in tasks:
        rows = [places.setdefault(smiles, len(places)) for smiles in task.pool["smiles"]]
        actives[task.target] = np.unique(np.array(rows)[task.is_active])
    pool = Molecules(list(places))
    pool.need({STORED})
    scorer = EncoderScorer(MOLSEARCH, load_encoder(given.encoder), cache_root() / "embeddings")
    cache = ConformerCache(cache_root(), PrepareConfig(n_conformers=0), 1)
    Attaching(cache, 1).pool("dev-lite/all", pool, needs_of([scorer]))
    vectors = scorer.vectors(pool)
    reference = reference_of(scorer.embedder)
    assert reference is not None, "an encoder without reference compounds"
    return Library(vectors, pool[STORED], reference.rarity(vectors), actives)


def _screened(
    library: Library, n_queries: int, left: int, n_draws: int, seed: int
) -> NDArray[np.float64]:
    """BEDROC(80.5) of each target, searched twice and once, means over draws: ``[targets, 2]``."""
    found = []
    for target, actives in library.actives.items():
        if len(actives) < n_queries + left:
            continue
        generator = np.random.default_rng([seed, zlib.crc32(target.encode()), n_queries, left])
        each = []
        for _ in range(n_draws):
            drawn = generator.permutation(actives)
            asked, kept = drawn[:n_queries], drawn[n_queries : n_queries + left]
            pool, places = library.without(np.setdiff1d(actives, kept))
            labels = np.isin(places, kept)
            each.append([bedroc(rank(one, labels), 80.5) for one in _ranked(library, asked, pool)])
        found.append(np.mean(each, axis=0))
    return np.array(found)


def _ranked(library: Library, asked: NDArray[np.int64], pool: Library) -> Sequence[Scores]:
    """Rank a pool for some queries by a second search, and by the first alone."""
    queries, every = library.vectors[asked], np.arange(len(asked))
    terms = balanced(len(asked), rarity=True).terms
    scores: dict[str, NDArray[np.float32]] = {
        MOLSEARCH: np.array([products(pool.vectors, one) for one in queries], np.float32),
        STORED: tanimoto_matrix(library.prints[asked], pool.prints).astype(np.float32),
        RARITY: np.tile(pool.rarity, (len(asked), 1)),
    }
    once = added(terms, fused_of(scores, every))
    none = np.zeros((len(asked), len(pool.vectors)), bool)
    views = Views(queries, pool.vectors, none, MOLSEARCH)
    return views.ranked_again(once, terms, scores, every), once


def _row(values: NDArray[np.float64], n_queries: int, left: int, n: int) -> dict[str, object]:
    compared = paired(values[:, 0], values[:, 1])
    difference = compared.difference
    return {
        "queries": n_queries,
        "actives_left": left,
        "n_molecules": n,
        "n_targets": len(values),
        BALANCED: round(float(values[:, 0].mean()), 4),
        UNWIDENED: round(float(values[:, 1].mean()), 4),
        "difference": [round(x, 4) for x in (difference.mean, difference.low, difference.high)],
        "wins": compared.wins,
        "losses": compared.losses,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--left", type=int, nargs="+", default=[1, 3, 10, 25])
    add_screening(parser, queries="1,2,5", draws=3, encoder="small")
    add_data(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
