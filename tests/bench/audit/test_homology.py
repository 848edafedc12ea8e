"""Tiers of sequence identity between a benchmark's targets and those trained on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from molsearch.bench.audit.homology import IDENTITY_TIERS, Homology, load_homology


def _row(uniprot: str, group_40: str, group_90: str, **found: object) -> dict[str, object]:
    empty = {f"{kind}_{one}": None for kind in ("id", "nearest") for one in SETS}
    return {"uniprot": uniprot, "cluster_40": group_40, "cluster_90": group_90, **empty, **found}


SETS = ("dude", "litpcba", "muv", "dev")
ROWS = [
    _row("TRAINED1", "g1", "h1", id_dude=0.95, nearest_dude="CLOSE"),
    _row("TRAINED2", "g2", "h2", id_dude=0.5, nearest_dude="KIN", id_muv=0.3, nearest_muv="FAR"),
    _row("TRAINED3", "g2", "h3", id_dude=0.45, nearest_dude="KIN"),
    _row("OTHER", "g9", "h9", id_dude=0.99, nearest_dude="FAR"),  # not trained on
    _row("CLOSE", "g4", "h4"),
    _row("KIN", "g5", "h5"),
    _row("COUSIN", "g2", "h6"),
    _row("TWIN", "g7", "h1"),
    _row("FAR", "g8", "h8"),
    _row("NOSEQ", None, None),
]


@pytest.fixture
def homology(tmp_path: Path) -> Homology:
    path = tmp_path / "target_homology.parquet"
    pd.DataFrame(ROWS).to_parquet(path)
    found = load_homology(path, ["TRAINED1", "TRAINED2", "TRAINED3"])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("target", "tier"),
    [
        ("TRAINED2", "> 0.9"),  # the target itself
        ("CLOSE", "> 0.9"),
        ("KIN", "0.4–0.9"),
        ("COUSIN", "0.4–0.9"),  # nearest of nobody, of a training target's group
        ("TWIN", "> 0.9"),
        ("FAR", "≤ 0.4"),  # what is close to it was not trained on
        ("NOSEQ", None),
        ("UNHEARD", None),
    ],
)
def test_each_target_has_the_tier_of_its_nearest(
    homology: Homology, target: str, tier: str | None
) -> None:
    assert homology.tier(target) == tier


def test_exactly_at_a_bound_is_the_lower_tier(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    rows = [_row("T", "a", "a", id_dev=0.9, nearest_dev="X"), _row("X", "b", "b")]
    pd.DataFrame(rows).to_parquet(path)
    found = load_homology(path, ["T"])
    assert found is not None
    assert found.tier("X") == "0.4–0.9"
    assert list(IDENTITY_TIERS) == ["> 0.9", "0.4–0.9", "≤ 0.4"]


def test_without_a_table_nothing_is_said(tmp_path: Path) -> None:
    assert load_homology(tmp_path / "none.parquet", ["T"]) is None
