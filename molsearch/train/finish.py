"""What a training run ends with: figures, background, card, encoder folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch.chem.fingerprints import ecfp4_of_smiles
from molsearch.config import TrainConfig
from molsearch.data.store import take
from molsearch.index.rarity import Reference
from molsearch.io.atomic import write_text
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.weights import save_encoder
from molsearch.train import card as cards
from molsearch.train.develop import evaluate_screens
from molsearch.train.material import WITHOUT_LABELS, Material
from molsearch.train.reference import reference_vectors

DEVELOPMENT_FILE = "development.csv"
#: The figure that chooses among evaluations, by the setting's word.
CHOSEN_BY = {"alone": "bedroc_80p5", "ranked": "ranked_bedroc_80p5"}
_PROTOCOL = (
    "{file} (lite): each query alone against its target's other actives and decoys, "
    "mean over queries, then over targets; ECFP4 on the same queries and pools"
)


def finish(
    config: TrainConfig,
    material: Material,
    out: Path,
    networks: dict[str, Network],
    *,
    shipped: str,
    run: dict[str, Any],
) -> dict[str, Any]:
    """Write the encoder folder of a run.

    Parameters
    ----------
    networks
        Trained networks by name, all judged on the development screens.
    shipped
        Name of the one to write.
    run
        Facts of the run for the card.

    Returns
    -------
    dict
        The card.
    """
    encoders = {name: Encoder(one, identity="", card={}) for name, one in networks.items()}
    encoder = encoders[shipped]
    reference = reference_vectors(encoder, material, config.seed)
    figures = _development(config, material, encoders, shipped, reference, out)
    content = cards.card(config, data=_counts(config, material), figures=figures, run=run)
    rows, others = _background_rows(len(material.store), config.seed)
    background = encoder.encode_ensembles(take(material.store, rows))
    held_out = encoder.encode_ensembles(take(material.store, others))
    content["applicability"] = cards.applicability(background, held_out)
    smiles = [material.activities.smiles[row] for row in rows]
    prints = np.stack([ecfp4_of_smiles(one) for one in smiles])
    save_encoder(
        out,
        encoder.network,
        content,
        background.astype(np.float16),
        prints,
        reference=reference,
        int8_tables=config.int8_tables,
    )
    return content


def _counts(config: TrainConfig, material: Material) -> dict[str, int]:
    unlabelled = material.unlabelled
    labelled = config.method not in WITHOUT_LABELS
    return {
        "pairs": material.activities.n_pairs if labelled else 0,
        "molecules": material.activities.n_labelled,
        "molecules_with_3d": int(material.store.has_geometry.sum()),
        "targets": material.activities.n_targets if labelled else 0,
        "unlabelled_molecules": len(unlabelled) if unlabelled is not None else 0,
        **({"left_out_records": len(material.unread)} if material.unread else {}),
        **_several(material),
        **(material.inactives.counts() if material.inactives is not None else {}),
    }


def _several(material: Material) -> dict[str, int]:
    """Conformers that training drew from and screens were pooled over, where there are several."""
    counts = {}
    if material.store.more is not None:
        counts["conformers"] = int(material.store.n_conformers.sum())
    if material.misfits:
        counts["conformers_left_out"] = material.misfits
    return counts


def _development(
    config: TrainConfig,
    material: Material,
    encoders: dict[str, Encoder],
    shipped: str,
    reference: NDArray[np.float16],
    out: Path,
) -> dict[str, Any]:
    """Compare the encoders with ECFP4, and with each other; `reference` is the shipped one's."""
    if material.screens is None:
        return {}
    ecfp4 = evaluate_screens(material.screens, None)
    protocol = _PROTOCOL.format(file=config.development)
    tables = {}
    for name, one in encoders.items():
        own = reference if name == shipped else reference_vectors(one, material, config.seed)
        tables[name] = figures_of(material, one, own)
    figures = cards.development_figures(tables[shipped], ecfp4, protocol)
    if len(tables) > 1:
        figures["encoders"] = {n: cards.means(table) for n, table in tables.items()}
    write_text(out / DEVELOPMENT_FILE, _side_by_side({**tables, "ecfp4": ecfp4}, shipped))
    return figures


def figures_of(
    material: Material, encoder: Encoder, reference: NDArray[np.float16]
) -> pd.DataFrame:
    """Figures of an encoder on the development screens; rarity is told by `reference`."""
    assert material.screens is not None
    assert material.development is not None
    embeddings = encoder.encode_ensembles(material.development)
    rarity = Reference(reference).rarity(embeddings)
    return evaluate_screens(material.screens, embeddings, rarity)


def _background_rows(n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw training molecules at random, twice and disjoint (but where there is one alone)."""
    chosen = np.random.default_rng(seed).permutation(n)[: 2 * cards.N_SHIPPED]
    half = max(len(chosen) // 2, 1)
    return chosen[:half], chosen[-half:]


def _side_by_side(tables: dict[str, pd.DataFrame], shipped: str) -> str:
    """One row a target; the shipped encoder's columns bear no suffix."""
    joined = tables[shipped]
    for name, table in tables.items():
        if name != shipped:
            joined = joined.merge(table, on=["target", "n"], suffixes=("", f"_{name}"))
    return joined.round(5).to_csv(index=False, lineterminator="\n")
