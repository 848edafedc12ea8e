from __future__ import annotations

import json
import re

import numpy as np
import pytest
from command_line import make_encoder

from molsearch.bench import results
from molsearch.bench.audit.training import load_training
from molsearch.bench.background import draw_pool
from molsearch.bench.benchmarks.published import PUBLISHED
from molsearch.bench.conformers import ConformerCache
from molsearch.bench.methods import parse_methods
from molsearch.bench.report.html import to_html
from molsearch.bench.report.markdown import (
    grid,
    number,
    overview,
    source_grid,
    tier_grid,
    to_markdown,
)
from molsearch.bench.report.random_summary import random_lines
from molsearch.bench.report.summary import best_possible, complete, lines, tiers
from molsearch.bench.runner import BenchmarkConfig, Runner
from molsearch.config import PrepareConfig
from molsearch.errors import InputError, UsageError
from molsearch.metrics.enrichment import METRICS
from molsearch.service.benchmark import of_encoders

from .conftest import ACTIVES
from .test_baselines import make


def run(benchmark, path, methods, **options):
    config = BenchmarkConfig(**options.pop("config", {}))
    runner = Runner(benchmark, parse_methods(methods), config, **options)
    return runner.run(path, overwrite=False)


def test_one_file_holds_every_target_and_method(memory, tmp_path):
    said = []
    path = tmp_path / "r" / "memory.json"
    record = run(
        memory(),
        path,
        ["ecfp4", "random", "ecfp4+random"],
        on_target=lambda *told: said.append(told),
    )
    assert results.read(path) == json.loads(path.read_text()) == record
    assert [(r["target"], r["method"]) for r in record["results"]] == [
        (t, m) for t in ("t1", "t2", "t3") for m in ("ecfp4", "random", "ecfp4+random")
    ]
    assert said[0][:2] == (1, 3)
    assert said[0][2].startswith("t1: BEDROC ecfp4 ")
    row = record["results"][0]
    assert set(METRICS) <= set(row["metrics"])
    assert row["n_ranked"] == row["n_actives"] + row["n_inactives"] - 2
    assert len(row["data"]) == 16
    assert row["metrics"]["auroc"] == 1.0
    assert "each" in row
    table = results.table(record, "auroc")
    assert table.shape == (3, 3)
    assert table["random"].between(0, 1).all()
    assert record["runs"][0]["methods"] == ["ecfp4", "random", "ecfp4+random"]


def test_a_second_run_computes_only_what_is_missing(memory, tmp_path):
    path = tmp_path / "memory.json"
    first = run(memory(), path, ["ecfp4"], config={"limit_targets": 2})
    before = path.read_bytes()
    benchmark = memory()
    run(benchmark, path, ["ecfp4"], config={"limit_targets": 2})
    assert benchmark.loaded == []
    grown = run(benchmark, path, ["ecfp4", "random"])
    assert benchmark.loaded == ["t1", "t2", "t3"]
    assert len(grown["results"]) == 6
    old = [r for r in grown["results"] if r["method"] == "ecfp4" and r["target"] != "t3"]
    assert old == first["results"]
    assert path.read_bytes() != before


def test_an_interrupted_run_keeps_finished_targets(memory, tmp_path):
    class Dies(memory):
        def load(self, target):
            if target == "t3":
                raise KeyboardInterrupt
            return super().load(target)

    path = tmp_path / "memory.json"
    with pytest.raises(KeyboardInterrupt):
        run(Dies(), path, ["ecfp4"])
    assert [r["target"] for r in results.read(path)["results"]] == ["t1", "t2"]
    benchmark = memory()
    whole = run(benchmark, path, ["ecfp4"])
    assert benchmark.loaded == ["t3"]
    straight = run(memory(), tmp_path / "straight.json", ["ecfp4"])

    def timeless(rows):
        return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]

    assert timeless(whole["results"]) == timeless(straight["results"])


def test_two_runs_at_once_fill_one_file(memory, tmp_path):
    path = tmp_path / "memory.json"
    others = []

    def meanwhile(*told):
        """As another process would, between two targets of this run."""
        if not others:
            others.append(run(memory(), path, ["random"], config={"targets": ("t1", "t3")}))
            others.append(run(memory(), path, ["ecfp4"], config={"targets": ("t3",)}))

    benchmark = memory()
    record = run(benchmark, path, ["ecfp4"], config={"limit_targets": 3}, on_target=meanwhile)
    assert record == results.read(path)
    assert {(row["target"], row["method"]) for row in record["results"]} == {
        ("t1", "ecfp4"), ("t2", "ecfp4"), ("t3", "ecfp4"), ("t1", "random"), ("t3", "random"),
    }  # fmt: skip
    assert benchmark.loaded == ["t1", "t2"]  # the third was finished by the other run
    assert record["targets"] == ["t1", "t2", "t3"]
    assert set(record["methods"]) == {"ecfp4", "random"}
    assert len(record["runs"]) == 3
    straight = run(memory(), tmp_path / "straight.json", ["ecfp4"])
    of = {(row["target"], row["method"]): row["metrics"] for row in record["results"]}
    assert all(of[row["target"], "ecfp4"] == row["metrics"] for row in straight["results"])


def test_a_file_that_another_run_replaces_is_not_mixed(memory, tmp_path):
    path = tmp_path / "memory.json"
    others = []

    def meanwhile(*told):
        if not others:
            config = BenchmarkConfig(limit_decoys=5)
            others.append(
                Runner(memory(), parse_methods(["random"]), config).run(path, overwrite=True)
            )

    with pytest.raises(UsageError, match=r"another configuration into .*memory\.json meanwhile"):
        run(memory(), path, ["ecfp4"], on_target=meanwhile)
    assert results.read(path) == others[0]


def test_overwriting_keeps_nothing_of_the_old_file(memory, tmp_path):
    path = tmp_path / "memory.json"
    run(memory(), path, ["random"])
    config = BenchmarkConfig(limit_decoys=5)
    record = Runner(memory(), parse_methods(["ecfp4"]), config).run(path, overwrite=True)
    assert record == results.read(path)
    assert set(record["methods"]) == {"ecfp4"}
    assert {row["method"] for row in record["results"]} == {"ecfp4"}


def test_results_of_something_else_are_not_mixed(memory, tmp_path):
    path = tmp_path / "memory.json"
    run(memory(), path, ["random"])
    with pytest.raises(UsageError, match="limit_decoys"):
        run(memory(), path, ["random"], config={"limit_decoys": 5})
    other = Runner(memory(), parse_methods(["random"], seed=3), BenchmarkConfig())
    with pytest.raises(UsageError, match="another random"):
        other.run(path)
    other.run(path, overwrite=True)

    class Renamed(memory):
        name = "renamed"

    with pytest.raises(UsageError, match="holds memory results"):
        run(Renamed(), path, ["random"])
    path.write_text("{}")
    with pytest.raises(InputError, match="molsearch-benchmark-1"):
        run(memory(), path, ["random"])
    with pytest.raises(UsageError, match="no target 'nope'"):
        run(memory(), tmp_path / "x.json", ["random"], config={"targets": ("nope",)})


def test_three_dimensional_methods_share_the_cache(memory, tmp_path):
    made = []

    def counted(records, config):
        made.append(len(records))
        return make(records, config)

    cache = ConformerCache(tmp_path / "cache", PrepareConfig(), make=counted)
    config = {"limit_decoys": 6, "query_conformers": 1, "limit_targets": 1}
    path = tmp_path / "m.json"
    record = run(memory(), path, ["usrcat"], cache=cache, config=config)
    assert made == [len(ACTIVES) + 6]
    record = run(memory(), path, ["usrcat", "shape"], cache=cache, config=config)
    assert len(made) == 1
    assert results.table(record, "auroc").loc["t1"].notna().all()


def leaky(memory, tmp_path):
    train = tmp_path / "train.smi"
    train.write_text("\n".join(ACTIVES[:5]))
    training = load_training(str(train), tmp_path)
    return run(memory(), tmp_path / "m.json", ["ecfp4", "random"], trainings=[training]), training


def test_summary_means_over_complete_targets(memory, tmp_path):
    path = tmp_path / "memory.json"
    run(memory(), path, ["ecfp4"])
    record = run(memory(), path, ["ecfp4", "random"], config={"limit_targets": 2})
    assert record["targets"] == ["t1", "t2", "t3"]
    assert complete(record) == ["t1", "t2"]
    found = lines(record)
    assert [line.name for line in found[:2]] == ["ecfp4", "random"]
    # Two queries were fused: single queries follow, never better informed than both together.
    assert [line.name for line in found[2:]] == ["ecfp4, one query", "random, one query"]
    singles = results.table(record, "auroc", single=True).loc[["t1", "t2"], "random"]
    assert found[3].values["auroc"].mean == pytest.approx(singles.mean())
    assert found[0].against == {}
    assert found[1].against["bedroc_80p5"].losses == 2
    enriched = found[1].against["ef_1pct"].difference.mean
    assert enriched == pytest.approx(
        found[1].values["ef_1pct"].mean - found[0].values["ef_1pct"].mean
    )
    assert found[0].values["auroc"].n == 2
    assert best_possible(record) == pytest.approx(42 / 6)


def test_text_names_limits_tiers_and_leaks(memory, tmp_path):
    record, training = leaky(memory, tmp_path)
    text = overview(record)
    assert "3 targets; 24 actives; 108 decoys" in text
    assert "LEAK: 15 of 24 actives (62%)" in text
    assert f"{training.name}: ≥ 0.9" in text
    assert "query: < 0.35" in text
    tier = next(t for t in tiers(record) if t.name == f"{training.name}: ≥ 0.9")
    assert tier.n_targets == 3
    limited = run(
        memory(), tmp_path / "l.json", ["random"], config={"limit_actives": 4, "limit_decoys": 9}
    )
    assert "at most 4 actives and 9 decoys a target, seed 0" in overview(limited)
    assert number(float("nan"), "auroc") == "–"
    assert grid(["a", "bb"], [["ccc", "d"]]).splitlines()[1] == "|-----|----|"


def test_one_target_has_the_interval_of_its_molecules(memory, tmp_path):
    config = {"limit_targets": 1}
    record = run(memory(), tmp_path / "one.json", ["random", "ecfp4"], config=config)
    low, high = results.within(record, "t1", "random", "auroc")
    line = next(line for line in lines(record) if line.method == "random")
    assert (line.values["auroc"].low, line.values["auroc"].high) == (low, high)
    assert low < line.values["auroc"].mean < high
    text = overview(record)
    assert "1 target; " in text
    assert "One target: 95 % intervals from drawing its molecules anew" in text
    assert f"{line.values['auroc'].mean:.3f} [{low:.3f}, {high:.3f}]" in text
    # A ratio of two methods on one target has no interval, and says so by having none.
    assert "×, 0:1" in text
    assert "nan" not in text.lower()
    page = to_html([{**record, "file": "one.json"}])
    assert "One target: 95 % intervals" in page
    assert f"<small>{number(results.within(record, 't1', 'random', 'bedroc_80p5')[0], 'b')}" in page
    assert "nan" not in page.lower()
    # Files of before have no such bounds: then there are none, not wrong ones.
    for row in record["results"]:
        del row["within"]
    assert f"| {line.values['auroc'].mean:.3f} " in overview(record)


def test_plots_hold_no_more_methods_than_colours(memory, tmp_path):
    names = ["random", "heavy-atoms", "properties", "ecfp4", "ecfp4-mean", "maccs", "rdkit"]
    blends = ["ecfp4+maccs", "ecfp4+rdkit", "maccs+rdkit"]
    record = run(memory(), tmp_path / "m.json", [*blends, *names], config={"limit_targets": 2})
    page = to_html([{**record, "file": "m.json"}])
    assert "plots show 8 of\n10 methods" in page
    roc = page[page.index('aria-label="roc curves"') :]
    shown = re.findall(r'class="line s(\d)" d="[^"]*"><title>([^<]*)', roc[: roc.index("</svg>")])
    assert [int(number) for number, _ in shown] == list(range(8))
    assert shown[0][1] == "ecfp4"
    assert {name for _, name in shown} > set(names)
    # Every method stands in the tables, coloured or not.
    assert all(f"</span>{name}</td>" in page for name in [*blends, *names])
    few = run(memory(), tmp_path / "f.json", names, config={"limit_targets": 1})
    assert "plots show" not in to_html([{**few, "file": "f.json"}])


def test_what_was_not_ranked_is_told(memory, tmp_path):
    record = run(memory(), tmp_path / "m.json", ["ecfp4", "random"], config={"limit_targets": 1})
    assert "cannot read" not in overview(record)
    assert "18% of the molecules are actives" in overview(record)
    record["audit"]["t1"]["unreadable"] = 2
    for row in record["results"]:
        row["n_unscored"] = 2 if row["method"] == "ecfp4" else 5
    text = overview(record)
    assert "Structures that RDKit cannot read, ranked last: 2." in text
    assert "without a score by random (not prepared, or no 3D geometry), ranked last: 3." in text


def test_page_is_self_contained_and_escaped(memory, tmp_path):
    record, _ = leaky(memory, tmp_path)
    record["file"] = "m.json"
    record["provenance"]["title"] = "<script>alert(1)</script>"
    hostile = json.loads(json.dumps(record).replace('"t3"', '"<img src=x>"'))
    page = to_html([hostile, {**record, "benchmark": "dude"}])
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "http-equiv" not in page
    assert "src=" not in page.replace("&lt;img src=x&gt;", "")
    assert "@import" not in page
    assert page.count("<svg") >= 10
    assert "LEAK" in page
    assert "Published by others" in page
    assert page.index("Published by others") > page.index("All actives")
    text = to_markdown([{**record, "benchmark": "dude"}])
    assert "not comparable row by row" in text
    assert "S-MolSearch" in text


def test_published_rows_state_their_source():
    for rows in PUBLISHED.values():
        assert all(row.source and row.kind in ("ligand", "pocket", "docking") for row in rows)


def test_folders_of_results(memory, tmp_path):
    run(memory(), tmp_path / "a.json", ["random"], config={"limit_targets": 1})
    (tmp_path / "other.json").write_text("{}")
    found = results.read_all([tmp_path])
    assert [record["file"] for record in found] == ["a.json"]
    with pytest.raises(InputError):
        results.read_all([tmp_path / "other.json"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no result files"):
        results.read_all([tmp_path / "empty"])
    assert np.isfinite(results.table(found[0], "auroc").to_numpy()).all()


def test_decoy_sources_and_random_compounds_have_their_own_tables(memory, tmp_path):
    class Sourced(memory):
        def load(self, target):
            task = super().load(target)
            halves = np.where(np.arange(len(task.pool)) % 2, "chembl", "pubchem")
            task.pool["origin"] = np.where(task.is_active, "", halves)
            return task

    compounds = tmp_path / "random.smi"
    compounds.write_text("\n".join("C" * n + "O" for n in range(1, 40)))
    pool = draw_pool(30, compounds, 0)
    record = run(Sourced(), tmp_path / "m.json", ["ecfp4", "random"], random=pool)
    assert source_grid(record).splitlines()[2].startswith("| chembl ")
    assert "chembl" not in tier_grid(record)
    text = overview(record)
    assert "| pubchem " in text
    assert "among random compounds" in text
    assert "30 drawn from random.smi with seed 0 (compounds of the user's own file)" in text
    first = random_lines(record)[0]
    assert first.method == "ecfp4"
    assert first.values["efb_1pct"].mean == pytest.approx(30)
    page = to_html([{**record, "file": "m.json"}])
    assert "By where the decoys come from" in page
    assert "Among random compounds" in page
    plain = run(memory(), tmp_path / "plain.json", ["ecfp4"])
    assert random_lines(plain) == []
    bare = to_html([{**plain, "file": "p.json"}])
    assert "Among random compounds" not in bare
    assert "By where the decoys" not in bare


def test_an_encoder_trained_on_the_actives_is_flagged(memory, tmp_path):
    """From the card of an encoder to the warning on the page, without being asked."""
    train = tmp_path / "leaked.csv"
    train.write_text("smiles\n" + "\n".join(ACTIVES) + "\n")
    folder = make_encoder(tmp_path / "encoder")
    card = json.loads((folder / "card.json").read_text())
    card["training"] = {"molecules_file": str(train)}
    (folder / "card.json").write_text(json.dumps(card))
    methods = parse_methods([str(folder), "ecfp4"], device="cpu")
    names, _ = of_encoders(methods)
    trainings = [load_training(name, tmp_path / "cache") for name in names]
    assert [training.name for training in trainings] == [str(train)]
    cache = ConformerCache(tmp_path / "cache", PrepareConfig(), make=make)
    config = BenchmarkConfig(limit_targets=1, query_conformers=1)
    runner = Runner(memory(), methods, config, trainings=trainings, cache=cache)
    record = runner.run(tmp_path / "m.json")
    first = overview(record).split("\n- ")[1]
    assert first.startswith(
        f"LEAK: 8 of 8 actives (100%) are molecules of the training set '{train}'"
    )
    assert "LEAK: 8 of 8" in to_html([{**record, "file": "m.json"}])
