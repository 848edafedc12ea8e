"""Consecutive records in, columns of prepared molecules and failures out: a library's fast lane.

Most molecules of a library need nothing but reading (`molsearch.chem.plain`); what an encoder sees
of these is computed for all of a block at once. The others are prepared one by one, and whatever
the way, each molecule becomes what `prepare_record` makes of it.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

from rdkit import Chem, rdBase

from molsearch import schema
from molsearch.chem.bulk.bags import Usual
from molsearch.chem.columns import Block, block_of, put_between, user_text, whole
from molsearch.chem.counters import Buckets
from molsearch.chem.counting import counting, read_usual
from molsearch.chem.facts import PREPARED, Value, known
from molsearch.chem.plain import is_plain
from molsearch.chem.prepare import failure_of, prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import GEOMETRY_NONE, Failure, Prepared, Record


class _Read(NamedTuple):
    """A molecule that goes with others, and its facts."""

    record: Record
    usual: Usual
    facts: dict[str, Value | None]


def prepare_block(
    records: Sequence[Record],
    config: PrepareConfig,
    buckets: tuple[int, int, int] | None = None,
    *,
    compiled: bool = False,
) -> Block:
    """Prepare records of which no conformer is wanted; see `prepare_record`.

    Parameters
    ----------
    records, config
        What to prepare, and how.
    buckets
        Hash spaces of an encoder, for what it sees.
    compiled
        Count substructures by compiled loops (`molsearch.chem.kernels`): the same numbers.
    """
    hashes = None if buckets is None else Buckets(*buckets)
    usual: list[_Read] = []
    odd: list[tuple[int, Prepared | Failure]] = []
    left: list[tuple[int, Record]] = []
    # Alike things one after the other: after RDKit all other code has left the processor's cache.
    with rdBase.BlockLogs():
        for place, (record, plain) in enumerate(zip(records, _plain(records, config), strict=True)):
            outcome = _read(record, config, compiled) if plain else None
            if isinstance(outcome, _Read):
                usual.append(outcome)
            elif outcome is not None:
                odd.append((place, outcome))
            else:
                left.append((place, record))
        odd += [(place, prepare_record(one, config, PREPARED, hashes)) for place, one in left]
    odd.sort(key=itemgetter(0))
    failures = [one for _, one in odd if isinstance(one, Failure)]
    others = [(place, one) for place, one in odd if isinstance(one, Prepared)]
    block = Block(len(records), whole(_columns(usual, hashes, compiled), len(usual)), failures)
    failed = [place for place, one in odd if isinstance(one, Failure)]
    places = [place - bisect(failed, place) for place, _ in others]
    put_between(block, block_of(one for _, one in others), places)
    return block


def _plain(records: Sequence[Record], config: PrepareConfig) -> Iterable[bool]:
    """Whether each record may go with others."""
    # RDKit's other perception of stereo names centres when they are asked for.
    if config.n_conformers or not Chem.GetUseLegacyStereoPerception():
        return repeat(False, len(records))
    return [not record.error and is_plain(record) for record in records]


def _read(record: Record, config: PrepareConfig, compiled: bool) -> _Read | Failure | None:
    """Read a molecule that can go with others; None for one that cannot."""
    try:
        read = read_usual(record.smiles, config.max_heavy_atoms, compiled)
        if read is None:
            return None
        mol, usual = read
        return _Read(record, usual, known(mol, PREPARED))
    except (ValueError, RuntimeError) as error:
        return failure_of(record, error)


def _columns(
    read: Sequence[_Read], buckets: Buckets | None, compiled: bool
) -> dict[str, list[Any]]:
    if not read:
        return {}
    records, found = [one.record for one in read], [one.usual for one in read]
    made = counting(compiled)(found, buckets)
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
        schema.N_ATOMS: [one.n_atoms for one in found],
        schema.COORDS: [b""] * len(read),
        schema.USER: [user_text(one.extra) for one in records],
        schema.BAG: made.bags or [],
    }
