"""The tensors of an encoder's file, each checked against the card before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors

from molsearch.chem.fingerprints import N_BYTES
from molsearch.config import ModelConfig
from molsearch.errors import EncoderMismatchError
from molsearch.nn.committee import network_of
from molsearch.nn.lengths import of_unit_length
from molsearch.nn.network import Network
from molsearch.nn.quantise import SCALE, restored
from molsearch.words import counted

BACKGROUND = "background"
BACKGROUND_ECFP4 = "background_ecfp4"
REFERENCE = "reference"
_MAX_TENSORS = 10_000
Tensors = Mapping[str, torch.Tensor]


def tensors_of(path: Path, content: bytes) -> dict[str, torch.Tensor]:
    """Read the content of the weights' file `path`."""
    try:
        tensors: dict[str, torch.Tensor] = load_tensors(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise EncoderMismatchError(f"{path}: damaged ({error}); restore it") from None
    if len(tensors) > _MAX_TENSORS:
        raise EncoderMismatchError(f"{path}: {counted(len(tensors), 'tensor')} are no encoder's")
    return tensors


def filled_network(
    path: Path, config: ModelConfig, tensors: Tensors, int8: frozenset[str]
) -> Network:
    """Build the network of a card with these weights, once all their shapes are known to fit.

    They are compared with a network that takes no memory: a card that asks for a million times
    what the weights are is refused before any of it is taken.

    Parameters
    ----------
    int8
        Tables that are kept in a byte a value, with a scale a row; all else is half precision.
    """
    _refuse_giant(path, config, tensors)
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        shapes = {n: tuple(p.shape) for n, p in network_of(config).named_parameters()}
    wanted = set(shapes) | {name + SCALE for name in int8}
    if (odd := set(tensors) - {BACKGROUND, BACKGROUND_ECFP4} ^ wanted) or not int8 <= set(shapes):
        raise EncoderMismatchError(f"{path}: tensors do not fit the card: {sorted(odd)[:3]}")
    for name, shape in shapes.items():
        _check(path, name, tensors[name], shape, torch.int8 if name in int8 else torch.float16)
        if name in int8:
            _check(path, name + SCALE, tensors[name + SCALE], (shape[0], 1), torch.float32)
    with torch.random.fork_rng(devices=[]):
        network = network_of(config)
    for name, parameter in network.named_parameters():
        value = tensors[name]
        parameter.data.copy_(restored(value, tensors[name + SCALE]) if name in int8 else value)
    return network


def unit_vectors(path: Path, tensors: Tensors, name: str, dim: int) -> NDArray[np.float16] | None:
    """Embeddings of molecules ``[n, dim]``, unit vectors; None where there are none."""
    tensor = tensors.get(name)
    if tensor is None:
        return None
    _check(path, name, tensor, (max(1, len(tensor)) if tensor.dim() else 1, dim))
    vectors: NDArray[np.float16] = tensor.numpy()
    if not of_unit_length(vectors).all():
        raise EncoderMismatchError(f"{path}: the {name}'s embeddings are not of unit length")
    return vectors


def background_prints(path: Path, tensors: Tensors, rows: int) -> NDArray[np.uint8] | None:
    """Fingerprints of the `rows` background molecules; None where there are none."""
    tensor = tensors.get(BACKGROUND_ECFP4)
    if tensor is None:
        return None
    if tensor.dtype != torch.uint8 or tensor.shape != (rows, N_BYTES):
        raise EncoderMismatchError(
            f"{path}: {BACKGROUND_ECFP4} is {tensor.dtype} {tuple(tensor.shape)}, not one packed "
            f"fingerprint for each of {counted(rows, 'background molecule')}; restore the file"
        )
    prints: NDArray[np.uint8] = tensor.numpy()
    return prints


def _refuse_giant(path: Path, config: ModelConfig, tensors: Tensors) -> None:
    """Refuse numbers that could not even be counted to: each layer and tower has a tensor."""
    widest = max((size for one in tensors.values() for size in one.shape), default=0)
    for name, most in (
        ("n_layers", len(tensors)),
        ("towers", len(tensors)),
        ("embedding_dim", widest * config.towers),
    ):
        if getattr(config, name) > most:
            raise EncoderMismatchError(
                f"{path}: the card says {getattr(config, name):,} for {name}, more than "
                f"{counted(len(tensors), 'tensor')} can be; restore both from one source"
            )


def _check(
    path: Path,
    name: str,
    tensor: torch.Tensor,
    shape: tuple[int, ...],
    dtype: torch.dtype = torch.float16,
) -> None:
    for found, due in ((tuple(tensor.shape), shape), (tensor.dtype, dtype)):
        if found != due:
            raise EncoderMismatchError(f"{path}: {name} is {found}, the card says {due}")
    if dtype.is_floating_point and not bool(torch.isfinite(tensor).all()):
        raise EncoderMismatchError(f"{path}: {name} holds values that are not finite")
