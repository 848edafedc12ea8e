"""A card finds what the processor finds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from brute import queries_of

from molsearch.scoring.queryset import Against
from molsearch.search.engine import search


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_same_hits(readers):
    queries = queries_of(8, 3, 2)
    cpu = search(readers[128], queries, 300)
    cuda = search(readers[128], queries, 300, device="cuda")
    assert np.array_equal(cpu.rows, cuda.rows)
    assert np.array_equal(cpu.shards, cuda.shards)
    assert np.array_equal(cpu.scores, cuda.scores)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_lowers_ranks_alike(readers):
    against = Against(queries_of(9, 4, 2), 0.7)
    cpu = search(readers[128], queries_of(8, 3, 2), 300, against=against)
    cuda = search(readers[128], queries_of(8, 3, 2), 300, against=against, device="cuda")
    assert np.array_equal(cpu.rows, cuda.rows)
    assert np.array_equal(cpu.shards, cuda.shards)
