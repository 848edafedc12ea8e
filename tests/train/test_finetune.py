"""Fine-tuning gains on held-out scaffolds, keeps its promises about the split, and is careful."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from molecules import SMALL

from molsearch.chem.prepare import prepare_in_process
from molsearch.config import FinetuneConfig, ModelConfig, PrepareConfig
from molsearch.data.prepared_table import RECORDS
from molsearch.data.series import Series, read_series
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.weights import load_encoder, save_encoder
from molsearch.schema import Record
from molsearch.train import finetune as module
from molsearch.train.finetune import finetune
from molsearch.train.series_screen import FIGURES

RINGS = ["c1ccccc1", "c1ccncc1", "c1ccsc1", "C1CCCCC1", "c1ccc2ccccc2c1", "c1ccoc1", "C1CCNCC1"]
RINGS += ["c1cnccn1", "C1CCOCC1", "c1ccc2[nH]ccc2c1", "C1CCCC1", "c1cc2ccccc2s1"]
CHAINS = ["", "C", "CC", "CCC"]


def _table(smiles: list[str], columns: list[dict[str, str]]) -> pa.Table:
    records = [
        Record(number=i + 1, source="t", row=i + 1, molecule_id=str(i), smiles=s, extra=extra)
        for i, (s, extra) in enumerate(zip(smiles, columns, strict=True))
    ]
    prepared, failures = prepare_in_process(records, PrepareConfig(n_conformers=0))
    assert not failures
    rows = [{name: getattr(p, name, None) for name in RECORDS.names} for p in prepared]
    for row, p in zip(rows, prepared, strict=True):
        row["user_columns"] = json.dumps(dict(p.user))
    return pa.Table.from_pylist(rows, schema=RECORDS)


@pytest.fixture(scope="module")
def series() -> Series:
    """Sulfonamides act, esters do not, whatever the ring; scaffolds are the rings."""
    smiles = [f"NS(=O)(=O)C{c}{r}" for r in RINGS for c in CHAINS]
    smiles += [f"COC(=O)C{c}{r}" for r in RINGS for c in CHAINS[:2]]
    values = [{"pIC50": "7.5"}] * 48 + [{"pIC50": "5.0"}] * 24
    return read_series(_table(smiles, values))


@pytest.fixture(scope="module")
def library() -> pa.Table:
    ends = ["NC(=O)C", "OCC", "CNC", "N#CC", "FC(F)(F)C"]
    smiles = [f"{e}{c}{r}" for e in ends for c in CHAINS for r in RINGS]
    smiles.append("NS(=O)(=O)CCc1ccccc1")  # an active of the series
    return _table(smiles, [{}] * len(smiles))


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("parent")
    config = ModelConfig(**SMALL, use_geometry=False, matryoshka=(8, 16))
    save_encoder(folder, Network(config), {"name": "parent", "licence": "of the parent"})
    return load_encoder(folder, device="cpu")


def _tune(parent: Encoder, series: Series, library: pa.Table, out: Path, **changes: object):
    settings = {"steps": 60, "learning_rate": 3e-3, "evaluate_every": 5, "patience": 4}
    config = FinetuneConfig.model_validate({**settings, **changes})
    seen: list[tuple[int, dict[str, float]]] = []
    gain = finetune(
        parent,
        series,
        library,
        config,
        out,
        on_step=lambda report: None,
        on_evaluation=lambda step, figures: seen.append((step, figures)),
    )
    return gain, seen


def test_gain_on_scaffolds_that_were_held_out(
    parent: Encoder, series: Series, library: pa.Table, tmp_path: Path
) -> None:
    gain, seen = _tune(parent, series, library, tmp_path)
    assert set(gain.before) == set(FIGURES)
    assert gain.after["auroc"] > gain.before["auroc"] + 0.1
    assert gain.after["bedroc_80p5"] > gain.before["bedroc_80p5"] + 0.1
    assert gain.after["auroc_inactives"] > 0.8
    # the chosen step is the best of those seen, and training ended soon after it
    merits = {step: 0.5 * (f["auroc"] + f["bedroc_80p5"]) for step, f in seen}
    assert merits[gain.chosen_step] == max(merits.values())
    assert max(merits) <= gain.chosen_step + 4 * 5
    assert sum(gain.counts[n] for n in ("trained_on", "choosing", "held_out")) == len(series)
    assert min(gain.counts[f"{n}_library"] for n in ("trained_on", "choosing", "held_out")) > 0


def test_card_names_its_parent_and_the_encoder_loads(
    parent: Encoder, series: Series, library: pa.Table, tmp_path: Path
) -> None:
    gain, _ = _tune(parent, series, library, tmp_path, steps=10)
    encoder = load_encoder(tmp_path, device="cpu")
    card = encoder.card
    assert card["parent"] == {"name": "parent", "identity": parent.identity}
    assert card["licence"] == "of the parent"
    assert card["fine_tuning"]["after"] == gain.after
    assert encoder.identity != parent.identity
    assert encoder.background is not None
    assert len(encoder.background) == library.num_rows - 1  # the series' own molecule is out
    assert encoder.reference is not None
    # Half precision: embedded in another order, a last bit may differ.
    np.testing.assert_allclose(encoder.reference, encoder.background[::-1], atol=1e-3)


def test_the_reference_is_of_what_the_background_leaves(
    parent: Encoder,
    series: Series,
    library: pa.Table,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _tune(parent, series, library, tmp_path / "whole", steps=2)
    whole = load_encoder(tmp_path / "whole", device="cpu").background
    monkeypatch.setattr(module, "N_REFERENCE", 40)
    monkeypatch.setattr(module.cards, "N_SHIPPED", 30)
    _tune(parent, series, library, tmp_path / "part", steps=2)
    tuned = load_encoder(tmp_path / "part", device="cpu")
    assert whole is not None
    assert tuned.background is not None
    assert tuned.reference is not None
    np.testing.assert_array_equal(tuned.background, whole[:30])
    np.testing.assert_array_equal(tuned.reference, whole[::-1][:40])


def test_without_a_better_step_the_parents_weights_stay(
    parent: Encoder, series: Series, library: pa.Table, tmp_path: Path
) -> None:
    gain, seen = _tune(
        parent, series, library, tmp_path, learning_rate=1e-12, evaluate_every=2, patience=3
    )
    assert gain.chosen_step == 0
    assert len(seen) == 3
    assert gain.after == gain.before
    tuned = load_encoder(tmp_path, device="cpu")
    for (name, one), (_, two) in zip(
        parent.network.named_parameters(), tuned.network.named_parameters(), strict=True
    ):
        assert torch.equal(one, two), name


def test_no_step_touches_the_held_out_part(
    parent: Encoder,
    series: Series,
    library: pa.Table,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[np.ndarray] = []
    made = module.SeriesSampler

    class Spy(made):  # type: ignore[misc, valid-type]
        def draw(self, step: int):
            batch = super().draw(step)
            drawn.append(np.concatenate([batch.first, batch.second, batch.inactives]))
            return batch

    monkeypatch.setattr(module, "SeriesSampler", Spy)
    _tune(parent, series, library, tmp_path, steps=8)
    parts = module.split_by_scaffold(series.groups, series.is_active, (0.2, 0.2), 20)
    assert set(parts[np.concatenate(drawn)]) == {module.FIT}
