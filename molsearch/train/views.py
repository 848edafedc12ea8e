"""Corrupted views of a batch: what an encoder must see through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from molsearch.chem.features import ATOM_FIELDS
from molsearch.config import TrainConfig
from molsearch.data.graph import MolGraph

_UNKNOWN = ATOM_FIELDS["element"] - 1  # "any other element"
Sees = Literal["both", "geometry", "substructures"]


@dataclass(frozen=True, slots=True)
class View:
    """How molecules are corrupted before they are embedded.

    Environments and conformers are dropped by the network itself while it is in training
    mode. Each call draws anew, so the two encoders never see the same view.

    Attributes
    ----------
    noise
        Standard deviation of the Gaussian noise on coordinates, Å.
    masking
        Share of atoms whose element, fields, pharmacophore flags and own environments are
        hidden; they stay where they are in the graph and in space.
    sees
        What is left of a molecule: all, its 3D graph without bag and environments, or what it
        is without a conformer.
    drawn
        Whether any of a molecule's conformers is seen, or always the first.
    """

    noise: float = 0.0
    masking: float = 0.0
    sees: Sees = "both"
    drawn: bool = False


CLEAN = View()


def view_of(config: TrainConfig) -> View:
    """Return the view that a run trains on."""
    return View(config.coordinate_noise, config.atom_masking, drawn=True)


def corrupted(graphs: MolGraph, view: View) -> MolGraph:
    """Corrupt a batch, which is changed and returned."""
    if view.noise > 0:
        graphs.pos = graphs.pos + view.noise * torch.randn_like(graphs.pos)
    if view.masking > 0:
        hidden = torch.rand(len(graphs.atoms), device=graphs.atoms.device) < view.masking
        unknown = torch.zeros_like(graphs.atoms[:1])
        unknown[:, 0] = _UNKNOWN
        graphs.atoms = torch.where(hidden[:, None], unknown, graphs.atoms)
        graphs.environments = graphs.environments.masked_fill(hidden[:, None], 0)
    if view.sees == "substructures":
        graphs.has_geometry = torch.zeros_like(graphs.has_geometry)
    elif view.sees == "geometry":
        graphs.bag, graphs.bag_counts = graphs.bag[:0], graphs.bag_counts[:0]
        graphs.bag_ptr = torch.zeros_like(graphs.bag_ptr)
        graphs.environments = torch.zeros_like(graphs.environments)
    return graphs
