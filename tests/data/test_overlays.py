"""Tables of overlays: which pairs, how alike, and that a run that stopped goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
from families import ACIDS, AMINES, SULFONAMIDES
from molecules import conformer

from molsearch.chem.fingerprints import ecfp4_of_smiles, tanimoto
from molsearch.chem.shapes import overlaid, references, starts, with_geometry
from molsearch.data import overlays
from molsearch.data.activities import Activities
from molsearch.data.overlay_pairs import OverlayPairs, read_overlays
from molsearch.data.overlays import OverlaySettings, make_overlays
from molsearch.errors import InputError, UsageError

SMILES = ACIDS + AMINES + SULFONAMIDES
ACTIVITIES = Activities(
    SMILES, SMILES, ["a", "b", "c"], sparse.csr_matrix(np.kron(np.eye(3), np.ones((4, 1))) > 0)
)
PACKED = {s: np.ascontiguousarray(conformer(s), "<i2").tobytes() for s in SMILES[1:]}


def _made(folder: Path, **changes: Any) -> tuple[pd.DataFrame, overlays.Made]:
    settings = OverlaySettings(**{"anchors": 12, "partners": 3, "below": 0.5, **changes})
    done = make_overlays(ACTIVITIES, PACKED, folder / "o.parquet", settings)
    return pd.read_parquet(folder / "o.parquet"), done


def test_pairs_are_unlike_in_bonds_and_have_the_best_overlay_of_all_poses(tmp_path: Path) -> None:
    table, done = _made(tmp_path)
    assert done.pairs == len(table)
    assert (done.failed, done.alone) == (0, 11 - table["first"].nunique())
    assert SMILES[0] not in {*table["first"], *table["second"]}  # it has no conformer
    assert (table.groupby("first").size() <= 3).all()
    for row in table.sample(6, random_state=1).itertuples():
        one, other = (
            with_geometry(s, np.frombuffer(PACKED[s], "<i2").reshape(1, -1, 3))
            for s in (row.first, row.second)
        )
        best = max(overlaid(references(one)[0], pose) for pose in starts(other, 2)) / 2
        assert row.overlay == pytest.approx(best, abs=1e-5)
        alike = tanimoto(ecfp4_of_smiles(row.first), ecfp4_of_smiles(row.second)[None])[0]
        assert row.ecfp4 == pytest.approx(float(alike))
        assert row.first != row.second
        assert row.ecfp4 < 0.5
    assert not list(tmp_path.glob("*.parts"))


def test_partners_are_sought_among_own_targets_in_the_wanted_share(tmp_path: Path) -> None:
    family = {s: i // 4 for i, s in enumerate(SMILES)}
    shares = []
    for hops in (0.0, 1.0):
        table, _ = _made(tmp_path, hops=hops, below=1.0)
        shares.append((table["first"].map(family) == table["second"].map(family)).mean())
    assert shares[1] == 1.0
    assert shares[0] < 0.5


def test_a_run_that_stopped_goes_on_and_ends_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlays, "_PART", 3)
    whole, _ = _made(tmp_path)
    (tmp_path / "o.parquet").unlink()

    class Stopped(Exception):
        """What a user's interrupt stands for."""

    def stop(done: int, total: int) -> None:
        if done >= 6:
            raise Stopped

    settings = OverlaySettings(anchors=12, partners=3, below=0.5)
    with pytest.raises(Stopped):
        make_overlays(ACTIVITIES, PACKED, tmp_path / "o.parquet", settings, on_progress=stop)
    parts = sorted((tmp_path / "o.parquet.parts").glob("part-*.parquet"))
    assert len(parts) >= 2
    before = parts[0].stat().st_mtime_ns
    with pytest.raises(UsageError, match="other settings or data; remove it"):
        _made(tmp_path, seed=3)
    seen = []
    monkeypatch.setattr(
        overlays.parquet,
        "write",
        lambda table, path, write=overlays.parquet.write: (seen.append(path), write(table, path)),
    )
    again, _ = _made(tmp_path)
    assert parts[0] not in seen
    assert before
    pd.testing.assert_frame_equal(again, whole)


def test_pairs_that_cannot_be_overlaid_are_counted(tmp_path: Path) -> None:
    broken = {**PACKED, SMILES[5]: b"\0" * 6}
    settings = OverlaySettings(anchors=12, partners=11, below=1.0, hops=0.0)
    done = make_overlays(ACTIVITIES, broken, tmp_path / "o.parquet", settings)
    table = pd.read_parquet(tmp_path / "o.parquet")
    assert done.failed > 0
    assert SMILES[5] not in {*table["first"], *table["second"]}
    assert table["overlay"].notna().all()


def test_without_conformers_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fewer than two molecules"):
        make_overlays(ACTIVITIES, {}, tmp_path / "o.parquet", OverlaySettings())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [("b", "a", 0.5), ("a", "b", 0.4), ("x", "a", 0.9), ("a", "c", 0.7), ("b", "c", None)]
    path = tmp_path / "o.csv"
    pd.DataFrame(rows, columns=["first", "second", "overlay"]).to_csv(path, index=False)
    return path


def test_pairs_of_other_molecules_are_left_out_and_told(table: Path) -> None:
    found = read_overlays(table, ["a", "b", "c"])
    assert found.first.tolist() == [0, 0, 1]
    assert found.second.tolist() == [1, 2, 0]
    assert found.overlay.tolist() == pytest.approx([0.4, 0.7, 0.5])
    assert found.words() == "3 overlays of pairs; left out: 2 of other molecules"
    with pytest.raises(InputError, match="no overlays of molecules that are trained on"):
        read_overlays(table, ["x", "y"])
    with pytest.raises(InputError, match="no such table of overlays"):
        read_overlays(table.with_name("gone.csv"), ["a"])


def test_a_draw_brings_all_pairs_of_its_anchors() -> None:
    first = np.repeat(np.arange(10), 4)
    pairs = OverlayPairs(first, np.arange(40) % 7, np.arange(40, dtype=np.float32), 0)
    drawn = pairs.draw(5, 3, seed=1)
    assert len(drawn) == 12
    assert len(set(first[drawn])) == 3
    assert np.array_equal(drawn, pairs.draw(5, 3, seed=1))
    assert not np.array_equal(drawn, pairs.draw(6, 3, seed=1))
    control = pairs.shuffled(1)
    assert sorted(control.overlay) == sorted(pairs.overlay)
    assert not np.array_equal(control.overlay, pairs.overlay)
    assert np.array_equal(control.first, pairs.first)
