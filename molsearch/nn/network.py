"""The whole network: two branches, their fusion, and a head whose prefixes embed too."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molsearch.chem.counters import Buckets
from molsearch.config import ModelConfig
from molsearch.data.graph import MolGraph
from molsearch.nn.branch import GraphBranch
from molsearch.nn.substructure import SubstructureEmbedding


class BranchFusion(nn.Module):
    """Lets the 3D vector scale and shift the substructure vector, channel by channel.

    Feature-wise modulation (Perez et al. 2018): ``(1 + s(g)) * norm(b) + t(g)``. Without a
    conformer, or without a 3D branch at all (`modulated` false), ``norm(b)`` alone goes on.
    """

    def __init__(self, width: int, *, modulated: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.modulate = nn.Linear(width, 2 * width) if modulated else None
        if self.modulate is not None:
            nn.init.normal_(self.modulate.weight, std=0.05)
            nn.init.zeros_(self.modulate.bias)

    def forward(self, bag: Tensor, graph: Tensor | None, graphs: Tensor) -> Tensor:
        """Fuse ``[B, d]`` substructure and ``[b, d]`` graph vectors of the molecules `graphs`."""
        bag = self.norm(bag)
        if graph is None or self.modulate is None:
            return bag
        scale, shift = self.modulate(graph).chunk(2, -1)
        return bag.index_add(0, graphs, bag[graphs] * scale + shift)


class Network(nn.Module):
    """Embeds molecules as unit vectors.

    Parameters
    ----------
    config
        Which branches, and their sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.environments = (
            SubstructureEmbedding(Buckets.of(config).n_rows, width, config.environment_dropout)
            if config.use_substructure
            else None
        )
        self.graph = GraphBranch(config) if config.use_geometry else None
        self.fusion = (
            BranchFusion(width, modulated=config.use_geometry) if config.use_substructure else None
        )
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, config.expansion * width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.expansion * width, width),
        )
        self.head = nn.Linear(width, config.embedding_dim)

    def forward(self, batch: MolGraph) -> Tensor:
        """Return the embeddings of a batch, float ``[B, embedding_dim]``, unit length."""
        bag = None if self.environments is None else self._bag(batch)
        graphs = self._seen(batch).nonzero()[:, 0]
        graph = None
        if self.graph is not None and len(graphs):
            atoms = None if self.environments is None else self._atoms(batch)
            graph = self.graph(batch, atoms, graphs)
        fused = self._fuse(bag, graph, graphs, batch)
        fused = fused + self.mlp(fused)
        # In bfloat16 an embedding would keep three digits and miss unit length by 0.4 %, which a
        # low temperature multiplies.
        with torch.autocast(fused.device.type, enabled=False):
            embedded = self.head(fused.to(self.head.weight.dtype))
            return nn.functional.normalize(embedded, dim=-1)

    def _bag(self, batch: MolGraph) -> Tensor:
        assert self.environments is not None
        bag: Tensor = self.environments(batch.bag, batch.bag_counts, batch.bag_ptr)
        return bag

    def _atoms(self, batch: MolGraph) -> Tensor:
        assert self.environments is not None
        return self.environments.atoms(batch.environments, batch.batch)

    def _fuse(
        self, bag: Tensor | None, graph: Tensor | None, graphs: Tensor, batch: MolGraph
    ) -> Tensor:
        """Join what the branches said; ``graph`` speaks of the molecules ``graphs`` alone."""
        if bag is None or self.fusion is None:
            zeros = batch.pos.new_zeros(batch.n_graphs, self.config.width)
            # Under autocast the branch ends in bfloat16, which index_copy does not convert.
            return zeros if graph is None else zeros.index_copy(0, graphs, graph.to(zeros.dtype))
        fused: Tensor = self.fusion(bag, graph, graphs)
        return fused

    def _seen(self, batch: MolGraph) -> Tensor:
        """Hide some conformers while training, so that molecules without 3D embed well too.

        Of a molecule whose bag is empty nothing would be left: it keeps its conformer.
        """
        share = self.config.geometry_dropout if self.environments is not None else 0.0
        if not self.training or share == 0.0:
            return batch.has_geometry
        kept = torch.rand(batch.has_geometry.shape, device=batch.has_geometry.device) >= share
        return batch.has_geometry & (kept | (batch.bag_ptr.diff() == 0))
