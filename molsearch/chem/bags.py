"""Bags of many parents from their SMILES: what `molsearch.chem.features` makes of each, sooner."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rdkit import Chem

from molsearch.chem.bulk.bags import Usual, in_ring_of_three
from molsearch.chem.bulk.graphs import fits
from molsearch.chem.counters import Buckets
from molsearch.chem.counting import counting
from molsearch.chem.features import packed_bag
from molsearch.chem.plain import is_plain, is_read_again, read_plain
from molsearch.schema import Record


def packed_bags(
    smiles: Sequence[str], buckets: Buckets, *, compiled: bool = False
) -> list[bytes | None]:
    """Return the packed bag of each molecule; None where RDKit reads none.

    Parameters
    ----------
    smiles
        Parents, as training tables hold them: nothing is standardised.
    buckets
        Hash spaces of an encoder.
    compiled
        As of `molsearch.chem.block.prepare_block`.

    See Also
    --------
    molsearch.chem.features.packed_bag : what each bag is.
    """
    bags: list[bytes | None] = [None] * len(smiles)
    usual = {place: one for place, text in enumerate(smiles) if (one := _usual(text, compiled))}
    if usual:
        made = counting(compiled)(list(usual.values()), buckets).bags or []
        for place, bag in zip(usual, made, strict=True):
            bags[place] = bag
    for place, text in enumerate(smiles):
        if place not in usual and (mol := Chem.MolFromSmiles(text)) is not None:
            bags[place] = packed_bag(mol, buckets)
    return bags


def _usual(text: str, compiled: bool) -> Usual | None:
    """Read a molecule that goes with others; None for one that cannot."""
    if not (is_plain(Record(0, "", 0, "", text)) and is_read_again(text)):
        return None
    # RDKit's other perception of stereo names centres when they are asked for.
    if not Chem.GetUseLegacyStereoPerception():
        return None
    mol = read_plain(text, sys.maxsize, barely=True)
    if mol is None or not fits(mol):
        return None
    found = Usual.briefly(mol, text) if compiled else Usual.of(mol, text)
    # Torsions are counted in the order of the canonical SMILES, where `features` takes the text's.
    same = found.parent_smiles == text or not mol.HasSubstructMatch(in_ring_of_three())
    return found if same else None
