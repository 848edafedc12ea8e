"""A cluster of two nodes does what this process does, byte for byte, and nothing is lost with one.

The tests share one cluster, in their order; the last one kills a node.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from clusters import dies_once, object_store, other_version, silent_port, two_nodes
from command_line import CommandLine, make_encoder
from worker_tasks import squared

from molsearch.errors import InputError, MolSearchError, UsageError
from molsearch.index.writer import build_index
from molsearch.nn.weights import load_encoder
from molsearch.search import far
from molsearch.service.benchmark import benchmark
from molsearch.service.events import Event, Note, Progress
from molsearch.service.index import index
from molsearch.service.prepare import prepare
from molsearch.service.requests import (
    BenchmarkRequest,
    IndexRequest,
    PrepareRequest,
    ScreenRequest,
)
from molsearch.service.screen import screen
from molsearch.service.session import Session
from molsearch.work import connect, place, probe, ray
from molsearch.work.backend import cut, singly
from molsearch.work.connect import cluster
from molsearch.work.place import Place

pytest.importorskip("ray", reason="Ray is not installed (pip install 'molsearch[cluster]')")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    # Ray ends the process that joins it, without an exception, where a loaded machine keeps its
    # daemons waiting. A test that lost its process so begins again; one that fails does not.
    pytest.mark.flaky(reruns=2, only_rerun=["^no failure of an assertion$"]),
]
FLAT = {"n_conformers": 0}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture(scope="module")
def nodes(bucket: str) -> Iterator[tuple[Any, Any]]:
    with two_nodes() as both:
        yield both


@pytest.fixture(scope="module")
def joined(nodes: tuple[Any, Any]) -> tuple[Any, Any]:
    """Join once, as a notebook would: workers, and what they have imported, stay."""
    import logging

    import ray

    ray.init(address=nodes[0].address, logging_level=logging.ERROR, log_to_driver=False)
    return nodes


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "mine.smi"
    tails = ["O", "N", "C(=O)O", "c1ccccc1", "c1ccncc1", "S(=O)(=O)N", "C#N", "F"]
    lines = [
        f"{'C' * n}{tail} m{n}-{place}" for n in range(1, 16) for place, tail in enumerate(tails)
    ]
    lines[41] = "C1CC bad"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder") / "e")


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molsearch.data.prepare._SHARD_RECORDS", 5)
    monkeypatch.setattr("molsearch.data.prepare._SHARD_RECORDS_MIN", 5)
    monkeypatch.setattr("molsearch.index.writer.BATCH_ROWS", 10)
    monkeypatch.setattr("molsearch.index.far._BATCHES", 1)
    monkeypatch.setattr(place, "_FIRST_PAUSE", 0.01)


def content(folder: Path) -> dict[str, str]:
    """Digests of all files but the accounts, which tell times."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json" and not path.name.startswith(".")
    }


def test_outcomes_come_in_order_and_a_dead_worker_costs_nothing(
    nodes: tuple[Any, Any], tmp_path: Path
) -> None:
    told: list[str] = []
    with cluster(nodes[0].address, tell=told.append) as backend:
        assert backend.slots == 2
        assert list(backend.map(squared, cut(range(7), 3))) == [[0, 1, 4], [9, 16, 25], [36]]
        (found,) = backend.map(squared, [[16, 17, 18]], lambda item, reason: reason)
        assert found == [256, "KeyError: 'seventeen'", 324]
        with pytest.raises(InputError, match=r"^19 is no number: give another$"):
            list(backend.map(squared, [[19]]))
        items = [(number, str(tmp_path / "died")) for number in range(6)]
        assert [one for (one,) in backend.map(dies_once, singly(items))] == [0, 1, 4, 9, 16, 25]
    assert told == [
        "a worker or a node of the cluster is gone (WorkerCrashedError): its work is done again"
    ]


def test_work_that_always_kills_its_worker_is_one_line(
    joined: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "_TRIES", 2)
    with (
        cluster(joined[0].address) as backend,
        pytest.raises(MolSearchError, match=r"cost 2 workers their lives .*: give the nodes more"),
    ):
        list(backend.map(squared, [[13]]))


def test_a_prepared_set_goes_through_an_object_store(
    joined: tuple[Any, Any], bucket: str, library: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    files = {"library": (str(library),), "prepare": FLAT, "workers": 1}
    prepare(PrepareRequest(**files, output=str(here)))
    cluster_ = {"cluster": joined[0].address, "staging": f"{bucket}/run"}
    prepare(PrepareRequest(**files, **cluster_, output=str(there)))
    assert content(there) == content(here)
    assert len(content(here)) == 2 * 24 + 1
    system = Place.of(bucket)._system
    assert [name for name in system.find(bucket) if not name.endswith("/")] == []


def test_a_node_with_another_version_is_refused_by_name(
    joined: tuple[Any, Any], tmp_path: Path
) -> None:
    path = other_version(tmp_path, "molsearch", "0.0.1")
    first = f"{path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    other = joined[0].add_node(
        num_cpus=1, object_store_memory=80 * 2**20, env_vars={"PYTHONPATH": first}
    )
    try:
        with (
            pytest.raises(MolSearchError, match=r"^node .* has molsearch 0\.0\.1, this machine"),
            cluster(joined[0].address),
        ):
            pass
    finally:
        joined[0].remove_node(other, allow_graceful=True)


@pytest.mark.parametrize("package", probe.PACKAGES)
def test_every_package_that_differs_is_named(package: str) -> None:
    told = {**probe.versions(), package: "0.0.1"}
    with pytest.raises(MolSearchError, match=rf"^node x has {package} 0\.0\.1, this machine"):
        ray._refuse("node x", told, None)


def test_a_place_that_workers_do_not_see_is_refused(
    joined: tuple[Any, Any], molsearch: CommandLine, library: Path, tmp_path: Path
) -> None:
    said = molsearch(
        "prepare", library, "-o", tmp_path / "p", "--conformers", 0,
        "--cluster", joined[0].address, "--staging", "memory://alone",
    )  # fmt: skip
    assert said.code == 1
    assert "does not see memory://alone/" in said.line
    assert "name a folder that all nodes share with --staging" in said.line
    assert not (tmp_path / "p").exists()


def test_a_screen_over_shards_has_the_hits_of_one_process(
    joined: tuple[Any, Any], library: Path, encoder: Path, tmp_path: Path
) -> None:
    files = {"library": (str(library),), "prepare": FLAT, "workers": 1}
    prepared = prepare(PrepareRequest(**files, output=str(tmp_path / "p"))).prepared
    build_index(prepared, load_encoder(encoder, device="cpu"), tmp_path / "i", shard_rows=25)
    asked = {"index": str(tmp_path / "i"), "encoder": str(encoder), "device": "cpu", "k": 30}
    asked |= {"queries": ("CCCCCO", "CCc1ccccc1"), "where": ("heavy_atoms > 4",)}
    here = screen(ScreenRequest(**asked), Session()).hits
    there = screen(ScreenRequest(**asked, cluster=joined[0].address), Session()).hits
    assert here.n_hits == 30
    pd.testing.assert_frame_equal(there.frame, here.frame, check_exact=True)
    assert there.warnings == here.warnings
    with pytest.raises(InputError, match=r"does not see .*nowhere: put the index where all nodes"):
        far._opened(str(tmp_path / "nowhere"), 1)


def test_targets_of_a_benchmark_have_the_figures_of_one_process(
    joined: tuple[Any, Any], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        folder = tmp_path / "mine" / name
        folder.mkdir(parents=True)
        actives = [f"O=C(Nc1ccc({x})cc1)c1ccccn1" for x in ("F", "Cl", "Br", "C", "OC", "O")]
        (folder / "actives.smi").write_text("\n".join(actives))
        (folder / "decoys.smi").write_text("\n".join(f"{'C' * n}N1CCNCC1" for n in range(1, 20)))
        (folder / "queries.smi").write_text("O=C(Nc1ccc(I)cc1)c1ccccn1 q1\n")
    asked = {"benchmark": str(tmp_path / "mine"), "methods": ("ecfp4", "heavy-atoms")}
    asked |= {"trainings": (), "workers": 1, "cache": str(tmp_path / "cache")}
    found = []
    for name, cluster_ in (("here", None), ("there", joined[0].address)):
        output = str(tmp_path / f"{name}.json")
        (record,) = benchmark(
            BenchmarkRequest(**asked, output=output, cluster=cluster_)
        ).records.values()
        for row in record["results"]:
            row.pop("seconds")
        found.append({name: record[name] for name in ("results", "targets", "audit", "config")})
    assert len(found[0]["results"]) == 4
    assert found[0] == found[1]


def test_a_node_killed_in_mid_run_changes_no_byte_of_an_index(
    joined: tuple[Any, Any], library: Path, encoder: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    files = {"library": (str(library),), "prepare": FLAT, "workers": 1, "encoder": str(encoder)}
    index(IndexRequest(**files, output=str(here), device="cpu"), Session())
    both, victim = joined
    notes: list[str] = []

    def kill(event: Event) -> None:
        begun = isinstance(event, Progress) and event.stage == "preparing" and event.done >= 15
        if begun and victim in both.list_all_nodes():
            both.remove_node(victim, allow_graceful=False)
        if isinstance(event, Note):
            notes.append(event.text)

    index(IndexRequest(**files, output=str(there), cluster=both.address), Session(), kill)
    assert victim not in both.list_all_nodes()
    assert "cluster: 2 processors" in notes
    assert content(there) == content(here)
    assert not list(tmp_path.glob(".molsearch-staging*"))


def test_addresses_that_do_not_answer_are_one_line() -> None:
    with (
        silent_port() as address,
        pytest.raises(MolSearchError, match=rf"no Ray cluster answers at {address} within 5 s"),
    ):
        connect._refuse_silent(address, 5.0)
    with pytest.raises(MolSearchError, match=r"answers at 127\.0\.0\.1:1 \(.*refused\): look"):
        connect._refuse_silent("127.0.0.1:1", 60.0)
    with pytest.raises(UsageError, match=r"--cluster ray://x: give auto, or host:port"):
        connect.check_address("ray://x")


def test_options_of_a_cluster_that_make_no_sense_are_refused(
    molsearch: CommandLine, library: Path, tmp_path: Path
) -> None:
    alone = molsearch("prepare", library, "-o", tmp_path / "p", "--staging", "s3://b/f")
    assert (alone.code, "--staging is for --cluster" in alone.line) == (2, True)
    card = molsearch(
        "index", library, "-o", tmp_path / "i", "--cluster", "auto", "--device", "cuda"
    )
    assert (card.code, "works on processors, not on cuda" in card.line) == (2, True)


def test_without_ray_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs Ray: pip install 'molsearch\[cluster\]'"):
        connect.check_address("auto")
