"""Codecs of one's own: exact with a bound, approximate without, refused where wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from brute import brute_force, made, numbers_of, queries_of
from changes import add, compact, content, drop
from fakes import FakeEncoder, library

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.approximate import approximate
from molsearch.index.merge import merge_indexes
from molsearch.index.reader import open_index
from molsearch.index.vectors.codec import Codec
from molsearch.index.vectors.registry import CODECS, add_codec, storage_of
from molsearch.index.verify import verify_index
from molsearch.index.writer import build_index
from molsearch.search.engine import search


class Halves(Codec):
    """Steps of an eighth, two arrays, and one that all rows of a shard share."""

    name = "half-steps"
    least_rows = 1

    def layout(self, dim):
        return {"codes": (dim, "int8"), "rest": (1, "float32")}

    def shared(self, vectors):
        return {"middle": vectors.rows(0, len(vectors)).astype(np.float64).mean(axis=0)[None]}

    def encode(self, vectors, shared):
        left = vectors.astype(np.float64) - shared["middle"]
        codes = np.rint(left * 8)
        rest = np.linalg.norm(left - codes / 8, axis=1, keepdims=True)
        return {"codes": codes.astype(np.int8), "rest": (rest * 1.001).astype(np.float32)}

    def asked(self, matrix, shared):
        return Products(matrix, shared["middle"])


@dataclass
class Products:
    matrix: np.ndarray
    middle: np.ndarray

    def products(self, parts):
        rows = self.middle + parts["codes"].astype(np.float64) / 8
        longest = np.linalg.norm(self.matrix, axis=0).max()
        found = (rows @ self.matrix).astype(np.float32)
        return found, np.asarray(parts["rest"][:, 0] * longest + 1e-5, np.float32)


class Unbounded(Halves):
    name = "no-bound"
    bounded = False


class Boastful(Halves):
    name = "boastful"

    def asked(self, matrix, shared):
        class Asked(Products):
            def products(self, parts):
                found, error = super().products(parts)
                return found, error / 1000

        return Asked(matrix, shared["middle"])


class Silent(Halves):
    name = "silent"

    def asked(self, matrix, shared):
        class Asked(Products):
            def products(self, parts):
                return super().products(parts)[0], None

        return Asked(matrix, shared["middle"])


class Other(Halves):
    name = "other"

    def encode(self, vectors, shared):
        return {**super().encode(vectors, shared), "rest": np.zeros((len(vectors), 2), np.float32)}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr("molsearch.index.vectors.registry.CODECS", CODECS := dict(_before))
    for one in (Halves(), Unbounded(), Boastful(), Silent(), Other()):
        add_codec(one)
    return CODECS


_before = dict(CODECS)


@pytest.mark.parametrize("n_queries", [1, 4])
@pytest.mark.parametrize("k", [1, 30, 400])
def test_a_bound_makes_the_list_that_of_brute_force(tmp_path, n_queries, k):
    reader = made(tmp_path, 200, stored={"codec": "half-steps"})
    assert reader.copy(0).codec.name == "half-steps"
    queries = queries_of(k, n_queries, 2)
    found = search(reader, queries, k, chunk_rows=64)
    numbers, scores, _ = brute_force(reader, queries, k)
    assert numbers_of(reader, found) == numbers
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-12)
    assert reader.recall is approximate(reader) is None


def test_without_one_scores_are_exact_and_the_list_is_called_approximate(tmp_path):
    reader = made(tmp_path, 200, stored={"codec": "no-bound"})
    queries = queries_of(5, 1, 1)
    found = search(reader, queries, 30)
    numbers, scores, _ = brute_force(reader, queries, 700)
    due = dict(zip(numbers, scores, strict=True))
    names = numbers_of(reader, found)
    assert len(set(names)) == 30
    np.testing.assert_allclose(found.scores, [due[one] for one in names], rtol=0, atol=1e-12)
    assert len(set(names) & set(numbers[:30])) >= 20
    assert 0.5 < reader.recall <= 1
    assert "no-bound) states no bound" in approximate(reader)


@pytest.mark.parametrize(
    ("codec", "why"),
    [
        ("boastful", r"boastful states a bound of .* off by .* a search would miss hits"),
        ("silent", "silent says that it has a bound, and states none"),
        ("other", r"other says that it makes rest of float32 \[\d+, 1\], and made float32"),
    ],
)
def test_one_that_does_not_do_what_it_says_is_refused_and_nothing_is_left(tmp_path, codec, why):
    with pytest.raises(UsageError, match=why):
        made(tmp_path, 200, stored={"codec": codec})
    assert not (tmp_path / "i" / "manifest.json").exists()


def test_every_change_keeps_it(tmp_path):
    def built(name, n):
        prepared = library(tmp_path / f"{name}.p", n)
        return build_index(
            prepared, FakeEncoder(), tmp_path / name, shard_rows=100, codec="half-steps"
        )

    built("i", 230)
    path = tmp_path / "i"
    add(path, library(tmp_path / "q", 40))
    drop(path, ["m00001"])
    reader = compact(path)
    merged = merge_indexes([path, built("other", 50).path], tmp_path / "both")
    for one in (reader, merged):
        assert all(one.copy(i).codec.name == "half-steps" for i in range(one.n_shards))
        assert verify_index(one.path).sound
    assert "half_steps_codes.npy" in merged.manifest.shards[0].files


def test_where_it_is_not_known_rows_are_scanned_and_nothing_is_changed(tmp_path, known):
    reader = made(tmp_path, 200, stored={"codec": "no-bound"})
    known.pop("no-bound")
    reader = open_index(reader.path)
    queries = queries_of(5, 1, 1)
    with pytest.warns(UserWarning, match=r"no codec 'no-bound' here.*without its copies"):
        found = search(reader, queries, 30)
    assert numbers_of(reader, found) == brute_force(reader, queries, 30)[0]
    assert approximate(reader) is None  # for these are exact
    before = content(reader)
    with pytest.raises(UsageError, match="no codec 'no-bound' here"):
        drop(reader.path, ["id-0001"])
    assert content(open_index(reader.path))[0] == before[0]
    assert not list(reader.path.glob("generations/000002"))


def test_a_later_version_of_it_refuses_what_an_earlier_one_wrote(tmp_path, known, monkeypatch):
    path = made(tmp_path, 200, stored={"codec": "half-steps"}).path
    monkeypatch.setattr(Halves, "version", 2)
    with pytest.raises(IndexCorruptError, match=r"version 1 of the codec half-steps.*now at 2"):
        open_index(path).copy(0)


@pytest.mark.parametrize("part", ["codes", "rest", "middle"])
def test_an_altered_copy_is_damage(tmp_path, part):
    reader = made(tmp_path, 200, stored={"codec": "half-steps"})
    file = next(reader.path.rglob(f"shard-00000/half_steps_{part}.npy"))
    content = bytearray(file.read_bytes())
    content[-3] ^= 4
    file.write_bytes(content)
    assert any(part in problem for problem in verify_index(reader.path).problems)
    with pytest.raises(IndexCorruptError, match=part):
        search(open_index(reader.path), queries_of(5, 1, 1), 10)


def test_a_copy_that_names_a_file_elsewhere_is_damage(tmp_path, monkeypatch):
    from molsearch.index.vectors import copies

    reader = made(tmp_path, 200, stored={"codec": "half-steps"})
    about = next(reader.path.rglob("shard-00000/half_steps.json"))
    found = copies.read_model(about, copies.CopyAbout)
    sums = {**found.files, "half_steps_../../x.npy": "0" * 16}
    copies.write_model(about, found.model_copy(update={"files": sums}))
    with pytest.raises(IndexCorruptError, match="no file of a copy"):
        reader.copy(0)


def test_names_that_are_taken_or_unfit_are_refused():
    for name in ("full", "int8", "prefix", "embeddings", "prefix-64"):
        with pytest.raises(UsageError, match="already"):
            add_codec(type("Mine", (Halves,), {"name": name})())
    for name in ("", "Mine", "../x", "a b", "-a"):
        with pytest.raises(UsageError, match="no name of a codec"):
            add_codec(type("Mine", (Halves,), {"name": name})())
    with pytest.raises(UsageError, match=r"no storage 'zip'; it is one of full, .*, half-steps"):
        storage_of("zip")


def test_earlier_versions_are_told_that_the_format_is_newer(tmp_path):
    path = made(tmp_path, 200, stored={"codec": "half-steps"}).path
    plan = json.loads((path / "manifest.json").read_text())["plan"]
    assert (plan["format_version"], plan["codec"], "prefix" in plan) == (3, "half-steps", False)
