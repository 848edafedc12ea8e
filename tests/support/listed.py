"""An index of fake molecules with lists for approximate search."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
from fakes import FakeEncoder, molecule, prepared_set

from molsearch.index.reader import IndexReader
from molsearch.index.writer import build_index
from molsearch.search.ann import measure
from molsearch.service.approximating import approximate
from molsearch.service.events import Emit, silent
from molsearch.service.requests import AnnRequest
from molsearch.service.session import Session


def indexed(folder: Path, n: int = 900, shard_rows: int = 400) -> IndexReader:
    """An index of families: molecules of one have most bits in common."""
    rng = np.random.default_rng(5)
    heads = rng.random((12, 2048)) < 0.02
    outcomes = []
    for number in range(1, n + 1):
        bits = heads[number % 12] ^ (rng.random(2048) < 0.004)
        outcomes.append(molecule(number, ecfp4=np.packbits(bits).tobytes()))
    return build_index(
        prepared_set(folder / "p", outcomes), FakeEncoder(), folder / "i", shard_rows=shard_rows
    )


def make_lists(path: Path, emit: Emit = silent, **options) -> dict:
    """What ``molsearch index ann`` does, with the encoder of the tests and few searches."""
    request = AnnRequest(index=str(path), **options)
    few = {"RANKINGS": (("molsearch", 1), ("balanced", 1)), "_SINGLE": 8}
    with patch.multiple(measure, **few):
        return approximate(request, Session(), emit, FakeEncoder())
