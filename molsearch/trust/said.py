"""What can be said of a screen, and where nothing can, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.metrics.regression import Floats
from molsearch.trust import fitted as file
from molsearch.trust.features import MOST, Asked, Chemistry
from molsearch.trust.fitted import Fitted, Held
from molsearch.words import counted

# Why not, where a feature lies below what was seen, and where above.
_CHEMISTRY = (
    "the query's chemistry lies further from the encoder's than any that was seen",
    "the query's chemistry lies nearer to the encoder's than any that was seen",
)
_ALIKE = (
    "the queries are less alike than any that were seen",
    "the queries are more alike than any that were seen",
)
_WORDS = {
    "nearness": _CHEMISTRY,
    "fingerprint_nearness": _CHEMISTRY,
    "log_n": 2 * ("of so many queries no screen was seen",),
    "mutual_similarity": _ALIKE,
    "mutual_cosine": _ALIKE,
    "left_out": (
        "the queries find each other worse than any that were seen",
        "the queries find each other better than any that were seen",
    ),
}
# Molecules of a library, from which on its first 1 % are five or more. Of fewer, one active more or
# less is an enrichment of 20 or more, and below a hundred molecules there is no first 1 % at all.
FEWEST = 500


@dataclass(frozen=True)
class Trust:
    """What is to be expected of a screen.

    Attributes
    ----------
    enrichment
        Among the first 1 %: expected, and the ends of the 80 % interval; None where nothing can
        be said.
    why_not
        Then why; empty otherwise.
    n_targets
        Development targets that it was learnt from.
    features
        What it is told from.
    held
        How what is said held on targets that were held out; None where nothing can be said.
    aside
        What it does not account for; empty where that is nothing.
    """

    enrichment: tuple[float, float, float] | None
    why_not: str
    n_targets: int = 0
    features: Mapping[str, float] | None = None
    held: Held | None = None
    aside: str = ""

    def unforetold(self, why_not: str) -> Trust:
        """Foretell no enrichment, unless there is none for another reason already."""
        if self.enrichment is None or not why_not:
            return self
        return replace(self, enrichment=None, why_not=why_not)

    def sentence(self) -> str:
        """Say it in one line."""
        if self.enrichment is None:
            return f"no enrichment can be foretold: {self.why_not}"
        middle, low, high = self.enrichment
        return (
            f"to expect among the first 1 %: {middle:.0f} times as many actives as by chance "
            f"(80 % interval {low:.0f} to {high:.0f}), as on {counted(self.n_targets, 'target')} "
            "that the encoder had not seen, for actives that come in series, against decoys of "
            "like properties"
            f"{f'; {self.aside}' if self.aside else ''}"
        )

    def record(self) -> dict[str, Any]:
        """Tell it for ``run.json``."""
        return {
            "sentence": self.sentence(),
            "enrichment_1pct": None if self.enrichment is None else list(self.enrichment),
            "level": file.LEVEL,
            "why_not": self.why_not,
            "features": dict(self.features or {}),
            "held": None if self.held is None else self.held.model_dump(mode="json"),
        }


def why_nothing(known: Fitted | None, encoder: str, rank: str, chemistry: Chemistry | None) -> str:
    """Say why nothing can be said of any screen by this encoder and ranking; empty if it can."""
    if known is None:
        return "nothing was fitted"
    if rank != known.rank:
        return f"it was learnt for --rank {known.rank}"
    if encoder != known.encoder:
        return "it was learnt for another encoder"
    if chemistry is None:
        return "the encoder brings no background"
    return ""


def too_few(n_rows: int) -> str:
    """Say why nothing can be foretold of a library of so many molecules; empty if it can."""
    if n_rows >= FEWEST:
        return ""
    return (
        f"the library has {counted(n_rows, 'molecule')}, and of fewer than {FEWEST} the first 1 % "
        "are too few to count actives in"
    )


def trust_of(
    known: Fitted | None,
    *,
    encoder: str,
    rank: str,
    vectors: NDArray[np.floating],
    prints: NDArray[np.uint8],
    chemistry: Chemistry | None,
    otherwise: str = "",
) -> Trust:
    """Tell what enrichment to expect.

    Parameters
    ----------
    known
        What was fitted.
    encoder
        Identity of the encoder.
    vectors, prints
        Of the queries, ``[q, dim]`` and uint8 ``[q, 256]``.
    otherwise
        In what this screen is unlike those that were learnt from; empty where in nothing.
    """
    why = why_nothing(known, encoder, rank, chemistry) or otherwise
    if why or known is None or chemistry is None:
        return Trust(None, why)
    asked = Asked.of(vectors, prints, chemistry)
    features = asked.features(np.arange(len(vectors)))
    estimate = known.estimates[file.kind(len(vectors))]
    if beyond := estimate.beyond(features):
        name, above = beyond
        return Trust(None, _WORDS[name][above], known.n_targets, features)
    held = known.held.get(file.kind(len(vectors)))
    aside = "" if estimate.looks else "nothing known of a single query foretold more"
    return Trust(estimate.enrichment(features), "", known.n_targets, features, held, aside)


def probabilities(
    known: Fitted, cosine: Floats, alike: Floats, n_queries: int, base_rate: float
) -> Floats:
    """Probability ``[n]`` of hits being active, by the components of their score."""
    model = known.calibrations[file.kind(n_queries)]
    return model.probability(file.design(cosine, alike, n_queries, MOST), base_rate)
