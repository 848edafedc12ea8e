"""A batch of molecules as tensors: what an encoder takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from molsearch.data.store import GraphStore, spans


class MolGraph(Data):  # type: ignore[misc]
    """One molecule, or a batch of B molecules of N atoms and M bonds in all.

    Attributes
    ----------
    bag, bag_counts
        int32 and float32 ``[K]``: substructures of all molecules, and how often each occurs.
    bag_ptr
        int64 ``[B + 1]``: where each molecule's substructures begin.
    environments
        int32 ``[N, 3]``: bucket + 1 of the circular environments; 0 is none.
    atoms
        uint8 ``[N, 9]``: categorical fields and pharmacophore bits.
    pos
        float32 ``[N, 3]``, Å, centred on each molecule; zeros where there is no conformer.
    bond_index, bond_code
        int64 ``[2, M]`` and int64 ``[M]``.
    has_geometry
        bool ``[B]``.
    batch, ptr
        int64 ``[N]`` and ``[B + 1]``, as torch-geometric numbers graphs.
    """

    @property
    def n_graphs(self) -> int:
        """Number of molecules B."""
        return int(self.has_geometry.shape[0])


def collate(store: GraphStore, chosen: NDArray[np.int64], *, draw: bool = False) -> MolGraph:
    """Cut the chosen molecules out of a store as one batch, in the given order.

    Of several conformers the first is taken or, with `draw`, any, by torch's random numbers.

    The same batch as ``Batch.from_data_list`` makes of the single graphs, without its loop
    over molecules.
    """
    bag_rows = spans(store.bag_start, chosen)
    bag_sizes = store.bag_start[chosen + 1] - store.bag_start[chosen]
    atom_rows = spans(store.atom_start, chosen)
    bond_rows = spans(store.bond_start, chosen)
    sizes = store.atom_start[chosen + 1] - store.atom_start[chosen]
    n_bonds = store.bond_start[chosen + 1] - store.bond_start[chosen]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    coords = store.coords[atom_rows]
    if draw and store.more is not None:
        drawn = torch.rand(len(chosen), dtype=torch.float64).numpy() * store.n_conformers[chosen]
        for place in np.flatnonzero(drawn >= 1):
            one = store.conformer(int(chosen[place]), int(drawn[place]))
            coords[starts[place] : starts[place + 1]] = one
    bonds = store.bonds[bond_rows].astype(np.int64)
    bond_index = bonds[:, :2] + np.repeat(starts[:-1], n_bonds)[:, None]
    arrays: dict[str, Any] = {
        "bag": store.bag[bag_rows].astype(np.int32),
        "bag_counts": store.counts[bag_rows].astype(np.float32),
        "bag_ptr": np.concatenate([[0], np.cumsum(bag_sizes)]),
        "environments": store.environments[atom_rows].astype(np.int32),
        "atoms": store.atoms[atom_rows],
        "pos": coords.astype(np.float32) / 1000.0,
        "bond_index": np.ascontiguousarray(bond_index.T),
        "bond_code": bonds[:, 2],
        "has_geometry": store.has_geometry[chosen],
        "batch": np.repeat(np.arange(len(chosen)), sizes),
        "ptr": starts,
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
    return MolGraph(num_nodes=len(atom_rows), **tensors)
