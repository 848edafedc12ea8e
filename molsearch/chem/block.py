"""Consecutive records in, columns of prepared molecules and failures out: a library's fast lane.

Most molecules of a library need nothing but reading (`molsearch.chem.plain`); what an encoder sees
of these is computed for all of a block at once. The others are prepared one by one, and whatever
the way, each molecule becomes what `prepare_record` makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rdkit import Chem, rdBase

from molsearch import schema
from molsearch.chem.bulk.bags import Usual, substructures
from molsearch.chem.bulk.graphs import fits
from molsearch.chem.columns import Block, block_of, put_between, user_text, whole
from molsearch.chem.counters import Buckets
from molsearch.chem.facts import PREPARED, Value, known
from molsearch.chem.plain import plain_parent
from molsearch.chem.prepare import failure_of, prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import GEOMETRY_NONE, Failure, Prepared, Record


@dataclass(frozen=True, slots=True)
class _Read:
    """A molecule that goes with others, and its facts."""

    record: Record
    usual: Usual
    facts: dict[str, Value | None]


def prepare_block(
    records: Sequence[Record], config: PrepareConfig, buckets: tuple[int, int, int] | None = None
) -> Block:
    """Prepare records of which no conformer is wanted; see `prepare_record`."""
    hashes = None if buckets is None else Buckets(*buckets)
    usual: list[_Read] = []
    others: list[Prepared] = []
    places: list[int] = []
    failures: list[Failure] = []
    with rdBase.BlockLogs():
        for record in records:
            outcome = _usual_or(record, config, hashes)
            if isinstance(outcome, _Read):
                usual.append(outcome)
            elif isinstance(outcome, Failure):
                failures.append(outcome)
            else:
                places.append(len(usual) + len(others))
                others.append(outcome)
        block = Block(len(records), whole(_columns(usual, hashes), len(usual)), failures)
    put_between(block, block_of(others), places)
    return block


def _usual_or(
    record: Record, config: PrepareConfig, buckets: Buckets | None
) -> _Read | Prepared | Failure:
    """Read a molecule that can go with others; prepare one that cannot."""
    # RDKit's other perception of stereo names centres when they are asked for.
    if not record.error and not config.n_conformers and Chem.GetUseLegacyStereoPerception():
        try:
            mol = plain_parent(record, config.max_heavy_atoms)
            if mol is not None and fits(mol):
                return _Read(record, Usual.of(mol, record.smiles), known(mol, PREPARED))
        except (ValueError, RuntimeError) as error:
            return failure_of(record, error)
    return prepare_record(record, config, PREPARED, buckets)


def _columns(read: Sequence[_Read], buckets: Buckets | None) -> dict[str, list[Any]]:
    if not read:
        return {}
    records, found = [one.record for one in read], [one.usual for one in read]
    made = substructures(found, buckets)
    return {
        schema.RECORD_NUMBER: [one.number for one in records],
        schema.SOURCE: [one.source for one in records],
        schema.ROW: [one.row for one in records],
        schema.MOLECULE_ID: [one.molecule_id for one in records],
        schema.SMILES: [one.smiles for one in records],
        schema.PARENT_SMILES: [one.parent_smiles for one in found],
        **{name: [one.facts[name] for one in read] for name in PREPARED},
        schema.ECFP4: made.ecfp4,
        schema.GEOMETRY: [GEOMETRY_NONE] * len(read),
        schema.N_CONFORMERS: [0] * len(read),
        schema.N_ATOMS: [len(one.seen.invariants) for one in found],
        schema.COORDS: [b""] * len(read),
        schema.USER: [user_text(one.extra) for one in records],
        schema.BAG: made.bags or [],
    }
