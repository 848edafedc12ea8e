"""Substructures of many molecules, by arrays and by compiled loops, held against RDKit's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rdkit import Chem, rdBase

from molsearch.chem.bulk.bags import Substructures, Usual
from molsearch.chem.bulk.bags import substructures as by_arrays
from molsearch.chem.bulk.graphs import fits
from molsearch.chem.counters import Buckets
from molsearch.chem.features import packed_bag
from molsearch.chem.fingerprints import ecfp4
from molsearch.chem.kernels.bags import substructures as by_loops
from molsearch.chem.plain import is_plain, read_plain
from molsearch.schema import Record

EXAMPLE = Path(__file__).parents[2] / "datasets" / "example"
BUCKETS = Buckets(16_381, 8_192, 16_384)


@dataclass(frozen=True)
class Way:
    """How a block asks about its molecules, and what it counts their substructures by.

    Attributes
    ----------
    barely
        Molecules are read without what their canonical SMILES does not depend on.
    """

    asked: Callable[[Chem.Mol, str], Usual]
    substructures: Callable[[Sequence[Usual], Buckets | None], Substructures]
    barely: bool

    def usual(self, smiles: str) -> Usual | None:
        """A molecule as a block asks about it; None for one that goes another way."""
        with rdBase.BlockLogs():
            if not is_plain(Record(1, "lib.smi", 1, "m", smiles=smiles)):
                return None
            try:
                mol = read_plain(smiles, 300, barely=self.barely)
            except ValueError:
                return None
        return self.asked(mol, smiles) if mol is not None and fits(mol) else None

    def check(self, texts: list[str], buckets: Buckets) -> int:
        """Compare with what RDKit makes of each canonical SMILES; how many were compared."""
        found = [one for one in map(self.usual, texts) if one is not None]
        if not found:
            return 0
        made = self.substructures(found, buckets)
        assert made.bags is not None
        for one, print_, bag in zip(found, made.ecfp4, made.bags, strict=True):
            mol = Chem.MolFromSmiles(one.parent_smiles)
            assert print_ == ecfp4(mol), one.text
            assert bag == packed_bag(mol, buckets), one.text
        return len(found)


ARRAYS = Way(Usual.of, by_arrays, barely=False)
LOOPS = Way(Usual.briefly, by_loops, barely=True)
