"""Prefixes in a shard's own axes: their bound holds, and they are whole or the index is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from changes import add, compact, content, drop
from fakes import FakeEncoder, library
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.blocks import CheckedRows
from molsearch.index.merge import merge_indexes
from molsearch.index.plan import IndexPlan
from molsearch.index.reader import open_index
from molsearch.index.size import bytes_by_part
from molsearch.index.vectors import codec, int8, prefix
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index
from molsearch.scoring.plan import plan_of
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine.copied import AskedOnce, CopyBackend

DIM, WIDTH = 24, 8


@pytest.fixture(autouse=True)
def small_shards_too(monkeypatch):
    monkeypatch.setattr(codec, "LEAST_ROWS", 1)


def built(folder: Path, name: str = "i", n: int = 230, **options):
    prepared = library(folder / f"{name}.p", n)
    options = {"shard_rows": 100, "prefix": WIDTH, **options}
    return build_index(prepared, FakeEncoder(dim=DIM), folder / name, **options)


def rows_of(vectors: np.ndarray) -> CheckedRows:
    return CheckedRows(np.array(vectors), Path("unused"), None, 1)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    dim=st.integers(2, 40),
    share=st.floats(0.05, 0.99),
    dtype=st.sampled_from(["float16", "float32"]),
)
def test_axes_are_orthonormal_and_the_rest_is_never_longer_than_said(seed, n, dim, share, dtype):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, dim)) @ np.diag(rng.random(dim) ** 3)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(dtype)
    width = max(1, int(share * dim))
    axes = prefix.principal_axes(rows_of(vectors), width)
    np.testing.assert_allclose(axes @ axes.T, np.eye(width), atol=1e-13)
    block = prefix.encode_prefix(vectors, axes)
    exact = vectors.astype(np.float64)
    rest = np.linalg.norm(exact - exact @ axes.T @ axes, axis=1)
    assert (rest <= block.rest).all()
    assert (block.rest <= rest + 1e-6).all()
    back = block.inside.scale[:, None].astype(np.float64) * block.inside.codes
    wrong = np.linalg.norm(exact @ axes.T - back, axis=1)
    assert (wrong <= block.inside.distance + 1e-12).all()


@pytest.mark.parametrize("n_queries", [1, 4])
def test_no_score_is_further_off_than_its_bound_and_refining_it_helps(tmp_path, n_queries):
    reader = built(tmp_path)
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((n_queries, DIM))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    plan = plan_of(QuerySet(vectors, np.arange(n_queries)), None, None)
    for shard, n_rows in enumerate(reader.shard_rows):
        rows = reader.copy(shard)
        assert rows is not None
        backend = CopyBackend(rows, plan, plan.matrix, AskedOnce(plan.matrix))
        found = backend.score(0, n_rows)
        due = (reader.embeddings(shard).astype(np.float64) @ vectors.T).max(axis=1)
        off = np.abs(found.cosines.numpy()[:, 0] - due)
        assert (off <= found.error).all()
        assert found.largest == found.error.max()
        assert off.max() > 0.01  # or there was nothing to bound
        places = rng.permutation(n_rows)[:20]
        again = backend.refine(places)
        np.testing.assert_allclose(again.cosines[:, 0], due[places], atol=1e-6)


def test_a_larger_part_of_the_rows_lies_in_the_axes_than_in_the_first_dimensions(tmp_path):
    reader = built(tmp_path)
    for shard in range(reader.n_shards):
        vectors = reader.embeddings(shard).astype(np.float64)
        rows = reader.copy(shard)
        inside = ((vectors @ rows.shared["axes"].T) ** 2).sum()
        assert inside > (vectors[:, :WIDTH] ** 2).sum()


def test_it_takes_the_place_of_the_copy_and_less_room(tmp_path):
    full, short = built(tmp_path, "full", prefix=None), built(tmp_path, "short")
    names = [set(shard.files) for shard in short.manifest.shards]
    assert all(one >= set(prefix.FILES) and not one & set(int8.FILES) for one in names)
    room = [bytes_by_part(reader)["one-byte copy"] for reader in (full, short)]
    per_shard = WIDTH * DIM * 8 + 3 * 128  # axes, and the heads of three files
    assert room[1] <= 230 * (WIDTH + 12) + 3 * per_shard
    assert short.recall is None
    np.testing.assert_array_equal(content(full)[1], content(short)[1])
    assert verify_index(short.path).sound


def test_every_change_keeps_it(tmp_path):
    built(tmp_path)
    path = tmp_path / "i"
    reader = add(path, library(tmp_path / "q", 40), encoder=FakeEncoder(dim=DIM))
    assert all(prefix.PREFIX in shard.files for shard in reader.manifest.shards)
    reader = drop(path, ["m00001"])
    assert all(reader.copy(i) is not None for i in range(reader.n_shards))
    reader = compact(path)
    assert all(reader.copy(i) is not None for i in range(reader.n_shards))
    other = built(tmp_path, "other", 50)
    merged = merge_indexes([path, other.path], tmp_path / "both")
    assert merged.manifest.plan.prefix == WIDTH
    assert all(merged.copy(i) is not None for i in range(merged.n_shards))
    assert verify_index(merged.path).sound
    plain = built(tmp_path, "plain", 50, prefix=None)
    with pytest.raises(UsageError, match=r"prefixes of 8.*index both alike"):
        merge_indexes([plain.path, path], tmp_path / "no")


@pytest.mark.parametrize("name", prefix.FILES)
def test_an_altered_copy_is_damage_and_found(tmp_path, name):
    built(tmp_path)
    file = next((tmp_path / "i").rglob(f"shard-00001/{name}"))
    changed = bytearray(file.read_bytes())
    changed[len(changed) // 2] ^= 4
    file.write_bytes(changed)
    assert any(name in problem for problem in verify_index(tmp_path / "i").problems)
    with pytest.raises(IndexCorruptError, match=name):
        read(tmp_path / "i")


def read(path):
    rows = open_index(path).copy(1)
    assert rows is not None
    return rows.rows(0, 100)


def test_a_prefix_as_long_as_the_embedding_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"prefix of 24.*24; leave it out"):
        built(tmp_path, prefix=DIM)


def test_plans_without_one_have_the_bytes_that_they_had():
    plan = IndexPlan(library="l", encoder="e", dim=4, dtype="float16", shard_rows=1, n_rows=1)
    assert json.dumps(plan.model_dump(mode="json")) == (
        '{"format_version": 1, "library": "l", "encoder": "e", "dim": 4, "dtype": "float16", '
        '"shard_rows": 1, "n_rows": 1, "change": null}'
    )
    assert IndexPlan.model_validate(plan.model_dump(mode="json")) == plan


def test_earlier_versions_are_told_that_the_format_is_newer(tmp_path):
    for reader in (built(tmp_path, "i"), built(tmp_path, "plain", prefix=None)):
        plan = json.loads((reader.path / "manifest.json").read_text())["plan"]
        assert plan["format_version"] == (2 if "prefix" in plan else 1)


def test_products_do_not_depend_on_how_many_rows_are_refined(tmp_path):
    reader = built(tmp_path)
    query = QuerySet(reader.embeddings(0)[:1].astype(np.float32), np.array([0]))
    plan = plan_of(query, None, None)
    rows = reader.copy(0)
    assert rows is not None
    backend = CopyBackend(rows, plan, plan.matrix, AskedOnce(plan.matrix))
    one = torch.cat([backend.refine(np.array([i])).cosines for i in range(20)])
    np.testing.assert_allclose(one, backend.refine(np.arange(20)).cosines, atol=1e-6)
