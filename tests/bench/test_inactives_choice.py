"""The choice of how inactives count: on worlds whose truth is known, and the committed one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from molsearch.bench import inactives_choice
from molsearch.bundled import path
from molsearch.index.rarity import Reference
from molsearch.scoring.default import WITH_INACTIVES


def _known(rng, n, centre):
    vectors = 0.35 * rng.standard_normal((n, 12)) + centre
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return inactives_choice.Known(vectors, np.packbits(rng.random((n, 2048)) < 0.03, axis=1))


def _world(apart, seed=0):
    """Actives, and inactives that differ from them by one of two directions, or by nothing."""
    rng = np.random.default_rng(seed)
    shared, own = np.eye(12)[0], apart * np.eye(12)[1]
    return inactives_choice.World(
        _known(rng, 24, shared + own), _known(rng, 60, shared - own), _known(rng, 80, 0.0),
        _known(rng, 80, 0.0).vectors,
    )  # fmt: skip


def _judged(world):
    return inactives_choice.judged(world, 4, 12, [np.random.default_rng(n) for n in range(3)])


def test_inactives_that_differ_help_and_others_do_not() -> None:
    def gain(apart, way):
        found = [_judged(_world(apart, seed)) for seed in range(4)]
        assert all(0 <= value <= 1 for one in found for values in one.values() for value in values)
        return np.mean([one[way][1] - one["balanced"][1] for one in found])

    for way in ("and 0.5 × series", "less 1 × cosine"):
        assert gain(0.4, way) > 0.02
        assert gain(0.0, way) < -0.02


def test_rarity_is_part_of_what_they_are_added_to_where_the_encoder_tells_it() -> None:
    world = _world(0.4)
    # The actives' like is common at large: rarity takes from them what it gives the inactives.
    common = Reference(world.actives.vectors.astype(np.float16))
    rare = replace(world, reference=common)
    ways = ("balanced", "and 0.5 × series")
    without, found = (_judged(one) for one in (world, rare))
    assert found.keys() == without.keys()
    for way in ways:
        assert found[way][1] < without[way][1] - 0.02


def test_no_more_than_half_of_a_kind_is_known() -> None:
    world = _world(0.5)
    few = inactives_choice.World(
        world.actives, world.inactives.take(np.arange(3)), world.random, world.background
    )
    assert np.isfinite([*_judged(few).values()]).all()


def test_a_choice_is_judged_by_targets_that_had_no_part_in_it() -> None:
    worlds = [_judged(_world(0.5, seed)) for seed in range(5)]
    values = {name: np.array([world[name] for world in worlds]) for name in worlds[0]}
    told = inactives_choice.chosen(values)
    assert told["nested"]["ratio"][0] > 1.0
    assert told["nested"]["bedroc_80p5"][0] <= told["best"]["bedroc_80p5"][0] + 1e-9
    assert sum(told["nested"]["choices"].values()) == 100
    both = inactives_choice.joined([values, values])
    np.testing.assert_allclose(both["balanced"], values["balanced"])


def _shipped(n_queries):
    shipped = [text for least, text in WITH_INACTIVES if n_queries >= least][-1]
    assert shipped in ("", "0.5*series")
    return shipped


def test_what_ships_gains_on_targets_that_had_no_part_in_the_choice() -> None:
    record = json.loads(path("results", "inactives-choice.json").read_text())
    assert len(record["targets"]) >= 30
    least: dict[int, float] = {}
    for name, case in record["cases"].items():
        n_queries = int(name.split()[0])
        # Among random compounds and among those that were measured.
        low = min(case["nested"]["ratio"][1], case["nested"]["measured_ratio"][1])
        least[n_queries] = min(low, least.get(n_queries, low))
        way = next(one for one in case["ways"] if one["way"] == "and 0.5 × series")
        if _shipped(n_queries):
            assert way["ratio"][1] > 1.0, name
            assert way["measured_ratio"][0] > 1.0, name
    assert {1, 2, 5, 10} <= set(least)
    # What does not ship is not known to gain among both.
    assert all(low < 1.0 for n_queries, low in least.items() if not _shipped(n_queries))
    assert record["all"]["nested"]["wins"] > record["all"]["nested"]["losses"]


@pytest.mark.parametrize("key", ["encoder", "setting", "versions"])
def test_the_file_says_what_made_it(key) -> None:
    record = json.loads(path("results", "inactives-choice.json").read_text())
    assert record[key]
    assert record["encoder"]["name"] == "small-held-out"
