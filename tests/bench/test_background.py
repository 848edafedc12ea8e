from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from molsearch.bench import results
from molsearch.bench.background import METRICS, UNTRAINED, draw_pool
from molsearch.bench.conformers import ConformerCache
from molsearch.bench.methods import parse_methods
from molsearch.bench.results import FORMAT
from molsearch.bench.runner import BenchmarkConfig, Runner
from molsearch.config import PrepareConfig
from molsearch.errors import InputError, UsageError

from .conftest import ACTIVES, DECOYS, make_task
from .test_baselines import make

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture
def compounds(tmp_path):
    """A list of random compounds, two of them actives in other spellings, one unreadable."""
    path = tmp_path / "random.smi"
    lines = [*DECOYS, "c1ccnc(c1)C(=O)Nc1ccc(F)cc1", ACTIVES[1], "broken", DECOYS[0]]
    path.write_text("\n".join(lines))
    return path


def run(benchmark, path, methods, pool, **options):
    runner = Runner(benchmark, parse_methods(methods), BenchmarkConfig(), random=pool, **options)
    return runner.run(path)


def test_draws_nest_and_do_not_depend_on_the_order_of_the_file(compounds, tmp_path):
    small, large = draw_pool(5, compounds, 1), draw_pool(20, compounds, 1)
    assert small.molecules.smiles == large.molecules.smiles[:5]
    turned = tmp_path / "turned.smi"
    turned.write_text("\n".join(reversed(compounds.read_text().splitlines())))
    assert draw_pool(5, turned, 1).molecules.smiles == small.molecules.smiles
    assert draw_pool(5, compounds, 2).molecules.smiles != small.molecules.smiles
    table = tmp_path / "random.parquet"
    pd.DataFrame({"smiles": ["CCO", "CCN", None]}).to_parquet(table)
    assert sorted(draw_pool(2, table, 0).molecules.smiles) == ["CCN", "CCO"]
    with pytest.raises(UsageError, match="holds 2 compounds, not 3"):
        draw_pool(3, table, 0)
    with pytest.raises(InputError, match="--random-from"):
        draw_pool(3, tmp_path / "gone.smi", 0)


def test_actives_queries_and_unreadable_compounds_do_not_count_as_random(compounds):
    n = len(set(compounds.read_text().splitlines()))
    pool = draw_pool(n, compounds, 0)
    usable = pool.usable(make_task())
    assert usable.sum() == n - 3
    left = np.array(pool.molecules.smiles)[~usable]
    assert set(left) == {"c1ccnc(c1)C(=O)Nc1ccc(F)cc1", ACTIVES[1], "broken"}


def test_a_fingerprint_that_finds_all_actives_reaches_the_ceiling(memory, compounds, tmp_path):
    pool = draw_pool(len(DECOYS), compounds, 0)
    record = run(memory(), tmp_path / "m.json", ["ecfp4", "random", "properties"], pool)
    rows = {row["method"]: row["random"] for row in record["results"] if row["target"] == "t1"}
    found = rows["ecfp4"]
    assert found["n_actives"] == len(ACTIVES) - 2
    # Every active lies above every random compound: one of n is the rarest share there is.
    assert found["efb_max"] == pytest.approx(found["n_random"])
    assert found["efb_max_low"] <= found["efb_max"] <= found["efb_max_high"]
    assert found["efb_max_at"] == pytest.approx(1 / found["n_random"], abs=1e-5)
    assert rows["random"]["efb_1pct"] < found["efb_1pct"]
    assert set(METRICS) <= set(rows["properties"])
    assert record["random"]["n"] == len(DECOYS)
    assert record["random"]["source"] == "random.smi"


@pytest.mark.parametrize("protocol", ["fused", "each"])
def test_random_compounds_are_added_to_an_older_file(memory, compounds, tmp_path, protocol):
    path = tmp_path / "m.json"
    benchmark = memory(protocol=protocol)
    old = run(benchmark, path, ["ecfp4"], None)
    assert "random" not in old
    new = run(benchmark, path, ["ecfp4", "heavy-atoms"], draw_pool(20, compounds, 0))
    for row in old["results"]:
        same = next(
            r for r in new["results"]
            if (r["target"], r["method"]) == (row["target"], row["method"])
        )  # fmt: skip
        assert {k: v for k, v in same.items() if k != "random"} == row
    assert all("random" in row for row in new["results"])
    assert results.read(path) == json.loads(path.read_text()) == new
    before = benchmark.loaded.copy()
    run(benchmark, path, ["ecfp4"], draw_pool(20, compounds, 0))
    assert benchmark.loaded == before
    with pytest.raises(UsageError, match="other random compounds"):
        run(benchmark, path, ["ecfp4"], draw_pool(21, compounds, 0))


def test_three_dimensional_methods_prepare_random_compounds_once(memory, compounds, tmp_path):
    made = []

    def counted(records, config):
        made.append(len(records))
        return make(records, config)

    cache = ConformerCache(tmp_path / "cache", PrepareConfig(), make=counted)
    pool = draw_pool(6, compounds, 0)
    record = run(memory(("t1", "t2")), tmp_path / "m.json", ["usrcat+ecfp4"], pool, cache=cache)
    assert made.count(6) == 1
    assert all(row["random"]["efb_max"] >= 1 for row in record["results"])


def test_compounds_that_may_have_been_trained_on_are_not_random(tmp_path):
    path = tmp_path / "unlabelled.parquet"
    frame = {"smiles": ["CCO", "CCN", "CCC"], "is_pool_molecule": [True, False, True]}
    pd.DataFrame(frame).to_parquet(path)
    drawn = draw_pool(2, path, 0)
    assert sorted(drawn.molecules.smiles) == ["CCC", "CCO"]
    assert drawn.identity.note.endswith(UNTRAINED)
    with pytest.raises(UsageError, match="holds 2 compounds, not 3"):
        draw_pool(3, path, 0)
    pd.DataFrame({"mol": ["C"]}).to_parquet(path)
    with pytest.raises(InputError, match="no column 'smiles'; it has mol"):
        draw_pool(1, path, 0)


@pytest.mark.parametrize("name", ["own.csv", "own.tsv", "own.parquet"])
def test_flag_of_random_compounds_may_be_a_word(tmp_path, name):
    frame = pd.DataFrame({"smiles": ["CCO", "CCN", None], "is_pool_molecule": ["no", "yes", "yes"]})
    path = tmp_path / name
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    assert draw_pool(1, path, 0).molecules.smiles == ["CCN"]
    with pytest.raises(UsageError, match="holds 1 compound, not 2"):
        draw_pool(2, path, 0)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("**/*.json")), ids=lambda path: path.stem)
def test_committed_results_have_random_compounds_that_nothing_was_trained_on(path):
    record = json.loads(path.read_text())
    if isinstance(record, dict) and record.get("format") == FORMAT and "random" in record:
        assert UNTRAINED in record["random"]["note"]
    elif isinstance(record, dict) and record.get("format") == FORMAT:
        assert not [row for row in record["results"] if "random" in row]
