"""A series: what its columns say, how it is split, what a step draws."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.data.series import Series, read_series
from molsearch.data.series_split import CHOOSE, FIT, HELD_OUT, SeriesSampler, split_by_scaffold
from molsearch.errors import InputError


def _table(rows: list[dict[str, str]], keys: list[str] | None = None) -> pa.Table:
    keys = keys or [f"KEY{i}" for i in range(len(rows))]
    return pa.table(
        {
            "inchikey": keys,
            "parent_smiles": [f"C{'C' * i}" for i in range(len(rows))],
            "scaffold": [""] * len(rows),
            "user_columns": [json.dumps(row) for row in rows],
        }
    )


def _values(*texts: str, column: str = "pIC50", **kwargs: object) -> Series:
    return read_series(_table([{column: text} for text in texts]), **kwargs)


def test_values_split_at_the_threshold() -> None:
    series = _values("7.1", "6.0", "5.9", "", threshold=6.0)
    assert series.targets == ["series"]
    assert series.active[:, 0].tolist() == [True, True, False]
    assert series.inactive[:, 0].tolist() == [False, False, True]
    assert series.is_active.tolist() == [True, True, False]


def test_labels_are_read_as_labels() -> None:
    series = _values("Active", "inactive", "ACTIVE", column="label")
    assert series.active[:, 0].tolist() == [True, False, True]
    assert _values("1", "0", "1", column="active").active[:, 0].tolist() == [True, False, True]


def test_without_a_value_every_row_is_active() -> None:
    series = read_series(_table([{"target": "A"}, {"target": "B"}, {"target": ""}]))
    assert series.targets == ["A", "B"]
    assert series.active.tolist() == [[True, False], [False, True]]
    assert not series.inactive.any()


def test_repeats_of_a_parent_take_the_median() -> None:
    rows = [{"pchembl": v, "uniprot": "P1"} for v in ("5", "7", "8", "5.5")]
    series = read_series(_table(rows, ["A", "A", "A", "B"]))
    assert len(series) == 2
    assert series.active[:, 0].tolist() == [True, False]
    tied = read_series(_table([{"label": w} for w in ("active", "inactive", "1")], ["A", "A", "B"]))
    assert tied.active[:, 0].tolist() == [False, True]


def test_columns_are_called_as_the_file_calls_them() -> None:
    rows = [{"Target": "T", "pIC50": "8"}, {"Target": "T", "pIC50": "3"}]
    assert read_series(_table(rows)).columns == ("Target", "pIC50")
    with pytest.raises(InputError, match="column 'pIC50' has none"):
        read_series(_table(rows), threshold=9)
    with pytest.raises(InputError, match="the file has Target, pIC50"):
        read_series(_table(rows), value_column="Ki")


def test_named_columns_win_over_known_ones() -> None:
    rows = [{"value": "1", "x": "8", "target": "T", "y": "U"}, {"value": "1", "x": "3", "y": "V"}]
    series = read_series(_table(rows), value_column="X", target_column="y")
    assert series.targets == ["U", "V"]
    assert series.active.any(1).tolist() == [True, False]


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("25", "140", "3000"), "concentrations"),
        (("7", ">10"), "neither a number"),
        (("4", "5"), "no active molecule"),
    ],
)
def test_values_that_mislead_are_refused(texts: tuple[str, ...], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        _values(*texts)
    with pytest.raises(InputError, match="no column 'nope'"):
        _values("7", value_column="nope")


def test_decimal_commas_are_read_as_points_are() -> None:
    commas, points = _values("7,4", "8,2", "4,9", ""), _values("7.4", "8.2", "4.9", "")
    assert commas.active.any()
    assert np.array_equal(commas.active, points.active)


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(0, 12), min_size=30, max_size=80),
    seed=st.integers(0, 5),
)
def test_split_keeps_scaffolds_whole(groups: list[int], seed: int) -> None:
    names = [f"g{g}" for g in groups]
    active = np.arange(len(names)) % 3 != 0
    try:
        parts = split_by_scaffold(names, active, (0.2, 0.2), seed)
    except InputError:
        return
    for name in set(names):
        assert len({int(p) for p, g in zip(parts, names, strict=True) if g == name}) == 1
    counts = [int(active[parts == part].sum()) for part in (FIT, CHOOSE, HELD_OUT)]
    assert min(counts) >= 2
    assert counts[CHOOSE] <= max(0.4 * active.sum(), 4)
    assert counts[HELD_OUT] <= max(0.4 * active.sum(), 4)
    again = split_by_scaffold(names, active, (0.2, 0.2), seed)
    assert np.array_equal(parts, again)


def test_split_of_too_few_scaffolds_says_so() -> None:
    with pytest.raises(InputError, match="bring more scaffolds"):
        split_by_scaffold(["a"] * 10, np.ones(10, bool), (0.2, 0.2), 0)


def _sampler() -> tuple[Series, SeriesSampler]:
    random = np.random.default_rng(0)
    active = random.random((40, 3)) < [0.5, 0.3, 0.01]
    active[:, 2] = False  # a target without actives
    inactive = ~active & (random.random((40, 3)) < 0.4)
    series = Series(_table([{}] * 40), ["A", "B", "C"], active, inactive)
    rows = np.arange(0, 40, 2)
    return series, SeriesSampler(
        series, rows, np.array([3, 5, 9]), n_pairs=6, n_negatives=8, seed=1
    )


def test_batches_hold_what_they_say() -> None:
    series, sampler = _sampler()
    for step in range(30):
        batch = sampler.draw(step)
        assert (batch.first != batch.second).all()
        drawn = np.concatenate([batch.first, batch.second, batch.inactives])
        assert (drawn % 2 == 0).all()
        assert (series.active[batch.first] & series.active[batch.second]).any(1).all()
        assert set(batch.decoys) == {3, 5, 9}
        n = len(batch.inactives)
        assert n == 4
        assert batch.is_negative[:, n:].all()
        for i in range(6):
            both = np.flatnonzero(series.active[batch.first[i]] & series.active[batch.second[i]])
            for k in np.flatnonzero(batch.is_negative[i, :n]):
                assert series.inactive[batch.inactives[k], both].any()
        expected = (series.active[batch.first][:, None] & series.active[batch.second][None]).any(2)
        assert np.array_equal(batch.shares_target, expected)
        again = sampler.draw(step)
        assert np.array_equal(again.first, batch.first)


def test_series_without_a_pair_is_refused() -> None:
    series = Series(_table([{}] * 2), ["A"], np.array([[True], [False]]), np.zeros((2, 1), bool))
    with pytest.raises(InputError, match="two actives"):
        SeriesSampler(series, np.arange(2), np.arange(1), n_pairs=2, n_negatives=2, seed=0)


def test_outcomes_of_pubchem_are_labels():
    series = _values("Active", "Probe", "Inactive", "Inconclusive", column="label")
    assert series.active[:, 0].tolist() == [True, True, False]
    assert series.inactive[:, 0].tolist() == [False, False, True]
