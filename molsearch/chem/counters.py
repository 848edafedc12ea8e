"""RDKit's generators of the substructures that an encoder counts, and where their buckets begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields
from functools import cache
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.config import ModelConfig

#: Circular environments alone; torsions and atom pairs beside them; feature classes and wide ones.
VERSIONS = ("features-1", "features-2", "features-3")

#: Environments are Morgan invariants of radius 0, 1 and 2.
RADIUS = 2
#: Atom pairs are at most so many bonds apart.
MAX_PAIR_BONDS = 12
_WIDE = 3


@dataclass(frozen=True, slots=True)
class Buckets:
    """Hash spaces of an encoder's substructures; 0 is a kind that it does not look at.

    Rows of one table, in this order, after row 0. A class of an atom is what RDKit's feature
    invariants (those of FCFP) say of it: donor, acceptor, aromatic, halogen, basic, acidic.

    Attributes
    ----------
    environments, torsions, pairs
        Number of buckets of circular environments (Morgan, radius 0 to 2, with chirality),
        of topological torsions (four atoms in a row) and of atom pairs at most
        `MAX_PAIR_BONDS` bonds apart.
    classes, class_pairs
        Of circular environments (radius 0 to 2), and of atom pairs as far apart, of the atoms'
        classes in place of their elements: a 2D pharmacophore.
    wide
        Of circular environments of radius 3, with chirality.
    """

    environments: int
    torsions: int = 0
    pairs: int = 0
    classes: int = 0
    class_pairs: int = 0
    wide: int = 0

    @classmethod
    def of(cls, config: ModelConfig) -> Buckets:
        """Buckets of an encoder."""
        return cls(
            config.n_buckets,
            config.n_torsions,
            config.n_pairs,
            config.n_classes,
            config.n_class_pairs,
            config.n_wide,
        )

    def __str__(self) -> str:
        """Name the kinds that are looked at, each with its number of buckets."""
        kinds = ((one.name.replace("_", " "), getattr(self, one.name)) for one in fields(self))
        return ", ".join(f"{size:,} of {name}" for name, size in kinds if size)

    @property
    def n_rows(self) -> int:
        """Rows of the table, row 0 for "none" included."""
        return 1 + sum(astuple(self))

    @property
    def n_further(self) -> int:
        """Rows of what the third version of the featuriser adds, the last of the table."""
        return self.classes + self.class_pairs + self.wide

    @property
    def prepared(self) -> tuple[int, int, int] | None:
        """Those that a library is prepared with; None where that is not all an encoder sees."""
        return None if self.n_further else (self.environments, self.torsions, self.pairs)

    @property
    def version(self) -> str:
        """Version of the featuriser that these buckets need."""
        if self.n_further:
            return VERSIONS[2]
        return VERSIONS[1] if self.torsions or self.pairs else VERSIONS[0]


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts one kind of substructure.

    Attributes
    ----------
    start
        Row of the table at which its buckets begin.
    generator
        RDKit's, folded to the number of its buckets.
    circular
        Whether it counts environments of an atom.
    radius
        The one radius that is counted; None for all.
    """

    start: int
    generator: Any
    circular: bool = False
    radius: int | None = None

    def counts(self, mol: Chem.Mol) -> Mapping[int, int]:
        """Count the substructures of a molecule by bucket."""
        if self.radius is None:
            found: Mapping[int, int] = self.generator.GetCountFingerprint(mol).GetNonzeroElements()
            return found
        told = rdFingerprintGenerator.AdditionalOutput()
        told.AllocateBitInfoMap()
        self.generator.GetCountFingerprint(mol, additionalOutput=told)
        sizes = {
            bucket: sum(radius == self.radius for _, radius in places)
            for bucket, places in told.GetBitInfoMap().items()
        }
        return {bucket: size for bucket, size in sizes.items() if size}


@cache
def counters(buckets: Buckets) -> tuple[Counter, ...]:
    """Return the counters of the kinds that an encoder looks at, by their rows of the table."""
    kinds: list[Counter] = []
    start = 1
    for size, (make, circular, radius) in zip(astuple(buckets), _KINDS, strict=True):
        if size:
            kinds.append(Counter(start, make(size), circular, radius))
        start += size
    return tuple(kinds)


@cache
def environments_of(n_buckets: int, radius: int = RADIUS) -> Any:
    """Return the generator of circular environments."""
    return rdFingerprintGenerator.GetMorganGenerator(
        radius=radius, includeChirality=True, fpSize=n_buckets
    )


def _torsions(size: int) -> Any:
    return rdFingerprintGenerator.GetTopologicalTorsionGenerator(fpSize=size, countSimulation=False)


def _pairs(size: int, **invariants: Any) -> Any:
    return rdFingerprintGenerator.GetAtomPairGenerator(
        maxDistance=MAX_PAIR_BONDS, fpSize=size, countSimulation=False, **invariants
    )


def _classes(size: int) -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(
        radius=RADIUS, fpSize=size, atomInvariantsGenerator=_invariants()
    )


def _class_pairs(size: int) -> Any:
    return _pairs(size, atomInvariantsGenerator=_invariants())


def _wide(size: int) -> Any:
    return environments_of(size, _WIDE)


def _invariants() -> Any:
    return rdFingerprintGenerator.GetMorganFeatureAtomInvGen()


# The kinds of `Buckets`, in its order: how each is made, whether it is one of environments, and the
# radius that alone is counted.
_KINDS: tuple[tuple[Callable[[int], Any], bool, int | None], ...] = (
    (environments_of, True, None),
    (_torsions, False, None),
    (_pairs, False, None),
    (_classes, True, None),
    (_class_pairs, False, None),
    (_wide, True, _WIDE),
)
