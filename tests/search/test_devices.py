"""Devices give what the processor gives, bit for bit; the same code runs here on the device cpu."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from alike import same
from changes import add
from fakes import FakeEncoder, library, molecule, prepared_set

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.chem.likeness import TANIMOTO_ERROR
from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.vectors import codec
from molsearch.index.writer import build_index
from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.plan import plan_of
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search.engine import Residents, resident, search, search_each, streamed
from molsearch.search.engine.resident import VARIABLE, devices_of, host_block
from molsearch.search.engine.rounding import error_of_cosines
from molsearch.search.engine.tensors import TensorQueries, bit_count, tanimoto
from molsearch.search.exact import dot

CPU = torch.device("cpu")
N = 600
LARGE = 2**30


@pytest.fixture(scope="module", autouse=True)
def small_shards_too():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "LEAST_ROWS", 150)
        yield


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Three shards with a one-byte copy and a small one without; fingerprints repeat."""
    folder = tmp_path_factory.mktemp("devices")
    rng = np.random.default_rng(3)
    outcomes = [
        molecule(i + 1, seed=int(rng.integers(0, 90)), molecule_id=f"id-{(7 * i) % N:04d}")
        for i in range(N)
    ]
    made = build_index(
        prepared_set(folder / "p", outcomes), FakeEncoder(), folder / "i", shard_rows=170
    )
    assert made.shard_rows == [170, 170, 170, 90]
    assert made.copy(0) is not None
    assert made.copy(3) is None
    return made


def vectors(reader, rows):
    stored = np.concatenate([reader.embeddings(s) for s in range(reader.n_shards)])
    return stored[rows].astype(np.float32)


def prints(reader, rows):
    return np.concatenate([reader.fingerprints(s) for s in range(reader.n_shards)])[rows]


def case(reader, kind):
    """Arguments of a search by its kind."""
    rows = [5, 200, 599]
    queries = QuerySet(vectors(reader, rows), np.arange(3))
    one = QuerySet(vectors(reader, [42]), np.arange(1))
    others = QuerySet(vectors(reader, [7, 8]), np.arange(2))
    likeness = Likeness(prints(reader, rows), 2.0)
    out = [np.arange(n) % 3 == 0 for n in reader.shard_rows]
    out[1][:] = True
    return {
        "one query": (one, {}),
        "three queries": (queries, {}),
        "blend of one": (one, {"blend": Blend(1.0, "max", Likeness(prints(reader, [42]), 1.0))}),
        "blend of three": (queries, {"blend": Blend(1.0, "top2", likeness)}),
        "fingerprints alone": (queries, {"blend": Blend(0.0, "max", likeness)}),
        "inactives": (queries, {"against": Against(others, 0.7)}),
        "excluded": (queries, {"excluded": out, "blend": Blend(1.0, "top2", likeness)}),
        "threshold": (queries, {"least": 0.5}),
    }[kind]


KINDS = (
    *("one query", "three queries", "blend of one", "blend of three", "fingerprints alone"),
    *("inactives", "excluded", "threshold"),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("devices", "limit"), [(1, LARGE), (1, 0), (2, LARGE), (1, 90_000)],
    ids=["resident", "streamed", "two devices", "one shard resident"],
)  # fmt: skip
@pytest.mark.parametrize("k", [1, 50, N])
def test_hits_are_those_of_the_processor_bit_for_bit(reader, kind, devices, limit, k):
    queries, more = case(reader, kind)
    residents = Residents([CPU] * devices, limit)
    due = search(reader, queries, k, **more)
    same(search(reader, queries, k, residents=residents, chunk_rows=3, **more), due)
    same(search(reader, queries, k, residents=residents, **more), due)


def test_a_list_for_each_query_is_that_of_the_processor(reader):
    queries, _ = case(reader, "three queries")
    residents = Residents([CPU], LARGE)
    pairs = zip(
        search_each(reader, queries, 20, residents=residents),
        search_each(reader, queries, 20),
        strict=True,
    )
    for found, due in pairs:
        same(found, due)


def test_shards_are_moved_once_and_fingerprints_when_they_are_asked_for(reader):
    residents = Residents([CPU], LARGE)
    queries, _ = case(reader, "one query")
    search(reader, queries, 5, residents=residents)
    search(reader, queries, 50, residents=residents)
    assert residents.n_moved == 4
    without = residents.n_bytes(0)
    assert without == 3 * 170 * (16 + 4) + 90 * 16 * 2
    queries, more = case(reader, "blend of one")
    search(reader, queries, 5, residents=residents, **more)
    search(reader, queries, 5, residents=residents, **more)
    assert residents.n_moved == 8
    assert residents.n_bytes(0) == without + N * 256


def test_another_generation_finds_the_shards_that_it_shares(tmp_path):
    made = build_index(library(tmp_path / "p", 400), FakeEncoder(), tmp_path / "i", shard_rows=200)
    residents = Residents([CPU], LARGE)
    queries = QuerySet(vectors(made, [3]), np.arange(1))
    search(made, queries, 5, residents=residents)
    grown = add(made.path, library(tmp_path / "more", 50, seed=9000))
    found = search(grown, queries, 450, residents=residents)
    assert residents.n_moved == 3
    same(found, search(grown, queries, 450))


def test_what_another_index_left_makes_room_and_own_shards_stay(reader, tmp_path):
    other = build_index(library(tmp_path / "p", 200), FakeEncoder(), tmp_path / "i")
    queries, _ = case(reader, "one query")
    one_shard = 170 * 20
    residents = Residents([CPU], 2 * one_shard + 100)
    search(other, queries, 5, residents=residents)  # takes 200 * 20 bytes
    assert residents.n_moved == 1
    search(reader, queries, 5, residents=residents)
    assert residents.n_moved == 3  # two shards found room, two are streamed
    search(reader, queries, 5, residents=residents)
    assert residents.n_moved == 3
    assert residents.n_bytes(0) <= 2 * one_shard + 100


def test_a_device_with_less_room_than_was_thought_streams(reader, monkeypatch):
    def full(*_):
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(resident, "_empty_like", full)
    residents = Residents([CPU], LARGE)
    queries, more = case(reader, "blend of three")
    due = search(reader, queries, 30, **more)
    same(search(reader, queries, 30, residents=residents, **more), due)
    assert residents.n_moved == 0


@pytest.mark.parametrize("shard", [0, 3])
def test_a_score_is_never_further_from_the_exact_one_than_its_bound(reader, shard):
    rng = np.random.default_rng(0)
    asked = rng.standard_normal((7, 16)).astype(np.float32) * rng.random((7, 1), np.float32)
    queries = QuerySet(asked, np.arange(7))
    plan = plan_of(queries, Blend(fusion="max"), None)
    n_rows = reader.shard_rows[shard]
    block = host_block(reader, shard, 0, n_rows, prints=False, pinned=False)
    found, _ = TensorQueries(plan, CPU).score(block)
    exact = dot(reader.embeddings(shard), asked.astype(np.float64)).max(axis=1)
    width = error_of_cosines(queries)
    if found.error is not None:
        width = width + found.error
    wrong = np.abs(found.cosines.numpy()[:, 0] - exact)
    assert (wrong <= width).all()
    assert found.largest == (0.0 if found.error is None else float(found.error.max()))


def test_bits_are_counted_and_compared_as_the_exact_code_does():
    rng = np.random.default_rng(1)
    packed = rng.integers(0, 256, (40, 256), dtype=np.uint8)
    packed[0], packed[1] = 255, 0
    words = torch.from_numpy(packed.view(np.int32))
    assert bit_count(words).tolist() == np.bitwise_count(packed).sum(axis=1).tolist()
    found = tanimoto(words, words[:3]).numpy()
    due = tanimoto_matrix(packed[:3], packed).T
    due[1, 1] = 0  # two empty ones are unlike here
    assert np.abs(found - due).max() <= TANIMOTO_ERROR


def test_the_next_block_is_read_while_one_is_scored(reader, monkeypatch):
    read = threading.Event()

    def telling(*arguments, **more):
        block = host_block(*arguments, **more)
        if arguments[2] == 50:
            read.set()
        return block

    monkeypatch.setattr(streamed, "host_block", telling)
    blocks = streamed.streamed(reader, 0, [(0, 50), (50, 120), (120, 170)], CPU, prints=True)
    chunk, block = next(blocks)
    assert (chunk, len(block)) == ((0, 50), 50)
    assert read.wait(20)  # nobody has asked for it yet
    rest = list(blocks)
    assert [chunk for chunk, _ in rest] == [(50, 120), (120, 170)]
    codes = reader.copy(0).rows(120, 170)[""]
    assert np.array_equal(rest[1][1].vectors.numpy(), codes)


@pytest.mark.parametrize("limit", [LARGE, 0])
def test_damage_is_found_on_devices_too(tmp_path, limit):
    made = build_index(library(tmp_path / "p", 200), FakeEncoder(), tmp_path / "i")
    path = next(made.path.rglob("int8.npy"))
    content = bytearray(path.read_bytes())
    content[-100] ^= 255
    path.write_bytes(content)
    queries = QuerySet(np.ones((1, 16), np.float32), np.arange(1))
    with pytest.raises(IndexCorruptError, match="altered or damaged"):
        search(made, queries, 5, residents=Residents([CPU], limit))


def test_all_cuda_devices_scan_unless_one_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert [one.index for one in devices_of(torch.device("cuda"))] == [0, 1, 2]
    assert devices_of(torch.device("cuda:1")) == (torch.device("cuda:1"),)
    assert devices_of(CPU) == (CPU,)


@pytest.mark.parametrize(("given", "due"), [("2", 2 * 2**30), ("0.5", 2**29), ("0", 0)])
def test_the_limit_of_a_device_can_be_set(monkeypatch, given, due):
    monkeypatch.setenv(VARIABLE, given)
    assert resident._limit_of([CPU]) == due


@pytest.mark.parametrize("given", ["lots", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(UsageError, match=VARIABLE):
        resident._limit_of([CPU])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_what_the_processor_gives(reader):
    for kind in KINDS:
        queries, more = case(reader, kind)
        same(
            search(reader, queries, 50, device="cuda", **more), search(reader, queries, 50, **more)
        )
