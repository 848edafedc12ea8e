"""One record in, one prepared molecule or one failure out: the whole chemistry of a library."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase

from molsearch.chem.bulk.bags import in_ring_of_three
from molsearch.chem.conformers import embed, pack
from molsearch.chem.counters import Buckets
from molsearch.chem.facts import known
from molsearch.chem.features import packed_bag
from molsearch.chem.fingerprints import ecfp4
from molsearch.chem.geometry import why_not_3d
from molsearch.chem.inchi import PREFIX as INCHI
from molsearch.chem.parse import RejectedError, all_positions, parse
from molsearch.chem.plain import is_read_again, plain_parent
from molsearch.chem.standardize import canonical_parent, parent_of
from molsearch.chem.stereo import stereo_smiles
from molsearch.config import PrepareConfig
from molsearch.schema import (
    GEOMETRY_EMBEDDED,
    GEOMETRY_INPUT,
    GEOMETRY_NONE,
    STORED_FACTS,
    Failure,
    Prepared,
    Record,
)

_NO_FACTS = dict.fromkeys(STORED_FACTS)
_Positions = npt.NDArray[np.float64]


def prepare_record(
    record: Record,
    config: PrepareConfig,
    facts: Collection[str] = STORED_FACTS,
    buckets: Buckets | None = None,
) -> Prepared | Failure:
    """Prepare one record; never raises for what a record may hold.

    Parameters
    ----------
    facts
        Those of ``schema.STORED_FACTS`` to compute; a library leaves most of them for later.
    buckets
        What the encoder sees is computed too, while the molecule is at hand.

    Returns
    -------
    The prepared molecule, or a failure whose stage is ``read``, ``parse``, ``standardize``,
    ``describe`` or ``conformer``. A fact that cannot be computed is None and no failure.
    """
    if record.error:
        return Failure.of(record, "read", record.error)
    try:
        with rdBase.BlockLogs():
            return _prepare(record, config, facts, buckets)
    except (ValueError, RuntimeError) as error:
        return failure_of(record, error)


def failure_of(record: Record, error: ValueError | RuntimeError) -> Failure:
    """Name stage and reason of a record that cannot be prepared.

    RDKit's own exceptions (invariants, sanitisation) are subclasses of these two.
    """
    if isinstance(error, RejectedError):
        return Failure.of(record, error.stage, " ".join(str(error).split()))
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return Failure.of(record, "describe", f"RDKit: {first[:300]}")


def prepare_in_process(
    records: Iterable[Record], config: PrepareConfig, facts: Collection[str] = STORED_FACTS
) -> tuple[list[Prepared], list[Failure]]:
    """Prepare a few records (queries) here and now, without worker processes.

    A molecule that makes RDKit crash takes this process with it: libraries belong to
    ``molsearch.data.prepare``.
    """
    prepared: list[Prepared] = []
    failures: list[Failure] = []
    for record in records:
        outcome = prepare_record(record, config, facts)
        if isinstance(outcome, Prepared):
            prepared.append(outcome)
        else:
            failures.append(outcome)
    return prepared, failures


def _prepare(
    record: Record, config: PrepareConfig, facts: Collection[str], buckets: Buckets | None
) -> Prepared:
    mol = plain_parent(record, config.max_heavy_atoms)
    if mol is not None and config.n_conformers == 0 and is_read_again(record.smiles):
        # Nothing was done to it, so what RDKit has read is what it would read again.
        parent, positions = mol, None
        parent_smiles = Chem.MolToSmiles(mol)
        smiles = record.smiles
    else:
        mol = parse(record) if mol is None else mol
        # A mol block or an InChI is shown as SMILES; an InChI is among the user's columns too.
        given = record.smiles and not record.smiles.startswith(INCHI)
        smiles = record.smiles if given else stereo_smiles(mol)
        parent_smiles, parent, positions = canonical_parent(parent_of(mol, config.max_heavy_atoms))
    geometry, geometries = _geometries(parent, positions, record, config)
    return Prepared(
        record_number=record.number,
        source=record.source,
        row=record.row,
        molecule_id=record.molecule_id,
        smiles=smiles,
        parent_smiles=parent_smiles,
        **(_NO_FACTS | known(parent, facts)),  # type: ignore[arg-type]
        ecfp4=ecfp4(parent),
        geometry=geometry,
        n_conformers=len(geometries),
        n_atoms=parent.GetNumAtoms(),
        coords=pack(geometries) if geometries else b"",
        user=dict(record.extra),
        bag=None if buckets is None else _bag(parent, parent_smiles, buckets),
    )


def _bag(parent: Chem.Mol, parent_smiles: str, buckets: Buckets) -> bytes:
    """Pack what the encoder sees of a parent whose atoms may stand in the order of the input.

    RDKit's count of the torsions about a ring of three depends on that order.
    """
    if buckets.torsions and parent.HasSubstructMatch(in_ring_of_three()):
        parent = Chem.MolFromSmiles(parent_smiles)
    return packed_bag(parent, buckets)


def _geometries(
    parent: Chem.Mol, given: _Positions | None, record: Record, config: PrepareConfig
) -> tuple[str, list[_Positions]]:
    """Choose the geometries of a parent: the input's on request, else embedded, else none."""
    if config.n_conformers == 0:
        return GEOMETRY_NONE, []
    if config.use_input_3d and given is not None:
        seen = all_positions(record)
        if not why_not_3d(parent, given, all_atoms=seen):
            return GEOMETRY_INPUT, [given]
    if parent.GetNumHeavyAtoms() > config.max_heavy_atoms_3d:
        return GEOMETRY_NONE, []
    return GEOMETRY_EMBEDDED, embed(parent, config)
