"""Which public benchmarks can be run here, and about how long that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.errors import InputError

TITLES = {"dude": "DUD-E", "litpcba": "LIT-PCBA", "muv": "MUV", "dekois": "DEKOIS 2.0"}
# Seconds a molecule on one core, as the runs behind results/*.json took: fingerprints, scaffold
# and audit of every molecule; then what a method adds, its conformers included.
_EVERY = 2e-3
_METHODS = {"molsearch": 1e-3, "balanced": 1e-3, "usrcat": 15e-3, "shape": 40e-3}
# Two methods that share a scorer share its work.
_SCORERS = {"balanced": "molsearch", "ecfp4+molsearch": "molsearch"}


@dataclass(frozen=True)
class AtHand:
    """A public benchmark, as it lies here.

    Attributes
    ----------
    counts
        Columns target, actives, inactives, queries; empty where it is not here.
    absent
        Why it cannot be run, one line; empty where it can.
    """

    name: str
    counts: pd.DataFrame
    absent: str = ""

    @property
    def title(self) -> str:
        """What its authors call it."""
        return TITLES[self.name]

    @property
    def targets(self) -> list[str]:
        """Targets that can be screened."""
        return [] if self.absent else [str(name) for name in self.counts["target"]]


def at_hand(name: str) -> AtHand:
    """Look for a public benchmark in the folder of all data, reading no structures."""
    try:
        opened = open_benchmark(name)
        counts, known = opened.counts(), set(opened.targets())
    except InputError as error:
        return AtHand(name, pd.DataFrame(columns=["target"]), " ".join(str(error).split()))
    return AtHand(name, counts[counts["target"].astype(str).isin(known)].reset_index(drop=True))


def seconds(
    counts: pd.DataFrame,
    methods: Sequence[str],
    *,
    limit_actives: int | None = None,
    limit_decoys: int | None = None,
    workers: int = 1,
) -> float:
    """Estimate how long targets take, roughly: within a factor of two or three.

    Parameters
    ----------
    counts
        Rows of `AtHand.counts` of these targets.
    """
    actives, inactives = counts["actives"], counts["inactives"]
    if limit_actives is not None:
        actives = actives.clip(upper=limit_actives)
    if limit_decoys is not None:
        inactives = inactives.clip(upper=limit_decoys)
    scorers = {_SCORERS.get(method, method) for method in methods}
    each = _EVERY + sum(_METHODS.get(name, 0.0) for name in scorers)
    return float((actives + inactives).sum()) * each / max(1, workers)
