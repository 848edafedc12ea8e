"""Indexes that are stored in every way."""

from __future__ import annotations

import pytest
from brute import STORED, made

from molsearch.index.vectors import codec, int8
from molsearch.search.engine import fused


@pytest.fixture(scope="module", autouse=True)
def _small_shards_too():
    """Shards of any size have their one-byte copies here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "LEAST_ROWS", 1)
        yield


@pytest.fixture(scope="module", autouse=True, params=["one pass", "arrays"])
def _with_and_without_machine_code(request):
    """Rows of a byte a dimension are scanned in both ways."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "FUSED_ROWS", 0 if request.param == "one pass" else 10**18)
        yield


@pytest.fixture(scope="session")
def readers(tmp_path_factory):
    """See `STORED`."""
    folder = tmp_path_factory.mktemp("engine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "LEAST_ROWS", 10**9)
        found = {rows: made(folder / str(rows), rows) for rows in (1000, 60)}
        patch.setattr(codec, "LEAST_ROWS", 1)
        found[1000]._copies.update(dict.fromkeys(range(found[1000].n_shards)))
        for rows in (128, 90, 250, 200):
            found[rows] = made(folder / str(rows), rows, stored=STORED[rows])
    assert found[128].manifest.shards[0].files.keys() >= set(int8.FILES)
    assert not found[60].manifest.shards[0].files.keys() & set(int8.FILES)
    return found
