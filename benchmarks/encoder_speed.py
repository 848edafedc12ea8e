"""Molecules per second of each encoder size, forward and training, against a 2D GIN.

    python benchmarks/encoder_speed.py [--sizes small base] [--threads 2]

The peer is torch-geometric's GIN (5 layers of 256 channels) on the same molecules in the same
process. Run it under the allocator settings of ``molsearch.cli.allocator`` (it re-executes
itself with them), on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem, rdBase
from torch import Tensor, nn
from torch_geometric.nn import global_add_pool
from torch_geometric.nn.models import GIN

from molsearch.chem.conformers import embed, pack
from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.cli.allocator import SETTINGS
from molsearch.config import PrepareConfig
from molsearch.data.graph import MolGraph, collate
from molsearch.data.store import GraphStore, build_store
from molsearch.nn.network import Network
from molsearch.nn.registry import SIZES, model_config

DRUGS = Path(__file__).resolve().parents[1] / "datasets" / "example" / "drugs.csv"


class Peer(nn.Module):
    """A 2D graph network over the same atoms and bonds."""

    def __init__(self) -> None:
        super().__init__()
        self.atoms = nn.Linear(9, 256)
        self.layers = GIN(256, 256, 5)

    def forward(self, batch: MolGraph) -> Tensor:
        """Embed a batch."""
        both = torch.cat([batch.bond_index, batch.bond_index.flip(0)], 1)
        atoms = self.layers(self.atoms(batch.atoms.float()), both)
        return global_add_pool(atoms, batch.batch, batch.n_graphs)


def main() -> None:
    """Time the sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=["small", "base"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--molecules", type=int, default=1024)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    store = molecules(given.molecules)
    order = np.argsort(store.n_atoms, kind="stable")
    starts = range(0, len(order), given.batch_size)
    batches = [collate(store, order[i : i + given.batch_size]) for i in starts]
    peer = rates(Peer(), batches)
    print(
        f"{given.threads} threads, batches of {given.batch_size}, {store.n_atoms.mean():.1f} atoms"
    )
    print(f"{'':<12}{'forward/s':>11}{'training/s':>12}{'x GIN':>8}{'x GIN':>8}")
    print(f"{'GIN (2D)':<12}{peer[0]:>11,.0f}{peer[1]:>12,.0f}")
    for name in given.sizes:
        few = batches if name == "small" else batches[:: max(len(batches) // 2, 1)]
        forward, training = rates(Network(model_config(name)), few)
        ratios = f"{forward / peer[0]:>8.2f}{training / peer[1]:>8.2f}"
        print(f"{name:<12}{forward:>11,.0f}{training:>12,.0f}{ratios}")


def rates(network: nn.Module, batches: Sequence[MolGraph]) -> tuple[float, float]:
    """Return molecules per second forward, and forward with backward."""
    n = sum(batch.n_graphs for batch in batches)

    def forward(batch: MolGraph) -> None:
        with torch.no_grad():
            network(batch)

    def training(batch: MolGraph) -> None:
        network.zero_grad()
        network(batch).square().sum().backward()

    network.eval()
    without = n / _seconds(forward, batches)
    network.train()
    return without, n / _seconds(training, batches)


def _seconds(work: Callable[[MolGraph], None], batches: Sequence[MolGraph]) -> float:
    work(batches[0])
    started = time.perf_counter()
    for batch in batches:
        work(batch)
    return time.perf_counter() - started


def molecules(n: int) -> GraphStore:
    """Repeat the drugs of the bundled example, with conformers, up to n molecules."""
    lines = DRUGS.read_text().splitlines()[1:129]
    parts, coords = [], []
    for line in lines:
        mol = Chem.MolFromSmiles(Chem.CanonSmiles(line.split(",")[0]))
        smiles = Chem.MolToSmiles(mol)
        mol = Chem.MolFromSmiles(smiles)
        with rdBase.BlockLogs():
            geometry = embed(mol, PrepareConfig())
        parts.append(features(smiles, Buckets(16_381)))
        coords.append(np.frombuffer(pack(geometry), "<i2").reshape(-1, 3))
    repeat = -(-n // len(parts))
    return build_store((parts * repeat)[:n], (coords * repeat)[:n])


if __name__ == "__main__":
    if sys.platform.startswith("linux") and not any(name in os.environ for name in SETTINGS):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **SETTINGS})
    main()
