"""``molsearch train`` on the bundled example, smaller still than configs/smoke.yaml."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import CommandLine, make_encoder

from molsearch.chem.records import iter_records
from molsearch.cli.train_config import read_config
from molsearch.errors import InputError, UsageError
from molsearch.nn.weights import load_encoder
from molsearch.service.events import silent
from molsearch.service.repeat import read_request
from molsearch.service.requests import TrainRequest
from molsearch.service.tune import prepared_once, whole_rows

ROOT = Path(__file__).parents[2]
SMOKE = ROOT / "configs" / "smoke.yaml"
QUICK = [
    *("make_conformers=false", "steps=40", "evaluate_every=20", "soft.limit=300"),
    *("model.width=32", "model.embedding_dim=32", "model.matryoshka=[32]", "soft.warm_up=0"),
    *("learning_rate=3e-3", "table_learning_rate=1e-2", "soft.molecules_per_step=64"),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("smoke")
    options = [word for change in QUICK for word in ("--set", change)]
    options += ["-n", "1", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-m", "molsearch", "train", str(SMOKE), *options],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        env={
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "MOLSEARCH_DATA": "/nonexistent",
        },
    )
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "smoke", done.stderr


def test_losses_fall_and_the_screen_beats_chance(trained: tuple[Path, str]) -> None:
    folder, said = trained
    with (folder / "log.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [int(row["step"]) for row in rows] == list(range(1, 41))
    for name in ("supervised", "soft"):
        values = [float(row[name]) for row in rows]
        assert np.mean(values[-8:]) < np.mean(values[:8]) - 0.1, name
    card = json.loads((folder / "card.json").read_text())
    assert card["development"]["encoder"]["auroc"] > 0.65
    assert set(card["development"]["encoders"]) == {"f", "g"}
    assert "ecfp4" in said
    assert "300 molecules without labels" in said


def test_card_says_what_was_trained_on_what(trained: tuple[Path, str]) -> None:
    card = load_encoder(trained[0], device="cpu").card
    made = card["training"]
    assert made["encoder"] in ("f", "g")
    best = card["development"]["encoders"][made["encoder"]]
    assert card["development"]["encoder"] == best
    assert best["bedroc_80p5"] == max(
        figures["bedroc_80p5"] for figures in card["development"]["encoders"].values()
    )
    # 571 drugs, less the 69 of the six classes that are screened for
    assert made["pairs"] == made["molecules"] == 571
    assert made["unlabelled_molecules"] == 300
    assert made["config"]["method"] == "semi_supervised"


def test_it_brings_ligands_and_screening_compounds(
    trained: tuple[Path, str],
) -> None:
    reference = load_encoder(trained[0], device="cpu").reference
    assert reference is not None
    # Ligands there are fewer of than are wanted; of 10,923 screening compounds some cannot be read.
    n_ligands = load_encoder(trained[0], device="cpu").card["training"]["molecules"]
    assert n_ligands + 2600 < len(reference) <= n_ligands + 10_923


def test_the_record_of_a_training_is_a_request_that_repeats_it(trained: tuple[Path, str]) -> None:
    kept = read_request(trained[0])
    assert isinstance(kept.request, TrainRequest)
    assert kept.request.config is not None
    assert (kept.request.config.steps, kept.request.data) == (40, str(SMOKE.parent))
    assert TrainRequest.model_validate_json(kept.request.model_dump_json()) == kept.request


def test_finished_encoder_is_not_overwritten(
    molsearch: CommandLine, trained: tuple[Path, str]
) -> None:
    again = molsearch("train", SMOKE, "-o", trained[0])
    assert again.code == 2
    assert again.err.count("\n") == 1
    assert "--overwrite" in again.err


def test_changes_reach_sections_and_empty_settings() -> None:
    config = read_config(SMOKE, ["soft.weight=0.25", "development=", "model.width=64"])
    assert (config.soft.weight, config.development, config.model["width"]) == (0.25, "", 64)
    assert config.soft.unlabelled == "library.csv"


def test_configuration_errors_name_the_setting(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"soft\.neighbours"):
        read_config(SMOKE, ["soft.neighbours=0"])
    with pytest.raises(UsageError, match=r"smoke\.yaml: prototypes: .*no activities$"):
        read_config(SMOKE, ["method=self_supervised", "prototypes=1"])
    with pytest.raises(UsageError, match="stepz"):
        read_config(SMOKE, ["stepz=3"])
    with pytest.raises(UsageError, match=r"KEY=VALUE"):
        read_config(SMOKE, ["steps"])
    with pytest.raises(InputError, match=r"none\.yaml"):
        read_config(tmp_path / "none.yaml", [])
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(InputError, match="not a mapping"):
        read_config(tmp_path / "list.yaml", [])


@pytest.mark.slow
def test_fine_tuning_prints_the_gain(
    molsearch: CommandLine,
    trained: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOLSEARCH_DATA", "/nonexistent")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with (ROOT / "datasets" / "example" / "drugs.csv").open() as handle:
        drugs = list(csv.DictReader(handle))
    classes = ["COX inhibitor", "dopamine D2 antagonist", "H1 antihistamine"]
    for name, kept in (("mine", True), ("others", False)):
        with (tmp_path / f"{name}.csv").open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["smiles", "drug_class"])
            rows = [d for d in drugs if (d["drug_class"] in classes) == kept][:80]
            writer.writerows([d["smiles"], d["drug_class"]] for d in rows)
    arguments = ["--activities", "mine.csv", "--decoys", "others.csv", "-o", "tuned", "-n", "1"]
    settings = ["--set", "steps=6", "--set", "evaluate_every=3"]
    done = molsearch("train", "--from", trained[0], *arguments, *settings)
    assert done.code == 0, done.err
    lines = done.err.splitlines()
    assert any("69 active on 3 targets" in line for line in lines), done.err
    table = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    before, after, gain = (np.array(table[n], float) for n in ("before", "after", "gain"))
    assert np.allclose((after - before)[:4], gain[:4], atol=2e-4)
    run = json.loads((tmp_path / "tuned" / "run.json").read_text())
    assert run["gain"]["after"]["auroc"] == pytest.approx(after[0])
    parent = load_encoder(trained[0], device="cpu").identity
    assert load_encoder(tmp_path / "tuned", device="cpu").card["parent"]["identity"] == parent


def test_a_series_that_cannot_be_split_is_refused_before_decoys_are_prepared(
    molsearch: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    parent = make_encoder(tmp_path / "parent")
    (tmp_path / "tiny.csv").write_text("smiles,pIC50\nCCO,7\nCCN,5\nCCS,5\nCCCl,4\n")
    (tmp_path / "others.csv").write_text("smiles\nCCCO\nCCCN\n")
    arguments = ["--activities", "tiny.csv", "--decoys", "others.csv", "-o", "tuned", "-n", "1"]
    done = molsearch("train", "--from", parent, *arguments)
    assert done.code != 0
    assert "1 active on 1 scaffold cannot be split" in done.err.splitlines()[-1]
    prepared = (tmp_path / "cache").glob("**/prepared/*/manifest.json")
    assert len([*prepared]) == 1


def test_a_series_is_prepared_once_wherever_it_lies_and_whenever_it_was_saved(
    tmp_path: Path,
) -> None:
    found = []
    for place, seconds in (("here", 1_000_000_000), ("there", 2_000_000_000)):
        table = tmp_path / place / "mine.csv"
        table.parent.mkdir()
        table.write_text("smiles,pIC50\nCCO,7\nCCN,6\n")
        os.utime(table, (seconds, seconds))
        found.append(prepared_once(table, tmp_path / "cache", 1, None, silent))
    assert found[0].path == found[1].path
    assert [one.n_ok for one in found] == [2, 2]


def test_requests_that_fit_nothing_are_one_line(
    molsearch: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("smiles,pIC50\nCCO,7\n")
    for arguments, said in (
        ([], "give CONFIG"),
        ([SMOKE, "--activities", "mine.csv", "-o", "x"], "no CONFIG"),
        (["--activities", "mine.csv"], "-o OUTPUT"),
        (["--activities", "mine.csv", "-o", "x", "--check"], "--check is of a training by CONFIG"),
        (["--from", "small", "mine.csv"], "to fine-tune on it, give it by --activities mine.csv"),
    ):
        done = molsearch("train", *arguments)
        assert done.code == 2
        assert said in done.err
        assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "smiles"),
    [
        ("a.csv", "smiles,pIC50\nCCO,7\n", "smiles"),
        ("b.tsv", "pIC50\tStructure\tname\n7\tCCO\tx\n", "Structure"),
        ("d.smi", "CCO 7\n", None),
    ],
)
def test_no_column_of_a_series_is_lost_as_an_id(
    tmp_path: Path, name: str, text: str, smiles: str | None
) -> None:
    (tmp_path / name).write_text(text)
    config = whole_rows(tmp_path / name)
    assert config.id_column == smiles
    if smiles is not None:
        (record,) = iter_records([tmp_path / name], config)
        assert record.extra["pIC50"] == "7"
