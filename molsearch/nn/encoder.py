"""A trained network with its identity: what embeds molecules everywhere outside training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.chem.counters import Buckets
from molsearch.data.graph import MolGraph, collate
from molsearch.data.store import GraphStore, one_by_one
from molsearch.data.tables import graphs_of_table
from molsearch.nn.network import Network
from molsearch.nn.side_by_side import side_by_side

# Products of fewer rows take other kernels, whose last bits differ: an embedding must not depend
# on how many molecules happen to be left over for the last batch.
_LEAST_ROWS = 16
# On a card, unless less than usual is asked for: fewer leave it waiting for the host.
_USUAL, _ON_CUDA = 128, 1024
# A molecule of which the bag alone is seen takes a fraction of the memory, and so little time that
# what a batch costs by itself counts.
_BAGS = 8


def at_a_time(batch_size: int, *, bags: bool, on_cuda: bool) -> int:
    """Say how many molecules go through the network at a time.

    Parameters
    ----------
    bags
        Whether none of them has a graph.

    Examples
    --------
    >>> at_a_time(128, bags=False, on_cuda=False), at_a_time(128, bags=False, on_cuda=True)
    (128, 1024)
    """
    step = batch_size * (_BAGS if bags else 1)
    return max(step, _ON_CUDA) if on_cuda and batch_size >= _USUAL else step


class Encoder:
    """Embeds molecules as unit vectors, without gradients.

    Parameters
    ----------
    network
        The network, on the device where it shall run.
    identity
        sha256 over weights, configuration and featuriser version. Embeddings of different
        identities are never compared.
    card
        What the encoder is: training data, figures, limits, licence.
    background
        float16 ``[n, dim]``: embeddings of random drug-like molecules, against which a score
        is read; None where the weights bring none.
    background_ecfp4
        uint8 ``[n, 256]``: packed ECFP4 of the same molecules, where the weights bring them.
    reference
        float16 ``[n, dim]``: embeddings of compounds at large, half of them ligands and half
        screening compounds, by which a molecule's rarity is told (`molsearch.index.rarity`).
    batch_size
        Molecules embedded at a time; eight times as many where no geometry is seen.
    """

    def __init__(
        self,
        network: Network,
        *,
        identity: str,
        card: Mapping[str, Any],
        background: NDArray[np.float16] | None = None,
        background_ecfp4: NDArray[np.uint8] | None = None,
        reference: NDArray[np.float16] | None = None,
        batch_size: int = 128,
    ) -> None:
        self.network = network.eval()
        self.identity = identity
        self.card = dict(card)
        self.background = background
        self.background_ecfp4 = background_ecfp4
        self.reference = reference
        self.batch_size = batch_size

    @property
    def dim(self) -> int:
        """Width of an embedding."""
        return self.network.config.embedding_dim

    @property
    def buckets(self) -> Buckets:
        """Hash spaces of the substructures that it looks at."""
        return Buckets.of(self.network.config)

    @property
    def sees_geometry(self) -> bool:
        """Whether conformers change an embedding."""
        return self.network.config.use_geometry

    @property
    def device(self) -> torch.device:
        """Where the network lives."""
        return next(self.network.parameters()).device

    @torch.inference_mode()
    def encode(self, batch: MolGraph) -> Tensor:
        """Embed a batch: float32 ``[B, dim]``, unit length, on the encoder's device."""
        return self.network(batch.to(self.device)).float()

    def encode_store(self, store: GraphStore) -> NDArray[np.float32]:
        """Embed every graph of a store, float32 ``[G, dim]``, in its order.

        Molecules of like size are embedded together, which keeps padding small; the order of
        the rows does not change an embedding.
        """
        return self.encode_rows(store, np.arange(len(store)))

    def encode_rows(self, store: GraphStore, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embed the chosen graphs of a store, float32 ``[len(rows), dim]``, in their order."""
        embeddings = np.empty((len(rows), self.dim), np.float32)
        order = np.argsort(store.sizes[rows], kind="stable")
        bags = not len(store.atoms)
        step = at_a_time(self.batch_size, bags=bags, on_cuda=self.device.type == "cuda")
        for first in range(0, len(order), step):
            chosen = order[first : first + step]
            padded = np.resize(chosen, max(len(chosen), _LEAST_ROWS))
            found = self.encode(collate(store, rows[padded])).cpu().numpy()
            embeddings[chosen] = found[: len(chosen)]
        return embeddings

    def encode_ensembles(self, store: GraphStore) -> NDArray[np.float32]:
        """Embed the molecules of a store as an index does: several conformers are pooled."""
        if store.more is None or not self.sees_geometry:
            return self.encode_store(store)
        each, owner = one_by_one(store)
        return pooled(self.encode_store(each), owner, len(store))

    def embed_conformers(self, table: pa.Table) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Embed each conformer of prepared molecules.

        Returns
        -------
        embeddings, owner
            float32 ``[G, dim]`` and int64 ``[G]``, the row of `table` of each.
        """
        store, owner = graphs_of_table(table, self.buckets, geometry=self.sees_geometry)
        return self.encode_store(store), owner

    def embed_table(self, table: pa.Table) -> NDArray[np.float32]:
        """Embed prepared molecules: the mean over a molecule's conformers, renormalised.

        Returns
        -------
        ndarray
            float32 ``[n_rows, dim]``.
        """
        embeddings, owner = self.embed_conformers(table)
        return pooled(embeddings, owner, table.num_rows)

    def embed_tables(
        self, tables: Iterable[pa.Table]
    ) -> Iterator[tuple[pa.Table, NDArray[np.float32]]]:
        """Embed tables one after the other, or side by side where that is faster; see there."""
        if self.device.type == "cpu" and not self.sees_geometry:
            yield from side_by_side(self.embed_table, tables)
            return
        for table in tables:
            yield table, self.embed_table(table)


def pooled(
    embeddings: NDArray[np.float32], owner: NDArray[np.int64], n_molecules: int
) -> NDArray[np.float32]:
    """Mean embedding of each molecule's conformers, renormalised.

    Parameters
    ----------
    embeddings, owner
        float32 ``[G, dim]`` and int64 ``[G]``: the molecule of each; every molecule has one.
    """
    if len(owner) == n_molecules:  # one of each
        total = embeddings + np.float32(0.0)  # as a sum gives it: no negative zero
    else:
        total = np.zeros((n_molecules, embeddings.shape[1]), np.float32)
        np.add.at(total, owner, embeddings)
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    return total / np.maximum(lengths, np.finfo(np.float32).tiny)
