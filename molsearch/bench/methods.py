"""From method names on the command line to scorers, fusions and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch import extensions
from molsearch.bench.baselines import HeavyAtomScorer, PropertyScorer, RandomScorer
from molsearch.bench.molecules import Molecules
from molsearch.bench.views import Views
from molsearch.chem.fingerprints import FINGERPRINTS
from molsearch.errors import UsageError
from molsearch.index.rarity import reference_of
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.default import (
    BALANCED,
    RARITY,
    RULES,
    WIDENED,
    WITHOUT_RARITY,
    balanced,
    widening,
)
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.expansion import HITS
from molsearch.scoring.expression import Expression, Term, parse_expression
from molsearch.scoring.fingerprint import FingerprintScorer
from molsearch.scoring.fusion import Fusion
from molsearch.scoring.protocols import Scorer, Scores
from molsearch.scoring.ranking import MOLSEARCH
from molsearch.scoring.rarity import RarityScorer

_OTHERS = ("random", "heavy-atoms", "properties", "usrcat", "shape", "untrained")
BASELINES = (*_OTHERS, *FINGERPRINTS)
# Further scorers by the word they are asked for by; extensions add theirs.
SCORERS: dict[str, Callable[[], Scorer]] = {}
#: The default ranking without its second search, for comparison.
UNWIDENED = "unwidened"
_CHOOSE = f"choose from {', '.join(BASELINES)}, {MOLSEARCH}, {BALANCED}"


@dataclass(frozen=True)
class Part:
    """A scorer within a method.

    Attributes
    ----------
    weight
        What its fused scores are multiplied by.
    fusion
        How its scores for several queries become one.
    """

    scorer: Scorer
    weight: float
    fusion: Fusion


@dataclass(frozen=True)
class Method:
    """A named way to rank a pool: scores as they are, times weights, added.

    Attributes
    ----------
    name
        As asked for: ``ecfp4``, ``ecfp4-mean``, ``molsearch``, ``2*molsearch+ecfp4``, a folder,
        ``balanced``.
    rules
        From so many queries on, these parts.
    widened_by
        The encoder whose queries are widened by their first hits, where there are few of them;
        None: they stay as they are.
    """

    name: str
    rules: tuple[tuple[int, tuple[Part, ...]], ...]
    widened_by: EncoderScorer | None = None

    @property
    def scorers(self) -> tuple[Scorer, ...]:
        """Every scorer that takes part, once."""
        found = {part.scorer.name: part.scorer for _, parts in self.rules for part in parts}
        return tuple(found.values())

    def parts(self, n_queries: int) -> tuple[Part, ...]:
        """Look up what ranks for so many queries."""
        return [parts for least, parts in self.rules if n_queries >= least][-1]

    def identity(self) -> dict[str, Any]:
        """Whatever decides the ranking, for the result file."""
        scorers = {scorer.name: scorer.identity() for scorer in self.scorers}
        parts = self.rules[0][1]
        if len(self.rules) == len(parts) == 1:
            return {"fusion": parts[0].fusion, "parts": scorers}
        widened = (
            {} if self.widened_by is None else {"widened_by_hits": HITS, "widened_up_to": WIDENED}
        )
        rules = {
            str(least): [[part.weight, part.scorer.name, part.fusion] for part in parts]
            for least, parts in self.rules
        }
        return {"added": "similarities as they are", "rules": rules, **widened, "parts": scorers}

    def ranked(
        self,
        scores: Mapping[str, Scores],
        queries: npt.NDArray[np.int64],
        views: Views | None = None,
    ) -> Scores:
        """One ranking, float32 ``[n]``, for the queries at these places; see `added`.

        Parameters
        ----------
        scores
            Of each scorer by its name, ``[q, n]``.
        views
            What `widened_by` sees of queries and pool; None: nothing is widened.
        """
        terms = [Term(one.scorer.name, one.weight, one.fusion) for one in self.parts(len(queries))]
        found = added(terms, fused_of(scores, queries))
        if self.widened_by is None or views is None or not widening(len(queries)):
            return found
        return views.ranked_again(found, terms, scores, queries)

    def views(
        self, queries: Molecules, pools: Sequence[Molecules], own: npt.NDArray[np.bool_]
    ) -> Views | None:
        """Embed a target for `widened_by`; None where nothing is widened."""
        return None if self.widened_by is None else Views.of(self.widened_by, queries, pools, own)

    def unscored(self, scores: Mapping[str, Scores]) -> npt.NDArray[np.bool_]:
        """Molecules that some part could score for no query, ``[n]``."""
        return np.logical_or.reduce(
            [np.isnan(scores[scorer.name]).all(axis=0) for scorer in self.scorers]
        )


def parse_methods(
    names: Sequence[str], *, seed: int = 0, device: str = "auto", cache: Path | None = None
) -> list[Method]:
    """Turn method names into methods; equal scorers are shared.

    Parameters
    ----------
    names
        A baseline or fingerprint, ``molsearch`` (the bundled encoder), an encoder folder or a
        bundled encoder's name; ``a+b`` adds, ``2*a+b`` with weights, ``-mean`` or ``-top2``
        behind a part fuses its queries otherwise than by the nearest. ``balanced`` is what
        screens rank by, ``balanced:ENCODER`` the same with another encoder, ``unwidened`` and
        ``unwidened:ENCODER`` what they would rank by without a second search.
    seed
        Of the random and untrained scorers.
    device
        Where encoders run.
    cache
        Folder that keeps embeddings of pools; None keeps none.

    Raises
    ------
    UsageError
        A name is unknown or given twice.
    InputError
        There is no encoder in the named folder.
    """
    if not names:
        raise UsageError(f"no methods: {_CHOOSE}")
    scorers: dict[str, Scorer] = {}

    def scorer(name: str) -> Scorer:
        if name not in scorers:
            scorers[name] = _scorer(name, seed, device, cache)
        return scorers[name]

    methods: list[Method] = []
    for name in names:
        if any(method.name == name for method in methods):
            raise UsageError(f"method {name!r} is asked for twice")
        rules = tuple((n, _parts(expression, scorer)) for n, expression in _rules(name, scorer))
        methods.append(Method(name, rules, _widened_by(name, scorer)))
    return methods


def _rules(name: str, scorer: Callable[[str], Scorer]) -> list[tuple[int, Expression]]:
    """Expressions that a name stands for, each from so many queries on."""
    own = _default_of(name)
    if own is None:
        return [(1, _parsed(name))]
    ranked_by = scorer(own)
    rarity = isinstance(ranked_by, EncoderScorer) and reference_of(ranked_by.embedder) is not None
    rules = RULES if rarity else WITHOUT_RARITY
    return [(n, balanced(n, rarity=rarity).renamed(MOLSEARCH, own)) for n, _ in rules]


def _default_of(name: str) -> str | None:
    """Name the encoder whose default ranking is asked for; None where another ranking is."""
    head, colon, encoder = name.partition(":")
    if head not in (BALANCED, UNWIDENED) or (colon and not encoder):
        return None
    return encoder or MOLSEARCH


def _widened_by(name: str, scorer: Callable[[str], Scorer]) -> EncoderScorer | None:
    own = None if name.startswith(UNWIDENED) else _default_of(name)
    ranked_by = None if own is None else scorer(own)
    return ranked_by if isinstance(ranked_by, EncoderScorer) else None


def _parsed(text: str) -> Expression:
    return parse_expression(text, whole=lambda name: Path(name).is_dir()).fused_by("max")


def _parts(expression: Expression, scorer: Callable[[str], Scorer]) -> tuple[Part, ...]:
    scorers = {term: scorer(term.name) for term in expression.terms if term.name != RARITY}
    encoders = [one for one in scorers.values() if isinstance(one, EncoderScorer)]
    found = []
    for term in expression.terms:
        if term.name == RARITY and not encoders:
            raise UsageError(f"{RARITY} is told by an encoder: add it to {MOLSEARCH} or another")
        part = scorers.get(term) or RarityScorer(encoders[0], f"{RARITY}:{encoders[0].name}")
        found.append(Part(part, term.weight, term.fusion or "max"))
    return tuple(found)


def _scorer(name: str, seed: int, device: str, cache: Path | None) -> Scorer:
    makers: dict[str, Callable[[], Scorer]] = {
        "random": lambda: RandomScorer(seed),
        "heavy-atoms": HeavyAtomScorer,
        "properties": PropertyScorer,
        "usrcat": _usrcat,
        "shape": _shape,
        "untrained": lambda: _untrained(seed, device),
        MOLSEARCH: lambda: _encoder(MOLSEARCH, None, device, cache),
    }
    if name in makers:
        return makers[name]()
    extensions.load()
    if name in SCORERS:
        return SCORERS[name]()
    if name in FINGERPRINTS:
        return FingerprintScorer(name)
    from molsearch.nn.weights import bundled_encoders

    if Path(name).is_dir() or name in bundled_encoders():
        return _encoder(name, name, device, cache)
    raise UsageError(f"no method {name!r}: {_CHOOSE}, or an encoder folder")


def _usrcat() -> Scorer:
    from molsearch.scoring.shape import UsrcatScorer

    return UsrcatScorer()


def _shape() -> Scorer:
    from molsearch.scoring.shape import ShapeScorer

    return ShapeScorer()


def _encoder(name: str, path: str | None, device: str, cache: Path | None) -> Scorer:
    from molsearch.nn.weights import load_encoder

    return EncoderScorer(name, load_encoder(path, device=device), cache)


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
