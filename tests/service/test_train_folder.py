"""What a training is refused for leaves what stands in its folder as it is."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from molsearch.errors import InputError, MolSearchError, UsageError
from molsearch.service.events import Event, Note
from molsearch.service.requests import TrainRequest
from molsearch.service.train import train
from molsearch.store.lock import writer_lock
from molsearch.train import run

MODEL = {
    "n_buckets": 61,
    "n_torsions": 0,
    "n_pairs": 0,
    "width": 16,
    "embedding_dim": 16,
    "matryoshka": (16,),
    "use_geometry": False,
}
FAMILIES = ("OC(=O)c1ccc({})cc1", "NCCc1ccc({})cc1", "NS(=O)(=O)c1ccc({})cc1")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [(family.format(x), n) for n, family in enumerate(FAMILIES) for x in ("F", "Cl", "C")]
    table = pd.DataFrame([*rows, ("C1CC", 0), ("", 1)], columns=["smiles", "uniprot"])
    table.to_csv(tmp_path / "a.csv", index=False)
    return tmp_path


def _request(data: Path, **changes: object) -> TrainRequest:
    config = {
        "activities": "a.csv",
        "conformers": "",
        "development": "",
        "steps": 3,
        "pairs_per_step": 3,
        "model": MODEL,
        "soft": {"unlabelled": ""},
        "data": str(data),
        **changes.pop("config", {}),  # type: ignore[dict-item]
    }
    how = {"output": str(data / "out"), "device": "cpu", "workers": 1, "cache": str(data / "c")}
    content = {**how, **changes, "config": config}
    return TrainRequest.model_validate(content)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and p.name[0] != "."}


def test_records_without_a_molecule_are_told_counted_and_listed(data: Path) -> None:
    told: list[Event] = []
    account = train(_request(data), told.append).account
    (line,) = (e.text for e in told if isinstance(e, Note) and "left out" in e.text)
    assert line == (
        "a.csv: left out 2 records: 1 with no SMILES, 1 with no molecule by RDKit; listed in "
        "failures.csv"
    )
    made = account["card"]["training"]
    assert (made["molecules"], made["left_out_records"]) == (9, 2)
    with (data / "out" / "failures.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [(r["record_number"], r["source"], r["stage"], r["input"]) for r in rows] == [
        ("11", "a.csv", "read", ""),
        ("10", "a.csv", "read", "C1CC"),
    ]


def test_fewer_pairs_a_step_than_asked_for_are_told(data: Path) -> None:
    told: list[Event] = []
    train(_request(data, config={"pairs_per_step": 4}), told.append)
    assert [e.text for e in told if isinstance(e, Note) and "pairs_per_step" in e.text] == [
        "a step has 3 pairs, one of each target with two ligands, not the 4 of pairs_per_step"
    ]
    told.clear()
    train(_request(data, output=str(data / "three")), told.append)
    assert not [e for e in told if isinstance(e, Note) and "pairs_per_step" in e.text]


@pytest.mark.parametrize(("word", "best"), [("alone", 2), ("ranked", 4)])
def test_evaluations_choose_by_the_figure_that_is_set(
    data: Path, monkeypatch: pytest.MonkeyPatch, word: str, best: int
) -> None:
    rows = [
        ("OC(=O)c1ccc(F)cc1", "t", "active", True),
        ("OC(=O)c1ccc(Br)cc1", "t", "active", False),
    ]
    screens = [*rows, ("NCCc1ccc(F)cc1", "t", "decoy", False)]
    columns = ["smiles", "target", "label", "is_query"]
    pd.DataFrame(screens, columns=columns).to_csv(data / "screens.csv", index=False)
    alone, ranked = iter((0.1, 0.3, 0.2, 0.1, 0.1)), iter((0.1, 0.2, 0.3, 0.5, 0.4))
    genuine = run.figures_of

    def figures(*args: Any) -> pd.DataFrame:
        table = genuine(*args)
        assert table.notna()[["bedroc_80p5", "ranked_bedroc_80p5"]].to_numpy().all()
        return table.assign(bedroc_80p5=next(alone), ranked_bedroc_80p5=next(ranked))

    monkeypatch.setattr(run, "figures_of", figures)
    config = {"steps": 5, "evaluate_every": 1, "development": "screens.csv", "chosen_by": word}
    made = train(_request(data, config=config), lambda event: None).account["card"]
    assert made["training"]["chosen_step"] == best
    assert {"ranked_bedroc_80p5", "bedroc_80p5"} <= made["development"]["encoder"].keys()


def test_every_record_of_an_unreadable_molecule_is_listed(data: Path) -> None:
    table = data / "a.csv"
    table.write_text(table.read_text().rstrip("\n") + "\nC1CC,b\nCCO,b\nC1CC,c\n")
    (data / "u.csv").write_text("smiles\nc1cc\nCCC\nc1cc\nCCCC\n")
    config = {"method": "semi_supervised", "soft": {"unlabelled": "u.csv", "molecules_per_step": 8}}
    made = train(_request(data, config=config), lambda event: None).account["card"]["training"]
    with (data / "out" / "failures.csv").open() as handle:
        rows = [(r["source"], r["record_number"], r["input"]) for r in csv.DictReader(handle)]
    assert rows == [
        ("a.csv", "11", ""),
        *(("a.csv", number, "C1CC") for number in ("10", "12", "14")),
        ("u.csv", "1", "c1cc"),
        ("u.csv", "3", "c1cc"),
    ]
    assert made["left_out_records"] == len(rows)


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"data": "/nonexistent"}},
        {"config": {"warm_up": 1, "cool_down": 0.3, "extend": "nowhere"}},
        {"config": {"conformers": "nowhere", "model": {**MODEL, "use_geometry": True}}},
        {"config": {"activities_limit": 1}},
    ],
)
def test_a_refused_training_deletes_nothing(data: Path, changes: dict[str, object]) -> None:
    train(_request(data))
    before = _bytes(data / "out")
    assert {"card.json", "encoder.safetensors", "checkpoint.safetensors"} <= before.keys()
    with pytest.raises(MolSearchError):
        train(_request(data, overwrite=True, **changes))
    assert _bytes(data / "out") == before


def test_overwriting_leaves_nothing_of_what_was_there(data: Path) -> None:
    schedule = {"warm_up": 1, "cool_down": 0.4}
    train(_request(data, config=schedule))
    assert (data / "out" / "stem.safetensors").exists()
    pd.read_csv(data / "a.csv")[:9].to_csv(data / "a.csv", index=False)
    train(_request(data, overwrite=True))
    left = _bytes(data / "out").keys()
    assert not {"stem.safetensors", "failures.csv"} & left
    assert "card.json" in left


def test_a_run_does_not_extend_itself(data: Path) -> None:
    schedule = {"warm_up": 1, "cool_down": 0.4}
    train(_request(data, config=schedule))
    longer = {**schedule, "steps": 9, "extend": str(data / "out")}
    with pytest.raises(UsageError, match="is the --output too; choose another"):
        train(_request(data, overwrite=True, config=longer))
    train(_request(data, config=longer, output=str(data / "longer")))


def test_changed_data_stop_a_run_that_is_gone_on_with(data: Path) -> None:
    train(_request(data))
    (data / "out" / "run.json").unlink()
    (data / "out" / "card.json").unlink()  # as if it had been killed
    train(_request(data))
    (data / "out" / "run.json").unlink()
    table = pd.read_csv(data / "a.csv", keep_default_na=False)
    table.assign(uniprot=np.roll(table["uniprot"], 1)).to_csv(data / "a.csv", index=False)
    with pytest.raises(UsageError, match="saw other data"):
        train(_request(data))


def test_two_runs_into_one_folder_are_refused(data: Path) -> None:
    with (
        writer_lock(data / "out"),
        pytest.raises(UsageError, match=r"is being written by process .* choose another --output"),
    ):
        train(_request(data))


def test_a_folder_without_conformers_is_named(data: Path) -> None:
    config = {"conformers": "nowhere", "model": {**MODEL, "use_geometry": True}}
    with pytest.raises(InputError, match=r"nowhere: no conformers there; name another folder"):
        train(_request(data, config=config))
