"""Several encoders distilled into one: targets, draws, what is learned and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import cut_and_whole, gathered, run, sampler, tiny, write_families
from pydantic import ValidationError

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore, concatenate
from molsearch.errors import UsageError
from molsearch.nn.committee import joined
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.weights import load_encoder, save_encoder
from molsearch.service.requests import TrainRequest
from molsearch.service.train import train
from molsearch.train import loop
from molsearch.train.distil import Distil, Distilled
from molsearch.train.distil_targets import reduced
from molsearch.train.learner import embed, encoder_config, with_weights
from molsearch.train.run import Hooks, run_training
from molsearch.train.supervised import Supervised
from molsearch.train.teachers import known_to, load_teachers, side_by_side

QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "use_geometry": False}
HOOKS = Hooks(lambda report: None, lambda *_: None)


def _config(**changes: Any) -> TrainConfig:
    distil = {"teachers": ("t",), "weight": 1.0, "molecules": 8, **changes.pop("distil", {})}
    content = {"method": "distilled", "model": {**tiny().model, **QUIET}, **changes}
    return tiny(**content, distil=distil)


def _teachers(n: int = 2) -> list[Encoder]:
    torch.manual_seed(3)
    config = encoder_config(_config())
    return [Encoder(Network(config), identity=str(i), card={"name": f"t{i}"}) for i in range(n)]


def _term(config: TrainConfig, pairs: GraphStore, rest: GraphStore) -> Distil:
    molecules = concatenate([pairs, rest])
    targets = reduced(side_by_side(_teachers(), molecules, np.float16), 16)
    return Distil(config, molecules, len(pairs), targets)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_inner_products_of_views_are_mean_cosines(pairs: GraphStore) -> None:
    teachers = _teachers()
    views = side_by_side(teachers, pairs, np.float16).astype(np.float32)
    one, two = (teacher.encode_store(pairs) for teacher in teachers)
    assert np.allclose(views @ views.T, (one @ one.T + two @ two.T) / 2, atol=2e-3)


def test_reduction_keeps_inner_products_as_well_as_can_be() -> None:
    random = np.random.default_rng(0)
    # Far from the origin: centring would lose the mean, which inner products need.
    low = random.normal(size=(300, 6)) + 2
    views = _unit(low @ random.normal(size=(6, 24))).astype(np.float16)
    exact = views.astype(np.float64) @ views.T.astype(np.float64)
    whole = reduced(views, 6).astype(np.float64)
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-3)
    assert np.allclose(whole @ whole.T, exact, atol=5e-3)
    noisy = _unit(views + 0.1 * random.normal(size=views.shape)).astype(np.float16)
    rows = noisy.astype(np.float64)
    u, s, _ = np.linalg.svd(rows, full_matrices=False)
    for dim in (4, 8):
        best = _unit(u[:, :dim] * s[:dim])
        found = reduced(noisy, dim).astype(np.float64)
        assert np.allclose(found @ found.T, best @ best.T, atol=5e-3)
        # A prefix of a wider reduction is the narrower one.
        prefix = _unit(reduced(noisy, 16)[:, :dim].astype(np.float64))
        assert np.allclose(prefix, found, atol=5e-3)


def test_a_student_wider_than_its_teachers_is_refused() -> None:
    with pytest.raises(UsageError, match=r"distil.teachers: 4 dimensions together, .* has 5"):
        reduced(np.eye(4, dtype=np.float16), 5)


def test_loss_is_the_mean_over_prefixes(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path
) -> None:
    config = _config(coordinate_noise=0.0, distil={"weight": 0.5})
    term = _term(config, pairs, rest)
    state = loop.start(config, tmp_path, torch.device("cpu"))
    (found,) = Distilled(term).objectives(state)
    rows = term.draw(0)
    with torch.no_grad():
        z = embed(state.learners["f"].network, term.molecules, rows, micro_batch=8).numpy()
    t = term.targets[torch.from_numpy(rows)].float().numpy()
    losses = [
        np.mean([1 - _unit(z[:, :w])[i] @ _unit(t[:, :w])[i] for i in range(len(z))])
        for w in (8, 16)
    ]
    assert found.report["distil"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert found.loss.item() == pytest.approx(0.5 * np.mean(losses), rel=1e-4)
    assert found.n_molecules == 8


def test_a_step_has_its_share_of_labels(pairs: GraphStore, rest: GraphStore) -> None:
    term = _term(_config(distil={"labelled_share": 0.25}), pairs, rest)
    drawn = [term.draw(step) for step in range(200)]
    assert all(len(set(rows)) == 8 and (rows < len(pairs)).sum() == 2 for rows in drawn)
    assert set(np.concatenate(drawn)) == set(range(len(pairs) + len(rest)))
    assert np.array_equal(
        drawn[3], _term(_config(distil={"labelled_share": 0.25}), pairs, rest).draw(3)
    )
    alone = Distil(_config(), pairs, len(pairs), term.targets[: len(pairs)].numpy())
    assert len(alone.draw(0)) == 8


@pytest.mark.parametrize("loss", ["vectors", "similarities"])
def test_student_comes_to_embed_as_its_teachers(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, loss: str
) -> None:
    config = _config(steps=150, learning_rate=3e-3, ema=0.5, distil={"molecules": 21, "loss": loss})
    term = _term(config, pairs, rest)
    f = run(config, Distilled(term), tmp_path).learners["f"]
    with torch.no_grad():
        z = embed(with_weights(f, f.average), term.molecules, np.arange(21), micro_batch=21)
    t = term.targets.float()
    off = ~np.eye(21, dtype=bool)
    for width in (8, 16):
        ours, theirs = (torch.nn.functional.normalize(x[:, :width], dim=1) for x in (z, t))
        alike = np.corrcoef((ours @ ours.T).numpy()[off], (theirs @ theirs.T).numpy()[off])[0, 1]
        assert alike > 0.9, width
    if loss == "vectors":
        assert torch.linalg.vecdot(z, t).mean() > 0.9


@pytest.mark.parametrize("method", ["distilled", "supervised"])
def test_interrupted_run_equals_an_uninterrupted_one(
    pairs: GraphStore, rest: GraphStore, tmp_path: Path, method: str
) -> None:
    config = _config(method=method, model={**tiny().model, "use_geometry": False})

    def made() -> Any:
        term = _term(config, pairs, rest)
        if method == "distilled":
            return Distilled(term)
        return Supervised(config, pairs, sampler(), terms=[term])

    whole, _ = cut_and_whole(config, made, tmp_path)
    assert all(("distil" in row) for row in whole.history)


def _save(folder: Path, name: str, seed: int, **settings: Any) -> Network:
    torch.manual_seed(seed)
    network = Network(encoder_config(_config()))
    made = tiny(**settings).model_dump(mode="json")
    save_encoder(folder / name, network, {"name": name, "training": {"config": made}})
    return network


def test_a_run_from_files_names_its_teachers(tmp_path: Path) -> None:
    write_families(tmp_path)
    one, two = (_save(tmp_path, name, seed) for seed, name in enumerate("ab"))
    whole = joined([one, two], 16)
    save_encoder(tmp_path / "w", whole, {"name": "w"})
    files = {"activities": "a.csv", "conformers": "", "development": "", "steps": 2}
    teachers = tuple(str(tmp_path / name) for name in "aw")
    soft = {"unlabelled": "u.csv"}
    config = _config(**files, soft=soft, int8_tables=True, distil={"teachers": teachers})
    material = gathered(config, tmp_path)
    card = run_training(config, material, tmp_path / "s", torch.device("cpu"), HOOKS)
    made = card["training"]
    assert (made["unlabelled_molecules"], made["pairs"], made["targets"]) == (3, 0, 0)
    known = [load_encoder(path, device="cpu") for path in teachers]
    assert [t["identity"] for t in made["teachers"]] == [t.identity for t in known]
    assert [t["name"] for t in made["teachers"]] == ["a", "w"]
    student = load_encoder(tmp_path / "s", device="cpu")
    assert student.network.config.towers == 1
    beside = _config(**files, soft=soft, method="supervised", distil={"teachers": teachers})
    card = run_training(beside, material, tmp_path / "p", torch.device("cpu"), HOOKS)
    assert (card["training"]["pairs"], len(card["training"]["teachers"])) == (12, 2)


def test_teachers_that_do_not_fit_are_refused_in_a_line(tmp_path: Path) -> None:
    device = torch.device("cpu")
    _save(tmp_path, "known", 0)
    _save(tmp_path, "held-out", 1, hold_out_benchmark_targets=True)
    model = encoder_config(_config())
    other = model.model_copy(update={"n_torsions": 7})
    save_encoder(tmp_path / "torsions", Network(other), {"name": "t"})
    spatial = model.model_copy(update={"use_geometry": True})
    save_encoder(tmp_path / "spatial", Network(spatial), {"name": "t"})

    def load(*names: str, **changes: Any) -> int:
        paths = tuple(str(tmp_path / name) for name in names)
        config = _config(distil={"teachers": paths}, **changes)
        return len(load_teachers(config, encoder_config(config), device, "distil"))

    assert load("known", "held-out") == 2
    assert load("held-out", hold_out_benchmark_targets=True) == 1
    for names, said, changes in [
        (("torsions",), r"torsions: its buckets are 997 of environments, 7 of torsions; this", {}),
        (("spatial",), "spatial looks at geometry", {}),
        (("held-out", "known"), "known was trained on benchmark targets",
         {"hold_out_benchmark_targets": True}),
        (("held-out",), "trained on homologues above 0.9",
         {"hold_out_benchmark_targets": True, "homology": "h"}),
    ]:  # fmt: skip
        with pytest.raises(UsageError, match=rf"distil\.teachers: .*{said}"):
            load(*names, **changes)


def test_what_an_encoder_was_made_of_counts() -> None:
    config = tiny(hold_out_benchmark_targets=True, homology="h", max_identity=0.9)
    out = {"config": config.model_dump(mode="json")}
    known = {"config": tiny().model_dump(mode="json")}
    assert known_to({"training": out}, config) == ""
    assert known_to({"training": {**known, "parts": [{"training": out}] * 2}}, config) == ""
    for made in (
        {**out, "parts": [{"training": out}, {"training": known}]},
        {**out, "teachers": [{"training": known}]},
        {**out, "teachers": [{"training": {**out, "parts": [{"training": known}]}}]},
        known,
        None,
    ):
        assert known_to({"training": made}, config) == "benchmark targets"
    assert known_to({"training": known}, tiny()) == ""
    weak = {"config": tiny(tiers=("active", "weak_5_6")).model_dump(mode="json")}
    assert known_to({"training": weak}, tiny()) == "tier weak_5_6"
    kept = tiny(benchmark_molecules="kept", homology="h", far_from=("dude",), far_identity=0.4)
    card = {"training": {"config": kept.model_dump(mode="json")}}
    assert known_to(card, tiny()) == "benchmark molecules"
    assert known_to(card, kept) == ""
    nearer = kept.model_copy(update={"far_identity": 0.3})
    assert known_to(card, nearer) == "targets close to those of dude"
    # What held out the targets of all benchmarks stayed away from their homologues too.
    at = {most: kept.model_copy(update={"far_identity": most}) for most in (0.89, 0.9)}
    assert known_to({"training": out}, at[0.9]) == ""
    assert known_to({"training": out}, at[0.89]) == "targets close to those of dude"
    assert known_to({"training": known}, at[0.9]).startswith("homologues above 0.9")


def test_settings_that_do_not_go_together_are_refused() -> None:
    assert tiny().distil.weight == 0
    for said, changes in [
        ("belong together", {"method": "supervised", "distil": {"teachers": ()}}),
        ("belong together", {"distil": {"weight": 0}}),
        ("prototypes: method distilled looks at no activities", {"prototypes": 1}),
        ("method self_supervised follows no teachers", {"method": "self_supervised"}),
        ("soft.teachers and method taught", {"soft": {"teachers": ("t",)}}),
    ]:
        with pytest.raises(ValidationError, match=said):
            _config(**changes)
    with pytest.raises(ValidationError, match="method distilled follows others"):
        tiny(method="distilled")


def test_what_a_run_builds_on_is_refused_before_it_reads_data(tmp_path: Path) -> None:
    _save(tmp_path, "known", 0)
    known = str(tmp_path / "known")
    held_out: dict[str, Any] = {"hold_out_benchmark_targets": True}
    for setting, config in [
        ("parts", tiny(method="committee", model={}, parts=(known, known), **held_out)),
        ("start_from", tiny(start_from=known, **held_out)),
        ("distil.teachers", _config(distil={"teachers": (known,)}, **held_out)),
        ("soft.teachers", tiny(method="taught", soft={"teachers": (known,)}, **held_out)),
    ]:
        request = TrainRequest(config=config, output=str(tmp_path / "out"), device="cpu")
        with pytest.raises(UsageError, match=rf"{setting}: .*known was trained on benchmark tar"):
            train(request)
        assert not (tmp_path / "out").exists()
