"""Encoders on disk: safetensors beside a JSON card; no code is ever loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors

from molsearch.chem.features import VERSIONS, Buckets
from molsearch.chem.fingerprints import N_BYTES
from molsearch.config import ModelConfig
from molsearch.errors import EncoderMismatchError, InputError
from molsearch.io.atomic import write_bytes, write_text
from molsearch.io.hashing import sha256_bytes, sha256_json
from molsearch.nn.committee import network_of
from molsearch.nn.device import resolve_device
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.quantise import SCALE, quantise, restored

WEIGHTS_FILE = "encoder.safetensors"
CARD_FILE = "card.json"
BUNDLED = Path(__file__).parents[1] / "weights"
_BACKGROUND = "background"
_BACKGROUND_ECFP4 = "background_ecfp4"
_BESIDE = frozenset({_BACKGROUND, _BACKGROUND_ECFP4})
_MAX_TENSORS = 10_000


def save_encoder(
    folder: Path,
    network: Network,
    card: Mapping[str, Any],
    background: NDArray[np.float16] | None = None,
    background_ecfp4: NDArray[np.uint8] | None = None,
) -> None:
    """Write an encoder folder, then the card that makes it visible.

    Weights are kept in half precision; the tables of a committee, which hold nearly all of
    them, in int8 with a scale a row.
    """
    tables = _tables(network) if network.config.towers > 1 else frozenset()
    tensors: dict[str, torch.Tensor] = {}
    for name, parameter in _parameters(network):
        if name in tables:
            tensors[name], tensors[name + SCALE] = quantise(parameter)
        else:
            tensors[name] = parameter.detach().to(torch.float16).contiguous()
    if background is not None:
        tensors[_BACKGROUND] = torch.from_numpy(np.ascontiguousarray(background, np.float16))
    if background_ecfp4 is not None:
        tensors[_BACKGROUND_ECFP4] = torch.from_numpy(np.ascontiguousarray(background_ecfp4))
    content = save_tensors(tensors)
    write_bytes(folder / WEIGHTS_FILE, content)
    model = network.config.model_dump(mode="json")
    header = {
        "format": "molsearch-encoder-1",
        "identity": _identity(content, model, Buckets.of(network.config).version),
        "featuriser": Buckets.of(network.config).version,
        "model": model,
        "int8": sorted(tables),
    }
    write_text(folder / CARD_FILE, json.dumps({**header, **card}, indent=1) + "\n")


def load_encoder(
    path: str | Path | None = None, *, device: str = "auto", batch_size: int = 128
) -> Encoder:
    """Load an encoder.

    Parameters
    ----------
    path
        An encoder folder, as :func:`save_encoder` or ``molsearch train`` writes it, or the
        name of a bundled one; None is the bundled ``small``.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:n``.
    batch_size
        Molecules embedded at a time.

    Raises
    ------
    InputError
        If there is no encoder at `path`.
    EncoderMismatchError
        If its files do not fit each other or this version's featuriser.
    """
    folder = encoder_folder(path)
    card = _card(folder)
    config = _config(folder, card)
    content = (folder / WEIGHTS_FILE).read_bytes()
    if _identity(content, card["model"], str(card.get("featuriser"))) != card.get("identity"):
        raise EncoderMismatchError(
            f"{folder}: weights and card do not belong together; restore both from one source"
        )
    if card["featuriser"] != Buckets.of(config).version:
        raise EncoderMismatchError(
            f"{folder}: trained on {card['featuriser']}, this molsearch has "
            f"{' and '.join(VERSIONS)}; "
            "use the version that made it, or train again"
        )
    network, background, prints = _network(folder, config, frozenset(card.get("int8", ())))
    return Encoder(
        network.to(resolve_device(device)),
        identity=str(card["identity"]),
        card=card,
        background=background,
        background_ecfp4=prints,
        batch_size=batch_size,
    )


def bundled_encoders() -> list[str]:
    """Names of the encoders inside the package."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{CARD_FILE}"))


def encoder_folder(path: str | Path | None) -> Path:
    """Find an encoder's folder: a folder, the name of a bundled one, or None for ``small``.

    Raises
    ------
    InputError
        There is none.
    """
    folder = Path(path) if path is not None else BUNDLED / "small"
    if not folder.exists() and (BUNDLED / str(path)).is_dir():
        folder = BUNDLED / str(path)
    for name in (CARD_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder}: no encoder here ({name} is missing); name a folder that molsearch "
                f"train wrote, or a bundled encoder ({', '.join(bundled_encoders())})"
            )
    return folder


def _card(folder: Path) -> dict[str, Any]:
    try:
        card = json.loads((folder / CARD_FILE).read_text())
    except (ValueError, UnicodeDecodeError) as error:
        raise EncoderMismatchError(f"{folder / CARD_FILE}: not JSON ({error})") from None
    if not isinstance(card, dict) or card.get("format") != "molsearch-encoder-1":
        raise EncoderMismatchError(f"{folder / CARD_FILE}: not the card of a molsearch encoder")
    return card


def _config(folder: Path, card: Mapping[str, Any]) -> ModelConfig:
    try:
        return ModelConfig.model_validate(card.get("model"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise EncoderMismatchError(f"{folder / CARD_FILE}: model {place}: {first['msg']}") from None


def _network(
    folder: Path, config: ModelConfig, int8: frozenset[str]
) -> tuple[Network, NDArray[np.float16] | None, NDArray[np.uint8] | None]:
    with torch.random.fork_rng(devices=[]):
        network = network_of(config)
    background = prints = None
    expected = dict(_parameters(network))
    path = folder / WEIGHTS_FILE
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            wanted = set(expected) | {name + SCALE for name in int8}
            if len(names) > _MAX_TENSORS or names - _BESIDE != wanted:
                odd = sorted((names - _BESIDE) ^ wanted)[:3]
                raise EncoderMismatchError(f"{path}: tensors do not fit the card: {odd}")
            for name, parameter in expected.items():
                value = _checked(path, name, file.get_tensor(name), parameter.shape)
                if name in int8:
                    rows = torch.Size((parameter.shape[0], 1))
                    scale = _checked(path, name + SCALE, file.get_tensor(name + SCALE), rows)
                    value = restored(value, scale)
                parameter.data.copy_(value)
            if _BACKGROUND in names:
                background = file.get_tensor(_BACKGROUND).numpy()
            if _BACKGROUND_ECFP4 in names:
                prints = _prints(path, file.get_tensor(_BACKGROUND_ECFP4), background)
    except SafetensorError as error:
        raise EncoderMismatchError(f"{path}: damaged ({error}); restore it") from None
    return network, background, prints


def _prints(
    path: Path, tensor: torch.Tensor, background: NDArray[np.float16] | None
) -> NDArray[np.uint8]:
    rows = 0 if background is None else len(background)
    if tensor.dtype != torch.uint8 or tensor.shape != (rows, N_BYTES):
        raise EncoderMismatchError(
            f"{path}: {_BACKGROUND_ECFP4} is {tensor.dtype} {tuple(tensor.shape)}, not one packed "
            f"fingerprint for each of {rows} background molecules; restore the file"
        )
    return tensor.numpy()


def _checked(path: Path, name: str, tensor: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    if tensor.shape != shape:
        raise EncoderMismatchError(
            f"{path}: {name} is {tuple(tensor.shape)}, the card says {tuple(shape)}"
        )
    if not bool(torch.isfinite(tensor).all()):
        raise EncoderMismatchError(f"{path}: {name} holds values that are not finite")
    return tensor


def _tables(network: Network) -> frozenset[str]:
    return frozenset(n for n, _ in _parameters(network) if n.endswith(".table.weight"))


def _parameters(network: Network) -> list[tuple[str, torch.nn.Parameter]]:
    return list(network.named_parameters())


def _identity(content: bytes, model: Mapping[str, Any], version: str) -> str:
    # The configuration as the card has it: a setting that later versions add, at its default,
    # leaves the encoder what it was.
    described = {"model": dict(model), "featuriser": version}
    return sha256_json({"weights": sha256_bytes(content), **described})
