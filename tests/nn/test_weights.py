"""Encoders on disk: what is loaded is what was saved, or a clear refusal."""

from __future__ import annotations

import json
import os
import pickle
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from molecules import CONFIGS, SMILES
from safetensors.torch import load_file, save_file

from molsearch.data.store import GraphStore
from molsearch.errors import EncoderMismatchError, InputError, UsageError
from molsearch.nn.device import resolve_device
from molsearch.nn.network import Network
from molsearch.nn.weights import _identity, load_encoder, save_encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved, untrained encoder with a background of three vectors."""
    torch.manual_seed(3)
    background = np.eye(3, 16, dtype=np.float16)
    prints = np.arange(3 * 256, dtype=np.uint8).reshape(3, 256)
    save_encoder(tmp_path / "e", Network(CONFIGS["small"]), {"name": "tiny"}, background, prints)
    return tmp_path / "e"


def test_saved_encoder_embeds_as_before(folder: Path, store: GraphStore) -> None:
    torch.manual_seed(3)
    network = Network(CONFIGS["small"]).eval()
    for parameter in network.parameters():
        parameter.data = parameter.data.half().float()  # as on disk
    encoder = load_encoder(folder, device="cpu")
    from molsearch.nn.encoder import Encoder

    original = Encoder(network, identity="", card={})
    assert np.array_equal(encoder.encode_store(store), original.encode_store(store))
    assert encoder.card["name"] == "tiny"
    assert encoder.background is not None
    assert encoder.background.shape == (3, encoder.dim)
    assert encoder.background_ecfp4 is not None
    assert encoder.background_ecfp4[2, 255] == (3 * 256 - 1) % 256


def test_one_network_keeps_its_tables_in_bytes_where_asked(
    folder: Path, store: GraphStore, tmp_path: Path
) -> None:
    torch.manual_seed(3)
    save_encoder(tmp_path / "b", Network(CONFIGS["small"]), {"name": "tiny"}, int8_tables=True)
    whole, small = load_encoder(folder), load_encoder(tmp_path / "b")
    assert whole.card["int8"] == []
    assert small.card["int8"] == ["environments.table.weight"]
    assert load_file(tmp_path / "b" / "encoder.safetensors")[small.card["int8"][0]].dtype is (
        torch.int8
    )
    cosine = (whole.encode_store(store) * small.encode_store(store)).sum(1)
    assert cosine.min() > 0.999


def test_identity_follows_the_weights(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(4)
    save_encoder(tmp_path / "other", Network(CONFIGS["small"]), {"name": "tiny"})
    one, again = load_encoder(folder), load_encoder(folder)
    assert one.identity == again.identity != load_encoder(tmp_path / "other").identity


def test_batch_size_and_order_do_not_change_an_embedding(folder: Path, store: GraphStore) -> None:
    whole = load_encoder(folder, batch_size=100).encode_store(store)
    single = load_encoder(folder, batch_size=1).encode_store(store)
    some = load_encoder(folder, batch_size=3).encode_rows(store, np.array([4, 1, 6]))
    assert np.abs(whole - single).max() < 2e-5
    assert np.abs(whole[[4, 1, 6]] - some).max() < 2e-5
    assert len(whole) == len(SMILES)


def test_missing_encoder_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no encoder here"):
        load_encoder(tmp_path / "nowhere")


def _edit(folder: Path, **changes: object) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_card_that_is_not_json_is_refused(folder: Path) -> None:
    (folder / "card.json").write_text("{")
    with pytest.raises(EncoderMismatchError, match="not JSON"):
        load_encoder(folder)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"format": "other"}, "not the card"),
        ({"identity": "0" * 64}, "do not belong together"),
        ({"model": {"width": -1}}, "width"),
        ({"model": {"surprise": 1}}, "surprise"),
        ({"featuriser": "features-0"}, "do not belong together"),
    ],
)
def test_edited_card_is_refused(folder: Path, changes: dict[str, object], word: str) -> None:
    _edit(folder, **changes)
    with pytest.raises(EncoderMismatchError, match=word):
        load_encoder(folder)


def test_encoder_of_another_featuriser_is_refused(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(
        "molsearch.chem.counters.VERSIONS", ("features-98", "features-99", "features-100")
    )
    with pytest.raises(EncoderMismatchError, match="train again"):
        load_encoder(folder)


@pytest.mark.parametrize("harm", ["truncate", "flip", "pickle", "empty"])
def test_damaged_weights_are_refused(folder: Path, harm: str, tmp_path: Path) -> None:
    path = folder / "encoder.safetensors"
    content = bytearray(path.read_bytes())
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (canary,))

    harmed = {
        "truncate": bytes(content[: len(content) // 2]),
        "flip": bytes(content[:-5]) + bytes([content[-5] ^ 1]) + bytes(content[-4:]),
        "pickle": pickle.dumps(Evil()),
        "empty": b"",
    }[harm]
    path.write_bytes(harmed)
    with pytest.raises(EncoderMismatchError):
        load_encoder(folder)
    assert not canary.exists()


def _resave(folder: Path, change) -> None:
    """Rewrite the weights and make the card's identity fit them, as a forger would."""
    from molsearch.nn import weights

    path = folder / "encoder.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    card = json.loads((folder / "card.json").read_text())
    _edit(folder, identity=weights._identity(path.read_bytes(), card["model"], card["featuriser"]))


def test_weights_that_are_not_numbers_are_refused(folder: Path) -> None:
    _resave(folder, lambda t: t["head.weight"].fill_(float("nan")))
    with pytest.raises(EncoderMismatchError, match="not finite"):
        load_encoder(folder)


def test_missing_tensor_and_wrong_shape_are_refused(folder: Path) -> None:
    _resave(folder, lambda t: t.update({"head.bias": torch.zeros(3)}))
    with pytest.raises(EncoderMismatchError, match=r"head\.bias is \(3,\)"):
        load_encoder(folder)
    _resave(folder, lambda t: t.pop("head.bias"))
    with pytest.raises(EncoderMismatchError, match="tensors do not fit"):
        load_encoder(folder)


def test_device_names() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    for name in ("gpu", "mps", "cuda:99"):
        with pytest.raises(UsageError, match="--device"):
            resolve_device(name)


def test_settings_added_later_leave_an_encoder_what_it_was(folder: Path) -> None:
    """A card from before a setting existed lacks it; the encoder takes its default."""
    card = json.loads((folder / "card.json").read_text())
    del card["model"]["distances"]
    (folder / "card.json").write_text(json.dumps(card))
    _resave(folder, lambda tensors: None)
    loaded = load_encoder(folder)
    assert loaded.network.config.distances == "space"
    assert loaded.identity == json.loads((folder / "card.json").read_text())["identity"]


@pytest.mark.parametrize("shape", [(2, 256), (3, 255)])
def test_fingerprints_that_do_not_fit_the_background_are_refused(tmp_path: Path, shape) -> None:
    background = np.eye(3, 16, dtype=np.float16)
    prints = np.zeros(shape, np.uint8)
    save_encoder(tmp_path / "e", Network(CONFIGS["small"]), {"name": "x"}, background, prints)
    with pytest.raises(EncoderMismatchError, match="each of 3 background molecules; restore"):
        load_encoder(tmp_path / "e", device="cpu")


def _forge(folder: Path, change) -> None:
    """Change the tensors of an encoder, and its identity with them, as a forger would."""
    path, card_path = folder / "encoder.safetensors", folder / "card.json"
    save_file(change(load_file(path)), path)
    card = json.loads(card_path.read_text())
    _edit(folder, identity=_identity(path.read_bytes(), card["model"], card["featuriser"]))


def _background(value: torch.Tensor):
    return lambda tensors: {**tensors, "background": value}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda t: {n: v.double() for n, v in t.items()}, "the card says torch.float16"),
        (lambda t: {n: v.to(torch.int8) for n, v in t.items()}, "torch.float16"),
        (lambda t: {n: v > 0 for n, v in t.items()}, "torch.float16"),
        (
            _background(torch.ones(3, 17).half()),
            r"background is \(3, 17\), the card says \(3, 16\)",
        ),
        (_background(torch.ones(16).half()), r"background is \(16,\)"),
        (_background(torch.ones(0, 16).half()), r"background is \(0, 16\)"),
        (_background(torch.full((3, 16), float("nan")).half()), "not finite"),
        (_background(torch.ones(3, 16).half()), "not of unit length"),
        (_background(torch.eye(3, 16)), "background is torch.float32"),
    ],
)
def test_tensors_other_than_the_card_says_are_refused(folder: Path, change, word: str) -> None:
    _forge(folder, change)
    with pytest.raises(EncoderMismatchError, match=word):
        load_encoder(folder)


@pytest.mark.parametrize(
    "size",
    [
        {"width": 1_000_000},
        {"n_layers": 10**9},
        {"n_buckets": 10**12},
        {"embedding_dim": 10**9, "matryoshka": [10**9]},
    ],
)
def test_a_card_of_a_giant_is_refused_before_any_memory_is_taken(folder: Path, size) -> None:
    card = json.loads((folder / "card.json").read_text())
    content = (folder / "encoder.safetensors").read_bytes()
    model = {**card["model"], **size}
    _edit(folder, model=model, identity=_identity(content, model, card["featuriser"]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(EncoderMismatchError, match=r"the card says|cannot be the"):
        load_encoder(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


@pytest.mark.parametrize("depth", [150, 2000, 200_000])
def test_a_card_nested_beyond_measure_is_refused(folder: Path, depth: int) -> None:
    path = folder / "card.json"
    card = path.read_text().rstrip().removesuffix("}")
    path.write_text(f'{card}, "note": {"[" * depth}{"]" * depth}}}')
    with pytest.raises(EncoderMismatchError, match="nested"):
        load_encoder(folder)


@pytest.mark.parametrize("name", ["card.json", "encoder.safetensors"])
def test_a_pipe_in_an_encoder_folder_does_not_hang(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(InputError):
        load_encoder(folder)
