"""Queries of benchmarks that are rows of an index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fakes import FakeEncoder, library
from scripts import script

from molsearch.index.writer import build_index
from molsearch.nn.weights import load_encoder


def test_they_are_rows_of_the_first_shard_from_end_to_end(tmp_path: Path) -> None:
    reader = build_index(library(tmp_path / "p", 30), FakeEncoder(), tmp_path / "i", shard_rows=20)
    vectors, prints = script("benchmarks", "index_queries.py").rows_as_queries(reader, 3)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, reader.embeddings(0)[[0, 9, 19]])
    np.testing.assert_array_equal(prints, reader.fingerprints(0)[[0, 9, 19]])


def test_rarity_is_told_where_the_default_encoder_made_the_index(tmp_path: Path) -> None:
    reference_for = script("benchmarks", "index_queries.py").reference_for
    prepared, encoder = library(tmp_path / "p", 30), load_encoder(device="cpu")
    assert reference_for(build_index(prepared, FakeEncoder(), tmp_path / "other")) is None
    found = reference_for(build_index(prepared, encoder, tmp_path / "own"))
    np.testing.assert_array_equal(found.vectors, encoder.reference)
