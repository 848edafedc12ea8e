"""bfloat16 on the CPU stands in for CUDA: every network trains, and hardly otherwise."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from families import labelled, method_for, tiny, unlabelled
from molecules import CONFIGS, SMILES, conformer, store_of

from molsearch.nn.committee import network_of
from molsearch.train import loop
from molsearch.train.learner import embed
from molsearch.train.method import F


def _autocast(enabled: bool = True) -> torch.autocast:
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled)


@pytest.mark.parametrize("name", CONFIGS)
def test_embeddings_and_gradients_are_those_of_single_precision(name: str) -> None:
    torch.manual_seed(0)
    network = network_of(CONFIGS[name]).eval()
    store = store_of(SMILES, [None, *[conformer(s) for s in SMILES[1:]]])
    found = []
    for enabled in (False, True):
        network.zero_grad()
        with _autocast(enabled):
            z = embed(network, store, np.arange(len(SMILES)), micro_batch=5)
        assert z.dtype == torch.float32
        assert torch.allclose(z.norm(dim=1), torch.ones(len(z)), atol=1e-5)
        (z @ z.T).square().mean().backward()
        gradients = [p.grad.flatten() for p in network.parameters() if p.grad is not None]
        found.append((z.detach(), torch.cat(gradients)))
        assert torch.isfinite(found[-1][1]).all()
    (z, gradient), (cast, cast_gradient) = found
    # A float32 head on bfloat16 layers: its output rounded to bfloat16 reaches 0.997 alone.
    assert (z * cast).sum(1).min() > 0.9999
    assert not torch.equal(z, cast)
    assert torch.cosine_similarity(gradient, cast_gradient, dim=0) > 0.999


@pytest.mark.parametrize(
    ("attention", "substructure"), itertools.product([False, True], [False, True])
)
def test_a_whole_step_runs_in_bfloat16(tmp_path: Path, attention: bool, substructure: bool) -> None:
    changes = {"attention": attention, "n_heads": 4, "use_substructure": substructure}
    model = {**tiny().model, **changes}
    soft = {"molecules_per_step": 12, "neighbours": 3.0, "supervised": 0.5}
    config = tiny(
        model=model, method="semi_supervised", soft=soft, prototypes=0.5, atom_masking=0.1
    )
    method = method_for(config, labelled(), unlabelled())
    state = loop.start(config, tmp_path, torch.device("cpu"), method.learners, n_targets=3)
    before = state.learners[F].network.head.weight.detach().clone()
    with _autocast():
        report = loop.one_step(state, config, method)
    assert np.isfinite(report.loss)
    for learner in state.learners.values():
        assert all(torch.isfinite(p).all() for p in learner.network.parameters())
        assert all(p.dtype == torch.float32 for p in learner.network.parameters())
    assert not torch.equal(state.learners[F].network.head.weight, before)
