"""From method names on the command line to scorers, fusions and blends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from molsearch.bench.baselines import (
    FingerprintScorer,
    HeavyAtomScorer,
    PropertyScorer,
    RandomScorer,
    Scorer,
    Scores,
)
from molsearch.bench.neural import EncoderScorer
from molsearch.errors import UsageError

Fusion = Literal["max", "mean"]
BASELINES = (
    "random",
    "heavy-atoms",
    "properties",
    "ecfp4",
    "ecfp4-mean",
    "maccs",
    "rdkit",
    "usrcat",
    "shape",
    "untrained",
)


@dataclass(frozen=True)
class Method:
    """A named way to rank a pool.

    Attributes
    ----------
    name
        As asked for: ``ecfp4``, ``ecfp4-mean``, ``molsearch``, ``2*molsearch+ecfp4``, a folder.
    parts
        Its scorers; more than one are blended, each query's scores standardised over the pool
        and added.
    fusion
        How the scores of several queries become one.
    weights
        What the standardised scores of each part are multiplied by; empty: one each.
    """

    name: str
    parts: tuple[Scorer, ...]
    fusion: Fusion = "max"
    weights: tuple[float, ...] = ()

    def identity(self) -> dict[str, Any]:
        """Whatever decides the ranking, for the result file."""
        parts = {part.name: part.identity() for part in self.parts}
        weights = {"weights": list(self.weights)} if self.weights else {}
        return {"fusion": self.fusion, "parts": parts, **weights}


def blend(matrices: Sequence[Scores], weights: Sequence[float] = ()) -> Scores:
    """Add the z-scores of several scorers, each query by itself; NaN where any is NaN."""
    if len(matrices) == 1:
        return matrices[0]
    total = np.zeros(matrices[0].shape, dtype=np.float64)
    for weight, matrix in zip(weights or [1.0] * len(matrices), matrices, strict=True):
        values = matrix.astype(np.float64)
        known = np.isfinite(values)
        n = np.maximum(known.sum(axis=1, keepdims=True), 1)
        mean = np.where(known, values, 0.0).sum(axis=1, keepdims=True) / n
        spread = np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(axis=1, keepdims=True) / n)
        total += weight * (values - mean) / np.where(spread > 0, spread, 1.0)
    return total.astype(np.float32)


def fuse(matrix: Scores, fusion: Fusion) -> Scores:
    """Fuse the scores of several queries, float32 ``[q, n]``, into one ranking ``[n]``.

    A molecule that some query could not score is judged by the others; one that none could
    score gets minus infinity, so that all such tie at the end.
    """
    known = ~np.isnan(matrix)
    if fusion == "max":
        return np.where(known, matrix, -np.inf).max(axis=0, initial=-np.inf).astype(np.float32)
    n = known.sum(axis=0)
    total = np.where(known, matrix, 0.0).sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), -np.inf).astype(np.float32)


def parse_methods(names: Sequence[str], *, seed: int = 0, device: str = "auto") -> list[Method]:
    """Turn method names into methods; equal scorers are shared.

    Parameters
    ----------
    names
        A baseline, ``molsearch`` (the bundled encoder), an encoder folder or a bundled
        encoder's name; ``a+b`` blends, ``2*a+b`` with weights, ``-mean`` fuses queries by their
        mean.
    seed
        Of the random and untrained scorers.
    device
        Where encoders run.

    Raises
    ------
    UsageError
        A name is unknown or given twice.
    InputError
        There is no encoder in the named folder.
    """
    scorers: dict[str, Scorer] = {}
    methods: list[Method] = []
    for name in names:
        if any(method.name == name for method in methods):
            raise UsageError(f"method {name!r} is asked for twice")
        fusion: Fusion = "mean" if name.endswith("-mean") else "max"
        parts, weights = [], []
        for term in name.removesuffix("-mean").split("+"):
            weight, part = _weighted(term)
            if part not in scorers:
                scorers[part] = _scorer(part, seed, device)
            parts.append(scorers[part])
            weights.append(weight)
        even = all(weight == 1.0 for weight in weights)
        methods.append(Method(name, tuple(parts), fusion, () if even else tuple(weights)))
    if not methods:
        raise UsageError(f"no methods: choose from {', '.join(BASELINES)}, molsearch")
    return methods


def _weighted(term: str) -> tuple[float, str]:
    """Read ``2*a`` as weight and name; the name of an existing folder is never taken apart."""
    weight, star, part = term.partition("*")
    if not star or Path(term).is_dir():
        return 1.0, term
    try:
        value = float(weight)
    except ValueError:
        value = 0.0
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"weight {weight!r} in {term!r} is no positive number")
    return value, part


def _scorer(name: str, seed: int, device: str) -> Scorer:
    makers: dict[str, Callable[[], Scorer]] = {
        "random": lambda: RandomScorer(seed),
        "heavy-atoms": HeavyAtomScorer,
        "properties": PropertyScorer,
        "ecfp4": lambda: FingerprintScorer("ecfp4"),
        "maccs": lambda: FingerprintScorer("maccs"),
        "rdkit": lambda: FingerprintScorer("rdkit"),
        "usrcat": _usrcat,
        "shape": _shape,
        "untrained": lambda: _untrained(seed, device),
        "molsearch": lambda: _encoder("molsearch", None, device),
    }
    if name in makers:
        return makers[name]()
    from molsearch.nn.weights import bundled_encoders

    if Path(name).is_dir() or name in bundled_encoders():
        return _encoder(name, name, device)
    raise UsageError(
        f"no method {name!r}: choose from {', '.join(BASELINES)}, molsearch, or an encoder folder"
    )


def _usrcat() -> Scorer:
    from molsearch.bench.shape import UsrcatScorer

    return UsrcatScorer()


def _shape() -> Scorer:
    from molsearch.bench.shape import ShapeScorer

    return ShapeScorer()


def _encoder(name: str, path: str | None, device: str) -> Scorer:
    from molsearch.nn.weights import load_encoder

    return EncoderScorer(name, load_encoder(path, device=device))


def _untrained(seed: int, device: str) -> Scorer:
    """Make the small encoder as it is before training: what its architecture knows by itself."""
    import torch

    from molsearch.nn.device import resolve_device
    from molsearch.nn.encoder import Encoder
    from molsearch.nn.network import Network
    from molsearch.nn.registry import SIZES

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(SIZES["small"])
    encoder = Encoder(
        network.to(resolve_device(device)),
        identity=f"untrained-small-seed-{seed}",
        card={"name": "untrained small", "licence": "none needed"},
    )
    return EncoderScorer("untrained", encoder)
