"""What each stage from a file to a hit list costs: molecules a second of one core.

    python benchmarks/stages.py LIBRARY [--molecules 2000] [-o results/stages.json]

Two ways: without conformers, as the bundled default encoder has it, and with a conformer each, as
an encoder that sees geometry needs. Every stage runs in this one process on the same molecules,
with one torch thread, in turn with the peer that everybody knows: RDKit's reading and ECFP4.
Processor time counts, the less of two turns, so neighbours on the machine weigh little and the
parts compare. Workers share the chemistry of ``molsearch prepare`` among them: divide its time by
their number. Then: ``python benchmarks/speed_page.py`` writes docs/speed.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from engine import machine, measured, peer
from rdkit import RDLogger

from molsearch.chem.block import prepare_block
from molsearch.chem.facts import PREPARED, compute
from molsearch.chem.prepare import prepare_record
from molsearch.chem.records import iter_records
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.blocks import BLOCK
from molsearch.data.prepared_table import block_table, table_of
from molsearch.data.tables import graphs_of_table
from molsearch.io.atomic import write_text
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import load_encoder
from molsearch.schema import PARENT_SMILES, STORED_FACTS, Prepared, Record

WITH_3D = "small-whole"
_TURNS = 2
WAYS = {
    "without conformers": {
        "read": "reading",
        "parent, fingerprint, what the encoder sees": "chemistry",
        "encoder": "encoder",
    },
    "with a conformer each": {
        "read": "reading",
        "parent, fingerprint, conformer (ETKDGv3, fast)": "chemistry, conformers",
        "what the encoder sees": "graphs, conformers",
        "encoder": "encoder, conformers",
    },
    "of hits alone": {"facts": "facts"},
}


class Clock:
    """Least processor time of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], Any]) -> Any:
        """Do a stage, and keep what it took where it took no less before."""
        kept: list[Any] = []
        _, seconds = measured(lambda: kept.append(work()))
        self.seconds[stage] = min(self.seconds.get(stage, seconds), seconds)
        return kept[0]


def measure(library: Path, n: int) -> dict[str, Any]:
    """Time every stage on the first `n` records of a library."""
    torch.set_num_threads(1)
    encoders = load_encoder(device="cpu"), load_encoder(WITH_3D, device="cpu")
    clock = Clock()
    for _ in range(_TURNS):
        records = clock.time("reading", partial(_records, library, n))
        smiles = _without(clock, records, encoders[0])
        _with_conformers(clock, records, encoders[1])
        clock.time("facts", partial(compute, smiles, STORED_FACTS))
        clock.time("peer", partial(peer, [record.smiles for record in records]))
    return {
        "records": len(records),
        "molecules": len(smiles),
        "encoders": dict(zip(WAYS, ("small", WITH_3D), strict=False)),
        "rdkit parse + ecfp4, per second": round(len(records) / clock.seconds["peer"]),
        "ways": ways(clock.seconds, len(records)),
        "machine": machine(),
    }


def ways(seconds: dict[str, float], n: int) -> dict[str, list[dict[str, Any]]]:
    """Rate of each stage, its part of its way, and its rate to the peer's."""
    found = {}
    for way, stages in WAYS.items():
        total = sum(seconds[key] for key in stages.values())
        found[way] = [
            {
                "stage": stage,
                "per second": round(n / seconds[key], 1),
                "part": round(seconds[key] / total, 4),
                "to rdkit": round(seconds["peer"] / seconds[key], 4),
            }
            for stage, key in stages.items()
        ]
    return found


def _records(library: Path, n: int) -> list[Record]:
    return list(itertools.islice(iter_records([library], ReadConfig()), n))


def _without(clock: Clock, records: list[Record], encoder: Encoder) -> list[str]:
    """Go the way without conformers; give the parents' SMILES."""
    config, buckets = PrepareConfig(n_conformers=0), encoder.buckets.prepared

    def chemistry() -> pa.Table:
        cuts = range(0, len(records), BLOCK)
        pieces = (records[first : first + BLOCK] for first in cuts)
        blocks = [prepare_block(one, config, buckets, compiled=True) for one in pieces]
        return pa.concat_tables([block_table(block, buckets) for block in blocks])

    prepare_block(records[:1], config, buckets, compiled=True)  # loads the loops, or compiles them
    table = clock.time("chemistry", chemistry)
    clock.time("encoder", partial(encoder.embed_table, table))
    return table.column(PARENT_SMILES).to_pylist()


def _with_conformers(clock: Clock, records: list[Record], encoder: Encoder) -> None:
    config = PrepareConfig()

    def chemistry() -> pa.Table:
        found = [prepare_record(record, config, PREPARED) for record in records]
        return table_of([one for one in found if isinstance(one, Prepared)])

    table = clock.time("chemistry, conformers", chemistry)
    graphs = partial(graphs_of_table, table, encoder.buckets)
    store, _ = clock.time("graphs, conformers", graphs)
    clock.time("encoder, conformers", partial(encoder.encode_store, store))


def main() -> None:
    """Time the stages, keep and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--molecules", type=int, default=2000)
    parser.add_argument("-o", "--output", type=Path, default=Path("results/stages.json"))
    given = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    found = json.dumps(measure(given.library, given.molecules), indent=1)
    write_text(given.output, found + "\n")
    print(found)


if __name__ == "__main__":
    main()
