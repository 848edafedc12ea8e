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
from safetensors.torch import save as save_tensors

from molsearch.chem.counters import VERSIONS, Buckets
from molsearch.config import ModelConfig
from molsearch.errors import EncoderMismatchError, InputError
from molsearch.io.atomic import write_bytes, write_text
from molsearch.io.folders import CARD, ENCODER_FORMAT
from molsearch.io.hashing import sha256_bytes, sha256_json
from molsearch.io.reading import parse_json, read_small
from molsearch.nn.device import resolve_device
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.quantise import SCALE, quantise
from molsearch.nn.tensors import (
    BACKGROUND,
    BACKGROUND_ECFP4,
    REFERENCE,
    background_prints,
    filled_network,
    tensors_of,
    unit_vectors,
)

WEIGHTS_FILE = "encoder.safetensors"
# Beside the weights, and no part of an encoder's identity: embeddings are the same without it.
REFERENCE_FILE = "reference.safetensors"
CARD_FILE = CARD
BUNDLED = Path(__file__).parents[1] / "weights"
_LARGEST_CARD = 16 * 2**20
_LARGEST_WEIGHTS = 16 * 2**30


def save_encoder(
    folder: Path,
    network: Network,
    card: Mapping[str, Any],
    background: NDArray[np.float16] | None = None,
    background_ecfp4: NDArray[np.uint8] | None = None,
    *,
    reference: NDArray[np.float16] | None = None,
    int8_tables: bool = False,
) -> None:
    """Write an encoder folder, then the card that makes it visible.

    Attributes of `Encoder` say what is beside the weights; of an encoder that was here before
    nothing stays. Weights are kept in half precision; the tables of a committee, which hold nearly
    all of them, and any encoder's where `int8_tables` asks for it, in int8 with a scale a row.
    """
    tables = _tables(network) if int8_tables or network.config.towers > 1 else frozenset()
    tensors: dict[str, torch.Tensor] = {}
    for name, parameter in _parameters(network):
        if name in tables:
            tensors[name], tensors[name + SCALE] = quantise(parameter)
        else:
            tensors[name] = parameter.detach().to(torch.float16).contiguous()
    if background is not None:
        tensors[BACKGROUND] = torch.from_numpy(np.ascontiguousarray(background, np.float16))
    if background_ecfp4 is not None:
        tensors[BACKGROUND_ECFP4] = torch.from_numpy(np.ascontiguousarray(background_ecfp4))
    content = save_tensors(tensors)
    write_bytes(folder / WEIGHTS_FILE, content)
    if reference is None:
        (folder / REFERENCE_FILE).unlink(missing_ok=True)
    else:
        save_reference(folder, reference)
    model = network.config.model_dump(mode="json")
    header = {
        "format": ENCODER_FORMAT,
        "identity": _identity(content, model, Buckets.of(network.config).version),
        "featuriser": Buckets.of(network.config).version,
        "model": model,
        "int8": sorted(tables),
    }
    write_text(folder / CARD_FILE, json.dumps({**header, **card}, indent=1) + "\n")


def save_reference(folder: Path, vectors: NDArray[np.float16]) -> None:
    """Write an encoder's reference compounds beside its weights.

    Parameters
    ----------
    vectors
        Their embeddings ``[n, width]``, or a prefix of these, of unit length.
    """
    tensors = {REFERENCE: torch.from_numpy(np.ascontiguousarray(vectors, np.float16))}
    write_bytes(folder / REFERENCE_FILE, save_tensors(tensors))


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
    weights = folder / WEIGHTS_FILE
    content = _read(weights, _LARGEST_WEIGHTS)
    if _identity(content, card["model"], str(card.get("featuriser"))) != card.get("identity"):
        raise EncoderMismatchError(
            f"{folder}: weights and card do not belong together; restore both from one source"
        )
    if card["featuriser"] != Buckets.of(config).version:
        raise EncoderMismatchError(
            f"{folder}: trained on {card['featuriser']}, this molsearch has "
            f"{', '.join(VERSIONS)}; "
            "use the version that made it, or train again"
        )
    tensors = tensors_of(weights, content)
    network = filled_network(weights, config, tensors, _int8(card))
    background = unit_vectors(weights, tensors, BACKGROUND, config.embedding_dim)
    prints = background_prints(weights, tensors, 0 if background is None else len(background))
    return Encoder(
        network.to(resolve_device(device)),
        identity=str(card["identity"]),
        card=card,
        background=background,
        background_ecfp4=prints,
        reference=_reference(folder / REFERENCE_FILE, config.embedding_dim),
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
            why = f"{name} is missing" if folder.exists() else "there is no such folder"
            raise InputError(
                f"{folder}: no encoder here ({why}); name a folder that molsearch "
                f"train wrote, or a bundled encoder ({', '.join(bundled_encoders())})"
            )
    return folder


def _reference(path: Path, dim: int) -> NDArray[np.float16] | None:
    """Read the reference compounds; None where an encoder brings none."""
    if not path.is_file():
        return None
    tensors = tensors_of(path, _read(path, _LARGEST_CARD))
    if REFERENCE not in tensors:
        raise EncoderMismatchError(f"{path}: holds no {REFERENCE!r}; restore it, or remove it")
    shape = tensors[REFERENCE].shape
    narrower = len(shape) == 2 and 0 < shape[1] < dim  # a prefix of the embeddings
    return unit_vectors(path, tensors, REFERENCE, shape[1] if narrower else dim)


def _card(folder: Path) -> dict[str, Any]:
    path = folder / CARD_FILE
    try:
        card = parse_json(_read(path, _LARGEST_CARD))
    except ValueError as error:
        raise EncoderMismatchError(f"{path}: not JSON ({error})") from None
    if not isinstance(card, dict) or card.get("format") != ENCODER_FORMAT:
        raise EncoderMismatchError(f"{path}: not the card of a molsearch encoder")
    return card


def _read(path: Path, most: int) -> bytes:
    try:
        return read_small(path, most)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; restore the encoder's folder") from None


def _int8(card: Mapping[str, Any]) -> frozenset[str]:
    """Names of the tensors that the card says are kept in a byte a value."""
    names = card.get("int8", ())
    return (
        frozenset(str(name) for name in names) if isinstance(names, list | tuple) else frozenset()
    )


def _config(folder: Path, card: Mapping[str, Any]) -> ModelConfig:
    try:
        return ModelConfig.model_validate(card.get("model"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise EncoderMismatchError(f"{folder / CARD_FILE}: model {place}: {first['msg']}") from None


def _tables(network: Network) -> frozenset[str]:
    return frozenset(n for n, _ in _parameters(network) if n.endswith(".table.weight"))


def _parameters(network: Network) -> list[tuple[str, torch.nn.Parameter]]:
    return list(network.named_parameters())


def _identity(content: bytes, model: Mapping[str, Any], version: str) -> str:
    # The configuration as the card has it: a setting that later versions add, at its default,
    # leaves the encoder what it was.
    described = {"model": dict(model), "featuriser": version}
    return sha256_json({"weights": sha256_bytes(content), **described})
