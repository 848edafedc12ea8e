"""A library that engines search, and what float64 brute force finds in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fakes import FakeEncoder, molecule, prepared_set
from hypothesis import HealthCheck, settings

from molsearch.index.reader import IndexReader
from molsearch.index.writer import build_index
from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import QuerySet

N = 700


def examples(most: int) -> settings:
    """Settings of tests that share an index among their examples, which changes nothing in it."""
    return settings(
        max_examples=most,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


# How embeddings are stored, by the rows of a shard.
STORED = {
    1000: {},  # as they are
    128: {},  # with a copy of a byte a dimension, made with the index
    60: {},  # with one that is made when it is asked for
    90: {"prefix": 5},
    250: {"prefix": 11, "dtype": "float32"},
    200: {"dtype": "int8"},
}


def made(
    folder: Path, shard_rows: int, n: int = N, stored: dict | None = None, **changes
) -> IndexReader:
    """An index whose fingerprints repeat (ties) and whose ids are not in file order."""
    rng = np.random.default_rng(3)
    ids = rng.permutation(n)
    prepared = prepared_set(
        folder / "p",
        [
            molecule(
                i + 1,
                seed=int(rng.integers(0, 150)) if i % 3 else i + 1000,
                molecule_id=f"id-{ids[i] % (n - 50):04d}",
                **changes,
            )
            for i in range(n)
        ],
    )
    return build_index(
        prepared, FakeEncoder(), folder / "i", shard_rows=shard_rows, **(stored or {})
    )


def queries_of(seed: int, n_queries: int, n_conformers: int, **fusion) -> QuerySet:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_queries), n_conformers)
    vectors = rng.standard_normal((len(groups), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return QuerySet(vectors.astype(np.float32), groups, **fusion)


def brute_force(reader: IndexReader, queries: QuerySet, k: int):
    """Every row scored in float64 by NumPy, sorted by score, id and record number."""
    stored = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    products = stored.astype(np.float64) @ queries.vectors.astype(np.float64).T
    kind = {
        "max": np.max,
        "mean": np.mean,
        "top2": lambda m, axis: np.sort(m, axis=axis)[:, -2:].mean(axis=axis),
    }
    per_query = np.stack(
        [
            kind[queries.conformer_fusion](products[:, queries.groups == q], axis=1)
            for q in range(queries.n_queries)
        ],
        axis=1,
    )
    scores = kind[queries.fusion](per_query, axis=1)
    records = [
        reader.records(i).read(["molecule_id", "record_number"]) for i in range(reader.n_shards)
    ]
    ids = [v for table in records for v in table.column(0).to_pylist()]
    numbers = [v for table in records for v in table.column(1).to_pylist()]
    # Products of equal rows differ in the last bits: what differs by less than 1e-12 is equal.
    order = sorted(range(len(ids)), key=lambda i: (-round(scores[i], 12), ids[i], numbers[i]))[:k]
    return [numbers[i] for i in order], scores[order], per_query[order]


def blended(reader: IndexReader, queries: QuerySet, blend: Blend, k: int):
    """Every row scored by NumPy in float64: fingerprints as sets of bits, rarity row by row."""
    kinds = {
        "max": lambda m: m.max(axis=1),
        "mean": lambda m: m.mean(axis=1),
        "top2": lambda m: np.sort(m, axis=1)[:, -2:].mean(axis=1),
    }
    numbers, _, cosines = brute_force(reader, queries, N)
    total = blend.embedding * kinds[blend.fusion](cosines)
    stored = np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])
    columns = [reader.records(i).read(["molecule_id", "record_number"]).to_pydict()
               for i in range(reader.n_shards)]  # fmt: skip
    rows = [n for table in columns for n in table["record_number"]]
    ids = dict(zip(rows, [v for table in columns for v in table["molecule_id"]], strict=True))
    place = {number: row for row, number in enumerate(rows)}
    if blend.likeness is not None:
        mine = np.unpackbits(stored, axis=1)[[place[n] for n in numbers]].astype(bool)
        asked = np.unpackbits(blend.likeness.packed, axis=1).astype(bool)
        similar = np.stack(
            [(mine & one).sum(axis=1) / np.maximum((mine | one).sum(axis=1), 1) for one in asked],
            axis=1,
        )
        total = total + blend.likeness.weight * kinds[blend.likeness.fusion](similar)
    if blend.rarity is not None:
        # In float64 from there on; that it is near its formula tests/index/test_rarity.py says.
        vectors = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
        told = [float(blend.rarity.reference.rarity(row[None])[0]) for row in vectors]
        total = total + blend.rarity.weight * np.array(told)[[place[n] for n in numbers]]
    key = {number: round(score, 12) for number, score in zip(numbers, total, strict=True)}
    order = sorted(numbers, key=lambda n: (-key[n], ids[n], n))[:k]
    return order, [key[n] for n in order]


def numbers_of(reader: IndexReader, found) -> list[int]:
    table = reader.take(found.shards, found.rows, ["record_number"])
    return table.column(0).to_pylist()
