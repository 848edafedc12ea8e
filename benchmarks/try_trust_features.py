"""Try what could tell one query from another, and sharpen what is said of a screen's trust.

    python benchmarks/try_trust_features.py -o results/trust-features.json

Each set of features is fitted on the development screens, held out target by target, as
`fit_trust.py` does. Features of queries alone and of the library that is screened are tried; the
latter with the pool as it is, of which every thirtieth molecule is active, with three of its
actives, with one, and with its inactives alone: what a real library holds lies between these, and
nobody knows where. A set is worth having where the interval, which must
hold on 70 to 90 % of the held-out targets, becomes narrower. Screens are those that `fit_trust.py`
keeps: made by the first of the two, read by the other.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.conformers import cache_root
from molsearch.bench.draws import drawn
from molsearch.bench.molecules import Molecules
from molsearch.bench.trust import Draw, tried_features
from molsearch.bench.trust_screens import Screens
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import load_encoder
from molsearch.reasons.views import Viewer
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.ranking import STORED

Floats = NDArray[np.float64]
_TOP = 0.01  # share of the molecules whose lists are compared
_SETS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "nearness to the background, by both (as shipped)": ("nearness", "fingerprint_nearness"),
    "nearness by embedding": ("nearness",),
    "nearness by ECFP4": ("fingerprint_nearness",),
    "gap over the background": ("gap",),
    "agreement on the background": ("rank_agreement", "top_agreement"),
    "size of the query": ("heavy_atoms",),
    "all of the query": ("nearness", "fingerprint_nearness", "gap", "rank_agreement",
                         "top_agreement", "heavy_atoms"),
    "gap in the library": ("library_gap",),
    "agreement in the library": ("library_rank_agreement", "library_top_agreement"),
    "all of query and library": ("nearness", "fingerprint_nearness", "gap", "rank_agreement",
                                 "top_agreement", "heavy_atoms", "library_gap",
                                 "library_rank_agreement", "library_top_agreement"),
    "gap in the library, three actives left": ("three_gap",),
    "gap in the library, one active left": ("one_gap",),
    "agreement in the library, three actives left": ("three_rank_agreement",
                                                     "three_top_agreement"),
    "gap in a library of inactives": ("none_gap",),
    "agreement in a library of inactives": ("none_rank_agreement", "none_top_agreement"),
}  # fmt: skip


def main() -> None:
    """Compute features of every draw, try the sets, and write one result file."""
    given = _arguments()
    benchmark = open_benchmark("dev-lite", given.data)
    encoder = load_encoder(given.encoder)
    scorer = EncoderScorer("encoder", encoder, cache_root() / "embeddings")
    screens = Screens(benchmark, scorer, cache_root(), given.draws, given.seed)
    features: list[dict[str, float]] = []
    draws: list[Draw] = []
    targets = benchmark.targets()
    for place, target in enumerate(targets, start=1):
        mine = screens.of(target, [1])
        task = drawn(benchmark.load(target), 1, given.draws, given.seed)
        asked = [task.queries[int(some[0])].smiles for some in task.asked]
        for draw, own in zip(mine, _of_queries(asked, encoder), strict=True):
            features.append({**draw.features, **own, **_of_libraries(draw, given.seed)})
            draws.append(draw)
        print(f"\r{place} of {len(targets)} targets", end="", file=sys.stderr)
    print(file=sys.stderr)
    found = np.array([draw.found for draw in draws])
    names = [draw.target for draw in draws]
    tried = {}
    for name, some in _SETS.items():
        raw = np.array([[one[key] for key in some] for one in features]).reshape(len(found), -1)
        tried[name] = {"features": some, **tried_features(raw, found, names)}
        print(name, json.dumps(tried[name]))
    record = {
        "format": "molsearch-trust-features-1",
        "benchmark": benchmark.name,
        "encoder": {"name": encoder.card.get("name"), "identity": encoder.identity},
        "setting": {"queries": 1, "draws": given.draws, "seed": given.seed, "top": _TOP},
        "n_targets": len(set(names)),
        "n_draws": len(draws),
        "tried": tried,
        "versions": versions(),
    }
    write_text(given.output, json.dumps(record, indent=1) + "\n")


def _of_queries(smiles: list[str], encoder: Encoder) -> list[dict[str, float]]:
    """Features of each query by itself and among the background, in their order."""
    molecules = Molecules(smiles)
    assert encoder.background is not None
    assert encoder.background_ecfp4 is not None
    background = encoder.background.astype(np.float64)
    alike = tanimoto_matrix(molecules[STORED], encoder.background_ecfp4)
    vectors = Viewer(encoder, ()).whole(smiles).vectors
    assert vectors is not None
    found = []
    for number in range(len(smiles)):
        cosines = background @ vectors[number]
        own = _of_scores("", cosines, alike[number])
        found.append({**own, "heavy_atoms": float(molecules["heavy_atoms"][number])})
    return found


def _of_libraries(draw: Draw, seed: int) -> dict[str, float]:
    """Features of the pool as a library, with as many of its actives as each name says."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(draw.is_active))
    found: dict[str, float] = {}
    for name, n_actives in (("library_", len(order)), ("three_", 3), ("one_", 1), ("none_", 0)):
        kept = ~draw.is_active
        kept[order[:n_actives]] = True
        found |= _of_scores(name, draw.cosine[kept], draw.alike[kept])
    return found


def _of_scores(prefix: str, cosine: Floats, alike: Floats) -> dict[str, float]:
    """How far the best stand out, and whether both components agree on them."""
    scores = cosine + alike
    n = max(5, round(_TOP * len(scores)))
    best = np.sort(scores)[::-1][:n]
    first, second = rankdata(cosine), rankdata(alike)
    shared = set(np.argsort(-cosine)[:n].tolist()) & set(np.argsort(-alike)[:n].tolist())
    return {
        f"{prefix}gap": float((best.mean() - np.median(scores)) / scores.std()),
        f"{prefix}rank_agreement": float(np.corrcoef(first, second)[0, 1]),
        f"{prefix}top_agreement": len(shared) / n,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default=None, help="the default one, a name, or a folder")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("-o", "--output", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
