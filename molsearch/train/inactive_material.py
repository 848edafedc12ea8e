"""The measured inactives of a run, read by the rules of the actives and featurised."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.config import TrainConfig
from molsearch.data.activities import Activities
from molsearch.data.inactives import (
    Inactives,
    inactives_among,
    pairs_of_activities,
    pairs_of_table,
    together,
)
from molsearch.data.same import pairs_of_same
from molsearch.data.store import GraphStore
from molsearch.errors import InputError
from molsearch.words import counted

#: Featurises SMILES: graphs of the readable ones, and which those are.
Graphs = Callable[[list[str]], tuple[GraphStore, NDArray[np.bool_]]]


@dataclass(frozen=True, slots=True)
class InactiveMaterial:
    """Molecules that were found inactive, and on what."""

    pairs: Inactives
    store: GraphStore

    def counts(self) -> dict[str, int]:
        """Count them for the card."""
        return {"inactive_pairs": self.pairs.n_pairs, "inactive_molecules": self.pairs.n_molecules}

    def words(self) -> str:
        """One line: how many there are, on how many targets, and what was left out and why."""
        n_targets = int((self.pairs.inactive_on.getnnz(axis=0) > 0).sum())
        text = (
            f"{counted(self.pairs.n_pairs, 'measured inactive')} of "
            f"{counted(n_targets, 'target')}, {counted(self.pairs.n_molecules, 'molecule')}"
        )
        gone = ", ".join(f"{n:,} {why}" for why, n in self.pairs.left_out.items())
        return f"{text}; left out: {gone}" if gone else text


def read_inactives(
    config: TrainConfig, root: Path, targets: list[str], hold_out: Collection[str]
) -> Inactives:
    """Read what a run's configuration names, on the targets that have actives to train on.

    Raises
    ------
    InputError
        A file is absent or unusable, or no pair is left.
    """
    settings = config.inactives
    parts = []
    if settings.table:
        parts.append(
            pairs_of_table(
                root / settings.table,
                root / settings.molecules,
                target_column=config.target_column,
                hold_out_benchmark_targets=config.hold_out_benchmark_targets,
                hold_out=hold_out,
            )
        )
    if settings.own:
        parts.append(
            pairs_of_activities(
                root / config.activities,
                target_column=config.target_column,
                hold_out_benchmark_targets=config.hold_out_benchmark_targets,
                hold_out=hold_out,
            )
        )
    pairs, left_out = together(parts)
    return inactives_among(
        pairs, targets, left_out=left_out, per_target=settings.per_target, seed=config.seed
    )


def gather_inactives(
    config: TrainConfig,
    root: Path,
    graphs: Graphs,
    activities: Activities,
    store: GraphStore,
    hold_out: Collection[str],
) -> InactiveMaterial:
    """Read and featurise measured inactives; a molecule that also acts on the target is none.

    Parameters
    ----------
    graphs
        Featurises SMILES.
    activities, store
        The actives, so that inactives can be compared with them.
    hold_out
        Targets that must not be trained on.

    Raises
    ------
    InputError
        A file is absent or unusable, or no pair is left.
    """
    found = read_inactives(config, root, activities.targets, hold_out)
    _some(found, config)
    made, readable = graphs(found.smiles)
    found = found.keep(readable, "of unreadable molecules")
    found = found.without(pairs_of_same(made, store, activities.acts_on), "known to act as well")
    _some(found, config)
    return InactiveMaterial(found, made)


def _some(found: Inactives, config: TrainConfig) -> None:
    if found.n_pairs == 0:
        raise InputError(
            f"{config.inactives.table or config.activities}: no measured inactive of a target "
            "that is trained on is left; leave out inactives, or name another table"
        )
