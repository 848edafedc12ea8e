"""Choose how much known inactives count: on targets that an encoder has not seen, by held-out ones.

    python benchmarks/choose_inactives.py -o results/inactives-choice.json

Targets are those that the encoder's training left out with the benchmarks' and that have measured
inactives; one of each homology group, and none near a LIT-PCBA target: that set only reports. Some
of a target's inactives are known, the others are ranked with its other actives and with random
compounds. A few minutes on one core; what was prepared and embedded is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from screening_options import add_data, add_screening

from molsearch.bench import inactives_choice
from molsearch.bench.attach import Attaching
from molsearch.bench.conformers import ConformerCache, cache_root
from molsearch.bench.molecules import Molecules
from molsearch.config import PrepareConfig
from molsearch.data.places import data_root
from molsearch.index.embedder import Embedder
from molsearch.index.rarity import reference_of
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.nn.weights import load_encoder
from molsearch.scoring.embedding import EncoderScorer

LEFT_OUT, FAR = 0.9, 0.4  # sequence identity: what training left out; what is another protein
LEAST = 50  # measured inactives, and half as many actives
ACTIVES, INACTIVES, RANDOM = 40, 200, 1000


def main() -> None:
    """Judge every way to count inactives and write one result file."""
    given = _arguments()
    root = given.data or data_root()
    encoder = load_encoder(given.encoder)
    chosen = targets(root, given.targets)
    record = {
        "format": inactives_choice.FORMAT,
        "encoder": {"name": given.encoder, "identity": encoder.identity},
        "setting": {
            "least_inactives": LEAST, "actives": ACTIVES, "inactives": INACTIVES,
            "random": RANDOM, "draws": given.draws, "seed": given.seed,
        },
        "targets": chosen["target_name"].to_dict(),
        "versions": versions(),
        "cases": {},
    }  # fmt: skip
    cases = [(q, int(k)) for q in given.queries for k in given.known.split(",")]
    values: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for number, (target, world) in enumerate(worlds(root, chosen, encoder, given.seed), start=1):
        for n_queries, n_known in cases:
            draws = [_generator(given.seed, target, n) for n in range(given.draws)]
            found = inactives_choice.judged(world, n_queries, n_known, draws)
            mine = values.setdefault(f"{n_queries} queries, {n_known} inactives", {})
            for name, value in found.items():
                mine.setdefault(name, []).append(value)
        print(f"\r{number} of {len(chosen)} targets", end="", file=sys.stderr)
    print(file=sys.stderr)
    arrays = [{name: np.array(some) for name, some in case.items()} for case in values.values()]
    record["cases"] = {
        name: inactives_choice.chosen(case) for name, case in zip(values, arrays, strict=True)
    }
    record["all"] = inactives_choice.chosen(inactives_choice.joined(arrays))
    write_text(given.output, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    for name, case in {**record["cases"], "all": record["all"]}.items():
        print(name, json.dumps({key: case[key] for key in ("chosen", "nested", "best")}))


def targets(root: Path, most: int | None) -> pd.DataFrame:
    """Targets that can be chosen on, by accession, the largest of each homology group."""
    inactives = pd.read_parquet(root / "inactives.parquet", columns=["uniprot"])
    actives = _actives(root)
    homology = pd.read_parquet(root / "target_homology.parquet").set_index("uniprot")
    frame = pd.DataFrame(
        {
            "inactives": inactives.groupby("uniprot").size(),
            "actives": actives.groupby("uniprot").size(),
            "target_name": actives.groupby("uniprot")["target_name"].first(),
            "flagged": actives.groupby("uniprot")["is_benchmark_target"].any(),
        }
    ).dropna()
    frame = frame.join(homology[["cluster_40", "id_dude", "id_litpcba", "id_muv", "id_dev"]])
    nearest = frame[["id_dude", "id_litpcba", "id_muv"]].max(axis=1)
    frame = frame[
        (frame["flagged"].astype(bool) | (nearest > LEFT_OUT))
        & (frame["id_litpcba"] <= FAR)
        & (frame["id_dev"] <= LEFT_OUT)
        & (frame["inactives"] >= LEAST)
        & (frame["actives"] >= LEAST // 2)
    ]
    # Relatives judged by what was chosen on each other would judge themselves.
    frame = frame.sort_values("inactives", ascending=False).drop_duplicates("cluster_40")
    return frame.head(most).sort_index()


def worlds(root: Path, chosen: pd.DataFrame, encoder: Embedder, seed: int):
    """Yield each target with its molecules, embedded."""
    inactives = pd.read_parquet(root / "inactives.parquet", columns=["uniprot", "row"])
    inactives = inactives[inactives["uniprot"].isin(chosen.index)]
    library = pd.read_parquet(root / "unlabelled.parquet", columns=["smiles", "is_pool_molecule"])
    actives = _actives(root)
    free = library.loc[~library["is_pool_molecule"], "smiles"]
    random = free.iloc[_generator(seed, "random", 0).permutation(len(free))[:RANDOM]].tolist()
    others = _known(random, "random", encoder)
    for target in chosen.index:
        generator = _generator(seed, target, -1)
        good = actives.loc[actives["uniprot"] == target, "smiles"].tolist()
        rows = inactives.loc[inactives["uniprot"] == target, "row"].to_numpy()
        bad = [*dict.fromkeys(library["smiles"].iloc[rows].tolist())]
        good = [good[i] for i in generator.permutation(len(good))[:ACTIVES]]
        bad = [bad[i] for i in generator.permutation(len(bad))[:INACTIVES] if bad[i] not in good]
        assert encoder.background is not None
        yield (
            target,
            inactives_choice.World(
                actives=_known(good, target, encoder),
                inactives=_known(bad, target, encoder),
                random=others,
                background=encoder.background.astype(np.float64),
                reference=reference_of(encoder),
            ),
        )


def _known(smiles: Sequence[str], group: str, encoder: Embedder) -> inactives_choice.Known:
    molecules = Molecules(smiles)
    molecules.need({"ecfp4"})
    scorer = EncoderScorer("encoder", encoder, cache_root() / "embeddings")
    attaching = Attaching(ConformerCache(cache_root(), PrepareConfig(n_conformers=1), 1))
    attaching.pool(f"inactives/{group}", molecules, scorer.needs)
    vectors = scorer.vectors(molecules)
    readable = np.isfinite(vectors).all(axis=1)
    return inactives_choice.Known(vectors.astype(np.float64), molecules["ecfp4"]).take(
        np.flatnonzero(readable)
    )


def _actives(root: Path) -> pd.DataFrame:
    columns = ["uniprot", "smiles", "tier", "target_name", "is_benchmark_molecule"]
    frame = pd.read_parquet(root / "activities.parquet", columns=[*columns, "is_benchmark_target"])
    return frame[(frame["tier"] == "active") & ~frame["is_benchmark_molecule"]]


def _generator(seed: int, name: str, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode()), number + 1])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=None, help="at most so many")
    parser.add_argument("--known", default="5,25", help="known inactives")
    add_screening(parser, queries="1,2,5,10", draws=2, encoder="small-held-out")
    add_data(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
