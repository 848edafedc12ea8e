"""One pass in machine code: when it is taken, and that it finds what arrays of scores find."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from brute import N, made, numbers_of, queries_of

from molsearch.index.rarity import Reference
from molsearch.index.vectors import codec
from molsearch.scoring.blend import Blend, Likeness, Rarity
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search import engine
from molsearch.search.engine import Wanted, fused, search, search_each, search_lists
from molsearch.search.engine.fused import FusedSieve


@pytest.fixture(scope="module", autouse=True)
def _with_and_without_machine_code():
    """Not all of a module in one way, then in the other."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Seven shards with copies of a byte a dimension."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "LEAST_ROWS", 1)
        yield made(tmp_path_factory.mktemp("fused"), 100)


@pytest.fixture
def passes(monkeypatch):
    """Calls of the machine code."""
    seen = []
    before = FusedSieve.passed
    monkeypatch.setattr(FusedSieve, "passed", lambda *of: seen.append(1) or before(*of))
    return seen


def both(monkeypatch, run):
    """What is found in one pass, and by arrays of scores."""
    found = []
    for rows in (0, 10**18):
        monkeypatch.setattr(fused, "FUSED_ROWS", rows)
        found.append(run())
    return found


def same(one, other):
    for name in ("shards", "rows", "scores", "query_scores", "likeness", "rarity"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("n_queries", [1, 5])
@pytest.mark.parametrize("fusion", ["max", "mean", "top2"])
def test_the_same_is_found_bit_for_bit(reader, monkeypatch, passes, n_threads, n_queries, fusion):
    queries = queries_of(3, n_queries, 1, fusion=fusion)
    packed = np.array(reader.fingerprints(1)[:n_queries])
    packed[0] = 0
    rng = np.random.default_rng(0)
    masks = [rng.random(rows) < 0.4 for rows in reader.shard_rows]
    masks[2][:] = True
    blend = Blend(0.7, fusion, Likeness(packed, 2.0, fusion))
    rarity = Rarity(Reference(queries_of(9, 20, 1).vectors.astype(np.float16)), 0.8)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        for more in (
            {},
            {"blend": blend},
            {"blend": Blend(0.0, fusion, Likeness(packed, 1.0, fusion)), "excluded": masks},
            {"excluded": masks, "least": 0.1},
            {"blend": replace(blend, rarity=rarity), "against": Against(queries_of(5, 2, 1), 0.3)},
            {"blend": Blend(1.0, fusion, None, rarity), "excluded": masks},
            {"blend": blend, "least": 0.9, "against": Against(queries_of(4, 3, 1), 0.6)},
        ):
            for k in (1, 60, N):
                passes.clear()
                same(*both(monkeypatch, lambda k=k, more=more: search(reader, queries, k, **more)))
                assert passes
    finally:
        torch.set_num_threads(before)


def test_lists_of_one_pass_are_the_same_too(reader, monkeypatch, passes):
    packed = np.array(reader.fingerprints(0)[:3])
    reference = Reference(queries_of(9, 20, 1).vectors.astype(np.float16))
    wanted = [
        Wanted(queries_of(1, 2, 1), 30, Blend(1.0, "max", Likeness(packed[:2], 0.5, "mean"))),
        Wanted(queries_of(2, 1, 1), 9, None, 0.2),
        Wanted(queries_of(3, 1, 1), 50, Blend(0.3, "max", Likeness(packed[2:], 1.0))),
        Wanted(queries_of(4, 1, 1), 50, Blend(0.3, rarity=Rarity(reference, 0.5))),
    ]
    for one, other in zip(*both(monkeypatch, lambda: search_lists(reader, wanted)), strict=True):
        same(one, other)
    for one, other in zip(
        *both(monkeypatch, lambda: search_each(reader, queries_of(5, 4, 1), 20)), strict=True
    ):
        same(one, other)
    assert passes


def test_what_no_recipe_says_is_scored_by_arrays(reader, monkeypatch, passes):
    monkeypatch.setattr(fused, "FUSED_ROWS", 0)
    search(reader, queries_of(1, 2, 3, conformer_fusion="max"), 5)
    search(reader, queries_of(1, fused.MOST_COLUMNS + 1, 1), 5)
    assert not passes
    search(reader, queries_of(1, fused.MOST_COLUMNS, 1), 5)
    assert passes


def test_machine_code_is_loaded_once_its_time_could_have_been_saved(monkeypatch):
    monkeypatch.setattr(fused, "FUSED_ROWS", 1000)
    monkeypatch.setattr(fused._Scanned, "rows", 0)
    assert fused.kernels_for(600) is None
    assert fused.kernels_for(400) is None
    assert fused.kernels_for(1) is not None


def test_without_numba_the_same_is_found(reader, monkeypatch, passes):
    monkeypatch.setattr(fused, "FUSED_ROWS", 0)
    queries = queries_of(1, 2, 1)
    due = search(reader, queries, 40)
    assert passes
    passes.clear()
    monkeypatch.delattr(engine, "kernels")
    monkeypatch.setitem(sys.modules, "molsearch.search.engine.kernels", None)
    fused._kernels.cache_clear()
    try:
        same(search(reader, queries, 40), due)
        assert not passes
    finally:
        monkeypatch.undo()
        fused._kernels.cache_clear()


def test_copies_of_a_query_tie_by_id(reader, monkeypatch):
    monkeypatch.setattr(fused, "FUSED_ROWS", 0)
    vector = reader.embeddings(0)[:1].astype(np.float32)
    found = search(reader, QuerySet(vector, np.array([0])), N)
    ids = reader.take(found.shards, found.rows, ["molecule_id", "record_number"]).to_pydict()
    keys = list(zip(-found.scores, *ids.values(), strict=True))
    assert keys == sorted(keys)
    assert len(numbers_of(reader, found)) == N


_USE = """
import sys
sys.path[:0] = {path!r}
import numpy as np
from molsearch.index.vectors.int8 import Int8
from molsearch.search.engine import fused
assert "numba" not in sys.modules
fused.FUSED_ROWS = 0
kernels = fused.kernels_for(1)
assert kernels is not None
print(kernels.__file__, len(kernels.reaching.stats.cache_hits))
"""


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["writable", "none"])
def test_processes_that_begin_together_all_get_it(tmp_path, cache):
    """With a folder for what is compiled, and with none that can be written to."""
    folder = tmp_path / "cache"
    folder.mkdir()
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder)}
    if cache == "none":
        (tmp_path / "file").touch()
        environment["XDG_CACHE_HOME"] = str(tmp_path / "file" / "no folder")
    command = [sys.executable, "-c", _USE.format(path=sys.path)]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for one in running:
        assert one.communicate(timeout=240)[0]
        assert one.returncode == 0
    assert any(folder.rglob("*.nbc")) is (cache == "writable")


def test_threads_that_begin_together_share_one(monkeypatch):
    monkeypatch.setattr(fused, "FUSED_ROWS", 0)
    fused._kernels.cache_clear()
    found = []
    threads = [threading.Thread(target=lambda: found.append(fused.kernels_for(1))) for _ in "abcd"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert None not in found
    assert len(set(map(id, found))) == 1
