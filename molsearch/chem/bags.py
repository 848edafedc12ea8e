"""Bags of many parents from their SMILES: what `molsearch.chem.features` makes of each, sooner."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from rdkit import Chem

from molsearch.chem.bulk.bags import Usual, in_ring_of_three
from molsearch.chem.counters import Buckets
from molsearch.chem.counting import counting, read_usual
from molsearch.chem.features import packed_bag
from molsearch.chem.plain import is_plain_text, is_read_again


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
    usual = dict(_usual(smiles, compiled))
    if usual:
        made = counting(compiled)(list(usual.values()), buckets).bags or []
        for place, bag in zip(usual, made, strict=True):
            bags[place] = bag
    for place, text in enumerate(smiles):
        if place not in usual and (mol := Chem.MolFromSmiles(text)) is not None:
            bags[place] = packed_bag(mol, buckets)
    return bags


def _usual(smiles: Sequence[str], compiled: bool) -> Iterator[tuple[int, Usual]]:
    """Yield places of molecules that go with others, and what is counted of these."""
    # RDKit's other perception of stereo names centres when they are asked for.
    if not Chem.GetUseLegacyStereoPerception():
        return
    for place, text in enumerate(smiles):
        if not (is_plain_text(text) and is_read_again(text)):
            continue
        if (read := read_usual(text, sys.maxsize, compiled)) is None:
            continue
        mol, usual = read
        # Torsions are counted in the order of the canonical SMILES, where `features` takes the
        # text's.
        if usual.parent_smiles == text or not mol.HasSubstructMatch(in_ring_of_three()):
            yield place, usual
