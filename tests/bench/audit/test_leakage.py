from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from molsearch.bench.audit.leakage import audit, own_rows
from molsearch.bench.audit.training import (
    STANDARD,
    STRICT,
    TARGET_HELD_OUT,
    WEAK,
    has_training,
    load_training,
    training_name,
)
from molsearch.bench.benchmarks.task import Task, TaskQuery, pool_frame
from molsearch.bench.molecules import Molecules
from molsearch.bench.report.summary import leakage, warnings
from molsearch.errors import InputError

from ..conftest import ACTIVES, DECOYS, make_task

BOTH = ["active", "weak_5_6"]


def molecules(task):
    return Molecules([q.smiles for q in task.queries]), Molecules(task.pool["smiles"].tolist())


def training_file(tmp_path, smiles, name="train.csv"):
    path = tmp_path / name
    pd.DataFrame({"smiles": smiles, "uniprot": "P00001"}).to_csv(path, index=False)
    return load_training(str(path), tmp_path)


def record_of(task, audits, names):
    return {
        "targets": [task.target],
        "audit": {task.target: audits.findings},
        "trainings": {name: {} for name in names},
        "provenance": {"inactives": "decoys"},
        "methods": {},
        "results": [],
    }


def test_a_planted_leak_is_flagged(tmp_path):
    task = make_task(n_queries=2)
    leaked = training_file(tmp_path, ACTIVES[:6])
    found = audit(task, *molecules(task), [leaked])
    seen = found.findings["training"][leaked.name]
    assert seen["actives_in_training"] == 6
    assert seen["queries_in_training"] == 2
    assert seen["target_in_training"] is True
    assert seen["tiers"]["≥ 0.9"] == 6
    said = warnings(record_of(task, found, [leaked.name]))
    assert said[0].startswith("LEAK: 6 of 8 actives (75%)")
    assert leakage(record_of(task, found, [leaked.name]))["trainings"][leaked.name]["tiers"]


def test_a_clean_training_set_is_not_flagged(tmp_path):
    task = make_task()
    clean = training_file(tmp_path, ["CCCCCCCCO", "C1CCCCC1", "CCOC(C)=O"])
    found = audit(task, *molecules(task), [clean])
    seen = found.findings["training"][clean.name]
    assert (seen["actives_in_training"], seen["queries_in_training"]) == (0, 0)
    assert seen["tiers"]["< 0.4"] == len(ACTIVES)
    assert not any("LEAK" in s for s in warnings(record_of(task, found, [clean.name])))


def test_leaks_hide_behind_stereo_and_other_spellings(tmp_path):
    pool = pd.concat(
        [pool_frame(["C[C@H](N)C(=O)O"], ["a"], True), pool_frame(["CCC"], ["d"], False)],
        ignore_index=True,
    )
    task = Task("t", (TaskQuery("q", "CCN"),), pool)
    leaked = training_file(tmp_path, ["OC(=O)[C@H](C)N"])
    found = audit(task, *molecules(task), [leaked])
    assert found.findings["training"][leaked.name]["actives_in_training"] == 1


def test_tiers_part_the_actives_and_keep_all_inactives(tmp_path):
    task = make_task(n_queries=2)
    some = training_file(tmp_path, [ACTIVES[0], "O=C(Nc1ccccc1)c1ccccc1", DECOYS[0]])
    found = audit(task, *molecules(task), [some])
    tiers = [
        m for name, m in found.subsets.items() if name.startswith(some.name) and "new" not in name
    ]
    total = np.sum([tier[:, task.is_active] for tier in tiers], axis=0)
    assert (total == 1).all()
    assert all(tier[:, ~task.is_active].all() for tier in tiers)
    scaffold = found.subsets[f"{some.name}: new scaffold"]
    assert not scaffold[:, task.is_active].any()
    other = training_file(tmp_path, ["C1CCCCC1"], "other.csv")
    new = audit(task, *molecules(task), [other]).subsets[f"{other.name}: new scaffold"]
    assert new.all()
    query = found.subsets["query: < 0.35"]
    assert not query[0, 0]
    assert query.shape == (2, len(task.pool))


def test_decoy_sources_become_subsets():
    task = make_task()
    origin = np.where(task.is_active, "", np.where(np.arange(len(task.pool)) % 2, "x", "y"))
    task.pool["origin"] = origin
    found = audit(task, *molecules(task), [])
    first = found.subsets["decoys: x"][0]
    assert first[task.is_active].all()
    assert first.sum() == len(ACTIVES) + (origin == "x").sum()


def test_charge_states_and_salts_of_one_molecule_are_one():
    rows = [
        ("CC(=O)c1ccc(CN)cc1", True),
        ("CC(=O)c1ccc(C[NH3+])cc1", True),
        ("CC(=O)c1ccc(CN)cc1.Cl", False),
        ("OC(=O)c1ccccc1CC", True),
        ("[O-]C(=O)c1ccccc1CC.[Na+]", False),
        ("O=N(=O)c1ccccc1", False),
        ("[O-][N+](=O)c1ccccc1", False),
        ("CCCCCC", False),
    ]
    smiles, active = (list(column) for column in zip(*rows, strict=True))
    query = TaskQuery("q", "CC(=O)c1ccc(C[NH3+])cc1.[Cl-]")
    task = Task("t", (query,), pool_frame(smiles, [*map(str, range(len(rows)))], active))
    asked, pool = molecules(task)
    found = audit(task, asked, pool, []).findings
    assert found["repeats"] == 4
    assert found["both_labels"] == 2
    assert found["queries_among_actives"] == 1
    assert own_rows(task, asked, pool).tolist() == [[True] * 3 + [False] * 5]


def test_repeats_labels_splits_and_queries():
    rows = [
        ("CCO", True, "T"),
        ("OCC", False, "V"),
        ("C[C@H](N)O", True, "T"),
        ("C[C@@H](N)O", True, "V"),
        ("CCCC", False, "T"),
        ("CCCC", False, "T"),
        ("broken", False, "V"),
        ("CCCCCC", False, "V"),
    ]
    smiles, active, split = (list(column) for column in zip(*rows, strict=True))
    ids = [str(i) for i in range(len(rows))]
    task = Task("t", (TaskQuery("q", "C(C)O"),), pool_frame(smiles, ids, active, split=split))
    found = audit(task, *molecules(task), []).findings
    assert found["repeats"] == 3
    assert found["both_labels"] == 1
    assert found["across_splits"] == 2
    assert found["queries_among_actives"] == 1
    assert found["unreadable"] == 1
    assert found["ave_basis"] == "T to V split"


def test_analogue_series_and_bias_show():
    findings = audit(make_task(), *molecules(make_task()), []).findings
    assert findings["share_with_analogue"] > 0.5
    assert findings["ave_bias"] > 0.3
    assert findings["n_scaffolds"] == 1
    assert findings["property_auroc"] > 0.9
    said = warnings(record_of(make_task(), audit(make_task(), *molecules(make_task()), []), []))
    assert any("properties alone" in s for s in said)
    assert any("analogue" in s for s in said)
    assert any("No training set" in s for s in said)


def test_own_rows():
    task = make_task(n_queries=2)
    pool = task.pool
    pool.loc[3, "smiles"] = "c1ccnc(c1)C(=O)Nc1ccc(F)cc1"  # the first query, spelt otherwise
    found = own_rows(task, *molecules(task))
    assert np.flatnonzero(found[0]).tolist() == [0, 3]
    assert np.flatnonzero(found[1]).tolist() == [1]
    given = make_task()
    given.pool["inchikey"] = ["KEYKEYKEYKEYKE-A"] * len(given.pool)
    known = Task("t", (TaskQuery("q", "CCO", inchikey="KEYKEYKEYKEYKE-B"),), given.pool)
    assert own_rows(known, *molecules(known))[0].sum() == len(ACTIVES)


def test_training_sets_by_card(tmp_path, monkeypatch):
    assert training_name({}) == STANDARD
    held_out = {"training": {"config": {"hold_out_benchmark_targets": True}}}
    assert training_name(held_out) == TARGET_HELD_OUT
    strict = {"hold_out_benchmark_targets": True, "homology": "h.parquet", "max_identity": 0.9}
    assert training_name({"training": {"config": strict}}) == STRICT
    assert training_name({"training": {"config": {**strict, "tiers": BOTH}}}) == STRICT + WEAK
    assert training_name({"training": {"config": {"tiers": BOTH}}}) == STANDARD + WEAK
    looser = {**strict, "max_identity": 0.95}
    assert training_name({"training": {"config": looser}}) == TARGET_HELD_OUT
    assert training_name({"training": {"molecules_file": "x.csv"}}) == "x.csv"
    monkeypatch.setenv("MOLSEARCH_DATA", str(tmp_path))
    assert not has_training(STANDARD)
    assert not has_training("x.csv")
    with pytest.raises(InputError, match="cannot read"):
        load_training(STANDARD, tmp_path)
    (tmp_path / "bad.csv").write_text("structure\nCCO\n")
    with pytest.raises(InputError, match="no column 'smiles'; it has structure"):
        load_training(str(tmp_path / "bad.csv"), tmp_path)
    (tmp_path / "none.smi").write_text("nonsense\n")
    with pytest.raises(InputError, match="no readable molecules"):
        load_training(str(tmp_path / "none.smi"), tmp_path)


def test_named_training_sets_follow_the_flags(tmp_path, monkeypatch):
    rows = [
        # smiles, tier, benchmark molecule, benchmark target, development target
        (ACTIVES[0], "active", False, False, False),
        (ACTIVES[1], "active", True, False, False),
        (ACTIVES[2], "active", False, True, False),
        (ACTIVES[3], "active", False, False, True),
        (ACTIVES[4], "weak_5_6", False, False, False),
    ]
    frame = pd.DataFrame(
        rows,
        columns=[
            "smiles",
            "tier",
            "is_benchmark_molecule",
            "is_benchmark_target",
            "is_dev_target",
        ],
    )
    skeletons = Molecules(frame["smiles"].tolist())["skeleton"]
    frame["inchikey"] = [f"{s}-UHFFFAOYSA-N" for s in skeletons]
    frame["uniprot"] = [f"P{i}" for i in range(5)]
    frame.to_parquet(tmp_path / "activities.parquet")
    monkeypatch.setenv("MOLSEARCH_DATA", str(tmp_path))
    monkeypatch.setattr("molsearch.bench.audit.training.CHUNK", 1)
    standard = load_training(STANDARD, tmp_path / "cache")
    assert standard.skeletons == {skeletons[0], skeletons[2]}
    assert standard.targets == {"P0", "P2"}
    assert len(list((tmp_path / "cache").rglob("prints-*.npz"))) == 2
    held_out = load_training(TARGET_HELD_OUT, tmp_path / "cache")
    assert held_out.skeletons == {skeletons[0]}
    assert held_out.n == 1
    nearest = held_out.neighbourhood.nearest(Molecules([ACTIVES[0], ACTIVES[2]])["ecfp4"])
    assert nearest[0] == 1.0
    assert nearest[1] < 1.0
    weak = load_training(STANDARD + WEAK, tmp_path / "cache")
    assert weak.skeletons == {skeletons[0], skeletons[2], skeletons[4]}
    assert weak.targets == {"P0", "P2", "P4"}
    assert weak.knows_scaffold(Molecules([ACTIVES[4]])["scaffold"].tolist()).all()
    assert weak.neighbourhood.nearest(Molecules([ACTIVES[4]])["ecfp4"])[0] == 1.0
    assert len(list((tmp_path / "cache").rglob("prints-*.npz"))) == 3  # the others are shared


def test_the_set_of_a_published_protocol_keeps_molecules_and_drops_close_targets(
    tmp_path, monkeypatch
):
    frame = pd.DataFrame(
        {
            "smiles": ACTIVES[:4],
            "inchikey": [f"{s}-UHFFFAOYSA-N" for s in Molecules(ACTIVES[:4])["skeleton"]],
            "uniprot": ["FAR", "FAR", "CLOSE", "DEV"],
            "tier": ["active", "active", "active", "active"],
            "is_benchmark_molecule": [False, True, False, False],
            "is_benchmark_target": False,
            "is_dev_target": [False, False, False, True],
        }
    )
    frame.to_parquet(tmp_path / "activities.parquet")
    names = ["FAR", "CLOSE", "DEV"]
    homology = {"uniprot": names, "cluster_40": names, "cluster_90": names}
    for one in ("dude", "litpcba", "muv", "dev"):
        homology[f"id_{one}"] = [0.3, 0.95 if one == "dude" else 0.0, 0.0]
        homology[f"nearest_{one}"] = names
    pd.DataFrame(homology).to_parquet(tmp_path / "target_homology.parquet")
    monkeypatch.setenv("MOLSEARCH_DATA", str(tmp_path))
    skeletons = Molecules(ACTIVES[:4])["skeleton"]
    config = {"benchmark_molecules": "kept", "far_from": ["dude"], "far_identity": 0.9}
    name = training_name({"training": {"config": config}})
    assert name == "molecules-known-dude-0.9"
    assert has_training(name)
    assert load_training(STANDARD, tmp_path / "cache").skeletons == {skeletons[0], skeletons[2]}
    known = load_training(name, tmp_path / "cache")
    assert known.skeletons == {skeletons[0], skeletons[1]}
    assert known.targets == {"FAR"}
    assert known.neighbourhood.nearest(Molecules([ACTIVES[1]])["ecfp4"])[0] == 1.0
    assert known.knows_scaffold(Molecules([ACTIVES[1]])["scaffold"].tolist()).all()
    assert load_training("molecules-known-muv-0.9", tmp_path / "cache").targets == {"FAR", "CLOSE"}


def test_the_strict_set_leaves_out_close_homologues(tmp_path, monkeypatch):
    frame = pd.DataFrame(
        {
            "smiles": ACTIVES[:3],
            "inchikey": [f"{s}-UHFFFAOYSA-N" for s in Molecules(ACTIVES[:3])["skeleton"]],
            "uniprot": ["FAR", "CLOSE", "NOSEQ"],
            "tier": "active",
            "is_benchmark_molecule": False,
            "is_benchmark_target": False,
            "is_dev_target": False,
        }
    )
    frame.to_parquet(tmp_path / "activities.parquet")
    sets = ("dude", "litpcba", "muv", "dev")
    homology = {"uniprot": ["FAR", "CLOSE", "NOSEQ", "B"], "cluster_40": ["a", "b", None, "c"]}
    homology["cluster_90"] = homology["cluster_40"]
    for one in sets:
        homology[f"id_{one}"] = [0.3, 0.95 if one == "muv" else 0.0, None, 1.0]
        homology[f"nearest_{one}"] = ["B", "B", None, "B"]
    pd.DataFrame(homology).to_parquet(tmp_path / "target_homology.parquet")
    monkeypatch.setenv("MOLSEARCH_DATA", str(tmp_path))
    strict = load_training(STRICT, tmp_path / "cache")
    assert strict.targets == {"FAR"}
    assert strict.n == 1
    assert strict.homology is not None
    assert strict.homology.tier("B") == "≤ 0.4"
    held_out = load_training(TARGET_HELD_OUT, tmp_path / "cache")
    assert held_out.homology is not None
    assert held_out.homology.tier("B") == "> 0.9"
