"""The quick Tanimoto similarity against the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.chem.likeness import TANIMOTO_ERROR, TanimotoScan


@pytest.mark.parametrize("n_bytes", [1, 21, 128, 256, 512])
@pytest.mark.parametrize("n_queries", [1, 2, 3, 17, 70])
@pytest.mark.parametrize("density", [0.01, 0.5])
def test_it_is_as_near_as_it_says(n_bytes, n_queries, density):
    rng = np.random.default_rng(n_bytes + n_queries)
    bits = rng.random((500 + n_queries, 8 * n_bytes)) < density
    bits[[0, 500]] = False  # an empty one on either side
    bits[1] = bits[-1]
    packed = np.packbits(bits, axis=1)
    library, queries = packed[:500], packed[500:]
    found = TanimotoScan(queries)(library)
    due = tanimoto_matrix(queries, library).T
    assert found.dtype == np.float32
    assert found.shape == (500, n_queries)
    assert np.abs(found - due).max() < TANIMOTO_ERROR / 4


def test_it_reads_a_part_of_a_mapped_file(tmp_path):
    packed = np.random.default_rng(0).integers(0, 256, (300, 256), dtype=np.uint8)
    np.save(tmp_path / "p.npy", packed)
    mapped = np.load(tmp_path / "p.npy", mmap_mode="r")
    for n_queries in (1, 5):
        found = TanimotoScan(packed[:n_queries])(mapped[17:250])
        due = tanimoto_matrix(packed[:n_queries], packed[17:250]).T
        np.testing.assert_allclose(found, due, atol=TANIMOTO_ERROR)
