"""Give trained encoders the reference compounds by which they tell a molecule's rarity.

    python benchmarks/write_reference.py molsearch/weights/small molsearch/weights/small-held-out

`molsearch train` writes them with an encoder; this is for encoders that were trained before. The
ligands are drawn from what an encoder may have been trained on (of one whose card says that
benchmark targets were held out, not from theirs), twice as many screening compounds from those that
no evaluation draws from.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from molsearch.chem.features import features
from molsearch.data.activities import load_activities
from molsearch.data.conformers import coordinates
from molsearch.data.places import data_root
from molsearch.data.store import build_store
from molsearch.data.unlabelled import load_unlabelled
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import load_encoder, save_reference
from molsearch.train.material import N_LIGANDS, N_SCREENING
from molsearch.train.reference import shortened

SEED = 20


def main() -> None:
    """Write one file into each folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=None, help="else MOLSEARCH_DATA")
    given = parser.parse_args()
    for folder in given.folders:
        encoder = load_encoder(folder, device="cpu")
        smiles = compounds(given.data or data_root(), encoder)
        vectors = embedded(encoder, smiles)
        save_reference(folder, shortened(vectors, encoder.network.config.matryoshka))
        print(f"{folder}: {len(smiles):,} reference compounds")


def compounds(root: Path, encoder: Encoder) -> list[str]:
    """Draw ligands and screening compounds."""
    config: dict[str, Any] = encoder.card.get("training", {}).get("config", {})
    ligands = load_activities(
        root / "activities.parquet",
        hold_out_benchmark_targets=bool(config.get("hold_out_benchmark_targets", False)),
    ).smiles
    rows = np.random.default_rng(SEED).choice(len(ligands), N_LIGANDS, replace=False)
    others, _ = load_unlabelled(root / "unlabelled.parquet", limit=N_SCREENING, seed=SEED)
    return [*(ligands[row] for row in np.sort(rows)), *others]


def embedded(encoder: Encoder, smiles: list[str]) -> np.ndarray:
    """Embed structures, without conformers."""
    parts = [features(one, encoder.buckets, graph=False) for one in smiles]
    return encoder.encode_store(build_store(parts, [coordinates((), 0)] * len(parts)))


if __name__ == "__main__":
    main()
