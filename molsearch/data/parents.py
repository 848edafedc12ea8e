"""Parents of many SMILES: canonical SMILES and InChIKey, in worker processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rdkit import Chem, rdBase

from molsearch.chem.parse import RejectedError, parse
from molsearch.chem.standardize import canonical_parent, parent_of
from molsearch.config import PrepareConfig
from molsearch.schema import Record
from molsearch.work.backend import singly
from molsearch.work.local import local

_CHUNK = 1000

#: Parent SMILES, InChIKey and reason of failure of one SMILES; the reason is empty or the rest is.
Parent = tuple[str, str, str]


def parents_of(
    smiles: Sequence[str], *, workers: int, on_progress: Callable[[int], None]
) -> list[Parent]:
    """Standardise SMILES as ``molsearch prepare`` does, without conformers; in their order."""
    chunks = [list(smiles[i : i + _CHUNK]) for i in range(0, len(smiles), _CHUNK)]
    limit = PrepareConfig().max_heavy_atoms
    found: list[Parent] = []
    place = local(min(workers, len(chunks)))
    for (part,) in place.map(partial(_parents, max_heavy_atoms=limit), singly(chunks)):
        found += part
        on_progress(len(found))
    return found


def _parents(smiles: Sequence[str], max_heavy_atoms: int) -> list[Parent]:
    with rdBase.BlockLogs():
        return [_parent(text, max_heavy_atoms) for text in smiles]


def _parent(smiles: str, max_heavy_atoms: int) -> Parent:
    record = Record(number=1, source="", row=1, molecule_id="", smiles=smiles)
    try:
        parent_smiles, parent, _ = canonical_parent(parent_of(parse(record), max_heavy_atoms))
        return parent_smiles, Chem.MolToInchiKey(parent), ""
    except RejectedError as error:
        return "", "", " ".join(str(error).split())
    except (ValueError, RuntimeError) as error:
        return "", "", f"RDKit: {(str(error).strip().splitlines() or ['error'])[0][:200]}"
