"""The 3D graph branch: atoms of one conformer, seen through each other's distances."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from molsearch.chem.features import ATOM_FIELDS, N_BOND_CODES, PHARMACOPHORE
from molsearch.config import ModelConfig
from molsearch.data.graph import MolGraph
from molsearch.nn import geometry
from molsearch.nn.blocks import NeighbourConvolution, PairBiasBlock
from molsearch.nn.readout import AtomReadout, PairReadout

_N_VECTORS = 16
_EDGE_CENTRES = 16
_PAIR_CENTRES = [1.5 + 0.9 * i for i in range(16)]


class AtomEmbedding(nn.Module):
    """Sums a vector per categorical field and per pharmacophore flag: ``[N, 9] -> [N, d]``."""

    offsets: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = list(ATOM_FIELDS.values())
        self.register_buffer(
            "offsets", torch.from_numpy(np.cumsum([0, *sizes[:-1]])), persistent=False
        )
        self.fields = nn.EmbeddingBag(sum(sizes), width, mode="sum")
        self.flags = nn.Linear(len(PHARMACOPHORE), width, bias=False)
        nn.init.normal_(self.fields.weight, std=0.1)

    def forward(self, atoms: Tensor) -> Tensor:
        """Embed the uint8 atom fields of :class:`molsearch.chem.features.Features`."""
        bits = torch.arange(len(PHARMACOPHORE), device=atoms.device)
        flags = (atoms[:, -1:].long() >> bits) & 1
        embedded: Tensor = self.fields(atoms[:, :-1].long() + self.offsets)
        return embedded + self.flags(flags.to(embedded.dtype))


class GraphBranch(nn.Module):
    """A 3D graph network over heavy atoms, read out as one vector a molecule.

    Layers are neighbour convolutions, or (``attention``) neighbour convolution once for
    angles and handedness, then pair-bias self-attention. The readout joins atoms and pairs.
    """

    centres: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width = config.graph_width
        edge_width = _EDGE_CENTRES + N_BOND_CODES
        self.atoms = AtomEmbedding(width)
        self.environments = (
            nn.Linear(config.width, width, bias=False) if config.use_substructure else None
        )
        self.register_buffer("centres", torch.linspace(1.0, 6.0, _EDGE_CENTRES), persistent=False)
        n_convolutions = 1 if config.attention else config.n_layers
        self.layers = nn.ModuleList(
            NeighbourConvolution(width, edge_width, _N_VECTORS, config.dropout)
            for _ in range(n_convolutions)
        )
        self.pairs: nn.Linear | None = None
        if config.attention:
            pair_width = 64
            self.pairs = nn.Linear(2 * _EDGE_CENTRES + N_BOND_CODES, pair_width)
            self.layers.extend(
                PairBiasBlock(width, config.n_heads, pair_width, config.dropout)
                for _ in range(config.n_layers - 1)
            )
        self.norm = nn.LayerNorm(width)
        self.atom_readout = AtomReadout(width)
        self.pair_readout = PairReadout(width, config.n_pair_types, _PAIR_CENTRES)
        n_read = self.atom_readout.out_width + self.pair_readout.out_width
        self.out = nn.Sequential(nn.LayerNorm(n_read), nn.Linear(n_read, config.width))

    def forward(self, batch: MolGraph, environments: Tensor | None, graphs: Tensor) -> Tensor:
        """Embed the molecules `graphs` of a batch, which must have coordinates.

        Parameters
        ----------
        batch
            The whole batch.
        environments
            float ``[N, width]``: summed environment vectors of the atoms, or None.
        graphs
            int64 ``[b]``: molecules to embed.

        Returns
        -------
        Tensor
            float ``[b, width]``.
        """
        k = self.config.n_neighbours
        grid = geometry.padding(batch.ptr, graphs, least=k + 2)
        atoms = self.atoms(batch.atoms)
        if environments is not None and self.environments is not None:
            atoms = atoms + self.environments(environments)
        atoms = grid.grid(atoms)
        pos = grid.grid(batch.pos)
        codes = _bond_grid(batch, graphs, torch.Size([*pos.shape[:2], pos.shape[1]]))
        if self.config.distances == "space":
            distance = geometry.distances(pos, grid.mask)
        else:
            distance = geometry.path_distances(codes > 0, grid.mask)
            pos = torch.zeros_like(pos)  # no directions either
        atoms = self._local(atoms, pos, distance, codes)
        if self.pairs is not None:
            pairs = self.pairs(self._pair_features(distance, codes))
            for layer in self.layers[1:]:
                atoms = layer(atoms, pairs, grid.mask)
        atoms = self.norm(atoms)
        read = [self.atom_readout(atoms, grid.mask), self.pair_readout(atoms, distance, grid.mask)]
        out: Tensor = self.out(torch.cat(read, -1))
        return out

    def _local(self, atoms: Tensor, pos: Tensor, distance: Tensor, codes: Tensor) -> Tensor:
        n_molecules, n, width = atoms.shape
        near = geometry.nearest(pos, distance, self.config.n_neighbours)
        bonds = nn.functional.one_hot(codes.gather(2, near.index), N_BOND_CODES)
        spread = geometry.radial(near.distance, self.centres, 0.4)
        edges = torch.cat([spread, bonds.to(spread.dtype)], -1) * near.envelope[..., None]
        first = torch.arange(n_molecules, device=atoms.device)[:, None, None] * n
        neighbour = (near.index + first).flatten()
        k = near.index.shape[-1]
        flat = atoms.reshape(-1, width)
        edges, unit = edges.view(len(flat), k, -1), near.unit.view(len(flat), k, 3)
        for layer in self.layers[: 1 if self.pairs is not None else None]:
            flat = layer(flat, neighbour, edges, unit)
        return flat.view(n_molecules, n, width)

    def _pair_features(self, distance: Tensor, codes: Tensor) -> Tensor:
        near = geometry.radial(distance, self.centres, 0.4)
        far = geometry.radial(distance, 3.0 * self.centres, 1.2)
        bonds = nn.functional.one_hot(codes, N_BOND_CODES).to(near.dtype)
        return torch.cat([near, far, bonds], -1)


def _bond_grid(batch: MolGraph, graphs: Tensor, shape: torch.Size) -> Tensor:
    """Return bond codes as int64 ``[b, n, n]``, 0 where there is no bond."""
    place = torch.full((batch.n_graphs,), -1, dtype=torch.int64, device=graphs.device)
    place[graphs] = torch.arange(len(graphs), device=graphs.device)
    owner = batch.batch[batch.bond_index[0]]
    kept = place[owner] >= 0
    owner, code = owner[kept], batch.bond_code[kept]
    begin, end = batch.bond_index[:, kept] - batch.ptr[owner]
    codes = torch.zeros(shape, dtype=torch.int64, device=graphs.device)
    codes[place[owner], begin, end] = code
    codes[place[owner], end, begin] = code
    return codes
