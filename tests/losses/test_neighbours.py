from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from molsearch.errors import UsageError
from molsearch.losses.neighbours import regularisation_for
from molsearch.losses.plan_stats import plan_statistics
from molsearch.losses.transport import soft_labels


def clustered(n, size=4, noise=0.7):
    generator = torch.Generator().manual_seed(n)
    centres = torch.randn(n // size, 32, generator=generator)
    rows = centres[torch.arange(n) % len(centres)]
    return F.normalize(rows + noise * torch.randn(n, 32, generator=generator), dim=1)


@pytest.mark.parametrize("kind", ["smooth", "entropic"])
@pytest.mark.parametrize("n", [32, 128, 256])
@pytest.mark.parametrize("wanted", [1.5, 4.0, 12.0])
def test_the_number_of_neighbours_stays_as_the_batch_grows(n, wanted, kind):
    rows = clustered(n)
    product = regularisation_for(rows, wanted, kind=kind)
    found = plan_statistics(soft_labels(rows, regularisation=product, kind=kind).plan)
    assert found.neighbours == pytest.approx(wanted, rel=0.011)


def test_a_fixed_product_means_more_neighbours_in_a_larger_batch():
    found = [
        plan_statistics(soft_labels(clustered(n), regularisation=5.0).plan).neighbours
        for n in (32, 128, 512)
    ]
    assert found[0] < found[1] < found[2]
    assert found[2] > 1.5 * found[0]
    products = [regularisation_for(clustered(n), 4.0) for n in (32, 128, 512)]
    assert products[0] > products[1] > products[2]


def test_batches_are_averaged():
    batches = torch.stack([clustered(32), clustered(32, size=8)])
    product = regularisation_for(batches, 4.0)
    found = plan_statistics(soft_labels(batches, regularisation=product).plan)
    assert found.neighbours == pytest.approx(4.0, rel=0.011)


def test_duplicates_beyond_the_wanted_number_give_the_lowest_product():
    rows = torch.eye(4).repeat_interleave(8, 0)
    assert regularisation_for(rows, 2.0) < 1.1e-4


@pytest.mark.parametrize("wanted", [1.0, 32.0, float("nan")])
def test_impossible_numbers_are_refused(wanted):
    with pytest.raises(UsageError, match="neighbours"):
        regularisation_for(clustered(32), wanted)
