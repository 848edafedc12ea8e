"""What a run trains on, read and featurised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.activities import Activities, load_activities
from molsearch.data.conformers import Conformers, load_conformers
from molsearch.data.homology import BENCHMARKS, DEVELOPMENT, close_targets
from molsearch.data.overlay_pairs import OverlayPairs, read_overlays
from molsearch.data.places import data_root as named_root
from molsearch.data.shuffled import shuffled_conformers
from molsearch.data.store import GraphStore
from molsearch.data.unlabelled import UnlabelledStream, load_unlabelled
from molsearch.data.unread import Unread, unreadable
from molsearch.errors import InputError, UsageError
from molsearch.train.develop import Screens, load_screens
from molsearch.train.distributed import first_before_others
from molsearch.train.graphs import graph_cache
from molsearch.train.inactive_material import InactiveMaterial, gather_inactives
from molsearch.words import counted

#: Compounds among an encoder's reference (`molsearch.train.reference`): a third are ligands.
N_REFERENCE = 16_384
N_LIGANDS = N_REFERENCE // 3
N_SCREENING = N_REFERENCE - N_LIGANDS
#: Methods that train on labelled pairs.
LABELLED = ("supervised", "taught", "semi_supervised")
#: Methods that look at molecules of the activity table, and not at their labels.
WITHOUT_LABELS = ("self_supervised", "distilled")
#: Methods that look at molecules without labels.
UNLABELLED = ("taught", "semi_supervised", "self_supervised")


@dataclass(frozen=True, slots=True)
class Material:
    """Labelled molecules and their targets, development screens, molecules without labels.

    Also what was measured inactive, and overlays of pairs, where the run looks at them; and how
    many conformers of labelled molecules were left out, whose atoms are not as many, and which
    records gave no molecule. Some screening compounds, which nothing is trained on, become part of
    the encoder's reference.
    """

    activities: Activities
    store: GraphStore
    screens: Screens | None = None
    development: GraphStore | None = None
    unlabelled: GraphStore | None = None
    inactives: InactiveMaterial | None = None
    overlays: OverlayPairs | None = None
    misfits: int = 0
    screening: GraphStore | None = None
    unread: tuple[Unread, ...] = ()

    def without_labels(self, n: int, seed: int, *, asked_by: str) -> UnlabelledStream:
        """Draw molecules without labels alone, so many a step.

        Raises
        ------
        InputError
            There are none, for the setting that asks for them.
        """
        if self.unlabelled is None or not len(self.unlabelled):
            raise InputError(
                f"there are no molecules without labels for {asked_by}: name soft.unlabelled, or "
                "leave it out"
            )
        return UnlabelledStream(self.store, self.unlabelled, n, labelled_share=0.0, seed=seed)


@dataclass(frozen=True, slots=True)
class Featuriser:
    """Turns SMILES into graphs, once.

    Attributes
    ----------
    buckets
        Hash spaces of the encoder.
    cache
        Folder that keeps what was featurised.
    workers
        Processes.
    on_progress
        Called with the number of molecules done.
    geometry
        Whether the encoder looks at conformers.
    shuffle
        Seed by which molecules exchange their conformers; None: each keeps its own.
    """

    buckets: Buckets
    cache: Path
    workers: int
    on_progress: Callable[[int], None]
    geometry: bool = True
    shuffle: int | None = None

    def graphs(
        self, smiles: list[str], *, conformers: Conformers, make: bool = False
    ) -> tuple[GraphStore, NDArray[np.bool_]]:
        """Featurise molecules; see :func:`molsearch.train.graphs.graph_cache`."""
        store, readable = graph_cache(
            smiles,
            conformers,
            self.buckets,
            self.cache,
            workers=self.workers,
            on_progress=self.on_progress,
            make_conformers=make,
            geometry=self.geometry,
        )
        if self.shuffle is not None:
            store = shuffled_conformers(store, self.shuffle)
        return store, readable


def data_root(config: TrainConfig, config_file: Path | None = None) -> Path:
    """Folder of the data: the configuration's, else the one that ``MOLSEARCH_DATA`` names.

    Parameters
    ----------
    config_file
        What a relative folder in the configuration is relative to.
    """
    if config.data:
        return (config_file.parent if config_file else Path()) / config.data
    return named_root()


def gather(config: TrainConfig, root: Path, featuriser: Featuriser) -> Material:
    """Read activities, conformers, development screens and unlabelled molecules of a run.

    Records of the development screens' targets never stay among the activities.

    Raises
    ------
    InputError
        If a file is absent or unusable.
    UsageError
        If a molecule of the development screens cannot be read.
    """
    if config.shuffled_conformers:
        featuriser = replace(featuriser, shuffle=config.seed)
    screens = None
    if config.development:
        screens = load_screens(root / config.development, lite=True)
    hold_out = {*(screens.rows if screens else ()), *_homologues(config, root)}
    activities = load_activities(
        root / config.activities,
        target_column=config.target_column,
        hold_out_benchmark_targets=config.hold_out_benchmark_targets,
        hold_out=hold_out,
        tiers=config.tiers,
        keep_benchmark_molecules=config.benchmark_molecules == "kept",
    ).limited(config.activities_limit, config.seed)
    conformers: Conformers = {}
    if config.conformers and featuriser.geometry:
        conformers = load_conformers(root / config.conformers)
    with first_before_others():
        material = _featurised(config, root, featuriser, activities, screens, conformers)
        if config.shapes.weight > 0 and config.method in LABELLED:
            overlays = read_overlays(root / config.shapes.table, material.activities.smiles)
            material = replace(material, overlays=overlays)
        if not config.inactives.on or config.method not in LABELLED:
            return material
        graphs = partial(featuriser.graphs, conformers=conformers, make=config.make_conformers)
        inactives = gather_inactives(
            config, root, graphs, material.activities, material.store, hold_out
        )
        return replace(material, inactives=inactives)


def _homologues(config: TrainConfig, root: Path) -> frozenset[str]:
    if not config.homology:
        return frozenset()
    held_out = BENCHMARKS if config.hold_out_benchmark_targets else ()
    table = root / config.homology
    close = close_targets(table, (*DEVELOPMENT, *held_out), config.max_identity)
    far = [f"id_{name}" for name in config.far_from]
    return close | close_targets(table, far, config.far_identity) if far else close


def _misfits(smiles: Sequence[str], store: GraphStore, conformers: Conformers) -> int:
    """Conformers given for molecules of a store that are not in it."""
    given = np.array([len(conformers.get(one, ())) for one in smiles], np.int64)
    return int((given - store.n_conformers)[given > 0].sum())


def _featurised(
    config: TrainConfig,
    root: Path,
    featuriser: Featuriser,
    activities: Activities,
    screens: Screens | None,
    conformers: Conformers,
) -> Material:
    graphs = partial(featuriser.graphs, conformers=conformers)
    store, readable = graphs(activities.smiles, make=config.make_conformers)
    unread = list(activities.unread)
    if activities.naming is not None:
        name = Path(config.activities).name
        unread += unreadable(name, activities.smiles, activities.naming, readable)
    activities = activities.keep(readable)
    misfits = 0 if config.shuffled_conformers else _misfits(activities.smiles, store, conformers)
    material = Material(activities, store, misfits=misfits)
    if screens is not None:
        development, good = graphs(screens.smiles, make=config.make_conformers)
        if not good.all():
            raise UsageError(
                f"{config.development}: {counted(int((~good).sum()), 'unreadable molecule')}"
            )
        material = replace(material, screens=screens, development=development)
    looks = (
        config.method in UNLABELLED
        or config.over_targets.weight > 0
        or config.distil.weight > 0
        or config.screening.molecules > 0
    )
    if looks and config.soft.unlabelled:
        unlabelled, more = _without_labels(config, root, graphs, conformers)
        material, unread = replace(material, unlabelled=unlabelled), [*unread, *more]
    screening = _screening(config, root, graphs)
    return replace(material, screening=screening, unread=tuple(unread))


def _without_labels(
    config: TrainConfig,
    root: Path,
    graphs: Callable[..., tuple[GraphStore, NDArray[np.bool_]]],
    conformers: Conformers,
) -> tuple[GraphStore, tuple[Unread, ...]]:
    path = root / config.soft.unlabelled
    found = load_unlabelled(path, limit=config.soft.limit, seed=config.seed)
    store, readable = graphs(found.smiles, conformers={**conformers, **found.conformers})
    return store, (*found.unread, *unreadable(path.name, found.smiles, found.naming, readable))


def _screening(
    config: TrainConfig, root: Path, graphs: Callable[..., tuple[GraphStore, NDArray[np.bool_]]]
) -> GraphStore | None:
    """Featurise the screening compounds among an encoder's reference; None where there are none."""
    path = root / config.soft.unlabelled
    if not config.soft.unlabelled or not path.exists():
        return None
    return graphs(load_unlabelled(path, limit=N_SCREENING, seed=config.seed).smiles)[0]
