"""Embedding rows of a prepared set."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import torch
from molecules import CONFIGS, SMILES, conformer

from molsearch import schema
from molsearch.nn.encoder import Encoder, at_a_time
from molsearch.nn.network import Network


def _encoder() -> Encoder:
    torch.manual_seed(3)
    return Encoder(Network(CONFIGS["small"]), identity="x", card={})


def _table(rows: list[tuple[str, list[np.ndarray]]]) -> pa.Table:
    return pa.table(
        {
            schema.PARENT_SMILES: [smiles for smiles, _ in rows],
            schema.N_CONFORMERS: [len(coords) for _, coords in rows],
            schema.N_ATOMS: [len(coords[0]) if coords else 0 for _, coords in rows],
            schema.COORDS: [b"".join(c.astype("<i2").tobytes() for c in cs) for _, cs in rows],
        }
    )


def test_conformers_are_embedded_one_by_one_and_averaged() -> None:
    encoder = _encoder()
    several = [conformer(SMILES[0], seed) for seed in (1, 2, 3)]
    table = _table([(SMILES[0], several), (SMILES[6], []), (SMILES[1], [conformer(SMILES[1])])])
    each, owner = encoder.embed_conformers(table)
    assert owner.tolist() == [0, 0, 0, 1, 2]
    molecules = encoder.embed_table(table)
    mean = each[:3].mean(0)
    assert np.allclose(molecules[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert np.allclose(molecules[1:], each[3:], atol=1e-6)
    assert np.allclose(np.linalg.norm(molecules, axis=1), 1, atol=1e-6)


def test_no_rows_give_no_embeddings() -> None:
    encoder = _encoder()
    assert encoder.embed_table(_table([]).slice(0, 0)).shape == (0, encoder.dim)


def test_how_many_bags_go_together_changes_no_embedding() -> None:
    encoder = _encoder()
    rows = _table([(smiles, []) for smiles in (*SMILES, *reversed(SMILES)) * 12])
    together = encoder.embed_table(rows)
    encoder.batch_size = 3  # 24 bags
    assert np.array_equal(together, encoder.embed_table(rows))
    assert not np.signbit(together[together == 0]).any()


def test_a_card_takes_large_batches_unless_less_memory_is_asked_for() -> None:
    assert at_a_time(128, bags=False, on_cuda=False) == 128
    assert at_a_time(128, bags=False, on_cuda=True) == 1024
    assert at_a_time(4096, bags=False, on_cuda=True) == 4096
    assert at_a_time(16, bags=False, on_cuda=True) == 16
    assert at_a_time(128, bags=True, on_cuda=False) == 1024
