"""No coarse score is further from the exact one than its stated bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from brute import N, queries_of

from molsearch.index.vectors.int8 import Int8
from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.plan import ScanPlan, plan_of
from molsearch.scoring.queryset import QuerySet, coarse
from molsearch.search.engine.copied import AskedOnce, CopyBackend
from molsearch.search.engine.rounding import error_of, error_of_cosines
from molsearch.search.exact import Exact


def test_the_error_bound_holds_for_random_vectors():
    rng = np.random.default_rng(2)
    stored = rng.standard_normal((20_000, 256))
    stored = (stored / np.linalg.norm(stored, axis=1, keepdims=True)).astype(np.float16)
    vector = rng.standard_normal(256)
    queries = QuerySet((vector / np.linalg.norm(vector))[None].astype(np.float32), np.array([0]))
    coarse = torch.from_numpy(stored).float() @ torch.from_numpy(queries.vectors[0])
    due = stored.astype(np.float64) @ queries.vectors[0].astype(np.float64)
    assert np.abs(coarse.numpy() - due).max() < error_of_cosines(queries) / 10


def test_the_error_bound_of_a_blend_holds(readers):
    reader = readers[1000]
    queries = queries_of(1, 5, 1)
    for how in ("max", "mean", "top2"):
        likeness = Likeness(np.array(reader.fingerprints(0)[:5]), 3.0, how)
        blend = Blend(2.0, how, likeness)
        plan = plan_of(replace(queries, fusion=how), blend, None)
        block = reader.embeddings(0)
        products = torch.from_numpy(block.astype(np.float32)) @ plan.matrix
        coarse = plan.finish(plan.reduce(products), reader.fingerprints(0)).numpy()[:, 0]
        exactly = Exact(reader, queries, None, blend)
        due = exactly.keys(exactly.scores(np.arange(N)))
        assert np.abs(coarse - due).max() < error_of(queries, blend, None)
        assert error_of(queries, blend, None) < 1e-3


@pytest.mark.parametrize("kind", ["unit", "one large", "tiny", "equal", "sparse"])
def test_the_error_of_one_byte_products_is_bounded(kind):
    rng = np.random.default_rng(3)
    stored = rng.standard_normal((3000, 256))
    queries = rng.standard_normal((5, 256))
    if kind == "one large":
        stored[:, 7] += 40
        queries[:, 7] += 40
    if kind == "tiny":
        stored[:, 1:] *= 1e-4
    if kind == "equal":
        stored[:] = 1
    if kind == "sparse":
        stored *= rng.random(stored.shape) < 0.02
        stored[:, 0] += 1
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    stored = stored.astype(np.float16)
    asked = QuerySet(queries.astype(np.float32), np.arange(5))
    plan = ScanPlan(coarse(asked, each=True))
    held = _Held(Int8().encode(stored, {}))
    backend = CopyBackend(held, plan, plan.matrix, AskedOnce(plan.matrix))
    found = backend.score(0, len(stored))
    due = stored.astype(np.float64) @ asked.vectors.astype(np.float64).T
    wrong = np.abs(found.cosines.numpy() - due)
    assert (wrong <= found.error[:, None]).all()
    assert found.error.max() == np.float32(found.largest) < 0.05  # of use, not only right


class _Held:
    """Rows in memory in place of a file's."""

    codec, vectors, shared = Int8(), None, {}

    def __init__(self, parts):
        self.parts = parts

    def __len__(self):
        return len(self.parts[""])

    def rows(self, start, stop):
        return {name: part[start:stop] for name, part in self.parts.items()}
