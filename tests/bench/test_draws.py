from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from molsearch.bench import results
from molsearch.bench.draws import LEAST_LEFT, drawn, too_small
from molsearch.bench.methods import parse_methods
from molsearch.bench.report.markdown import setting
from molsearch.bench.runner import BenchmarkConfig, Runner
from molsearch.errors import UsageError

from .conftest import ACTIVES, make_task


def test_draws_are_actives_and_the_same_every_time():
    task = make_task()
    one, again = drawn(task, 3, 4, 7), drawn(task, 3, 4, 7)
    assert one.queries == again.queries
    assert one.draws == again.draws
    assert one.protocol == "drawn"
    assert len(one.draws) == 4
    smiles = [query.smiles for query in one.queries]
    assert len(set(smiles)) == len(smiles)
    assert set(smiles) <= set(ACTIVES)
    for draw in one.draws:
        assert len(set(draw)) == 3
    # More draws keep the first ones; another seed, number or target gives others.
    names = [{one.queries[i].query_id for i in draw} for draw in one.draws]
    more = drawn(task, 3, 6, 7)
    assert [{more.queries[i].query_id for i in draw} for draw in more.draws[:4]] == names
    for other in (drawn(task, 3, 4, 8), drawn(replace(task, target="t2"), 3, 4, 7)):
        assert [{other.queries[i].query_id for i in draw} for draw in other.draws] != names


def test_a_run_draws_ranks_and_records(memory, tmp_path):
    benchmark = memory(protocol="each")
    methods = parse_methods(["ecfp4", "ecfp4-top2", "2*ecfp4+maccs"])
    config = BenchmarkConfig(queries=3, draws=4)
    record = Runner(benchmark, methods, config).run(tmp_path / "r.json")
    assert record["config"]["queries"] == 3
    assert record["config"]["draws"] == 4
    row = record["results"][0]
    assert (row["protocol"], row["n_queries"], row["n_draws"]) == ("drawn", 3, 4)
    # The drawn actives leave the pool.
    assert row["n_ranked"] == row["n_actives"] + row["n_inactives"] - 3
    audit = record["audit"]["t1"]
    assert [len(draw) for draw in audit["draws"]] == [3] * 4
    assert audit["draw_scaffolds"] == 1.0
    assert "3 actives drawn as queries together, 4 draws a target" in setting(record)
    values = results.table(record, "bedroc_80p5")
    assert not values.isna().to_numpy().any()
    with pytest.raises(UsageError, match="made with queries 3, not 2"):
        Runner(benchmark, methods, BenchmarkConfig(queries=2, draws=4)).run(tmp_path / "r.json")


def test_targets_with_too_few_actives_are_left_out_and_named(memory, tmp_path):
    most = len(ACTIVES) - LEAST_LEFT
    assert too_small(memory(), most, None) == {}
    assert too_small(memory(), most + 1, None) == dict.fromkeys(["t1", "t2", "t3"], len(ACTIVES))
    assert too_small(memory(), 2, 6) == dict.fromkeys(["t1", "t2", "t3"], 6)
    runner = Runner(memory(), parse_methods(["ecfp4"]), BenchmarkConfig(queries=50, draws=2))
    with pytest.raises(UsageError, match=r"no target has the 50 actives .*at most 8"):
        runner.run(tmp_path / "r.json")
    assert not (tmp_path / "r.json").exists()


def test_more_queries_find_more(memory, tmp_path):
    values = []
    for queries in (1, 3):
        config = BenchmarkConfig(queries=queries, draws=5)
        record = Runner(memory(), parse_methods(["maccs"]), config).run(
            tmp_path / f"{queries}.json"
        )
        values.append(results.table(record, "auroc")["maccs"].mean())
    assert values[1] >= values[0] > 0.9
    assert np.isfinite(values).all()
