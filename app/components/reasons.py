"""Why a hit stands where it does: its atoms and its query's, drawn; computed when looked at."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import streamlit as st

from molsearch.chem.draw import n_atoms
from molsearch.config import Molecule
from molsearch.errors import MolSearchError, UsageError
from molsearch.reasons.drawings import drawn
from molsearch.reasons.page import common_words, parts_words
from molsearch.reasons.reason import SUPPORT
from molsearch.scoring.ranking import STORED
from molsearch.words import counted
from molsearch_app.components import drawing, theme
from molsearch_app.components.launch import HITS
from molsearch_app.guard import CHEMISTRY
from molsearch_app.jobs import AppRun

# The first look of a worker at an encoder takes seconds; all later ones a fraction of one.
SECONDS = 60.0
_COMMON_SECONDS = 2.0
_RAISES, _LOWERS = "raises the score", "lowers it"


@dataclass(frozen=True)
class Told:
    """What is said of one hit.

    Attributes
    ----------
    query, hit
        Drawings.
    name
        Of the nearest query.
    against
        Queries that do not speak for the hit.
    note
        Why it is a part of the score alone that is explained; empty where it is all of it.
    """

    query: str
    hit: str
    name: str
    score: float
    parts: str
    query_score: float
    scale: float
    best: tuple[str, float]
    worst: tuple[str, float]
    common: str
    against: tuple[str, ...]
    n_queries: int
    note: str


def show(job: AppRun, smiles: str, name: str) -> None:
    """Show the reasons for a hit of a run."""
    try:
        with st.spinner("Hiding each atom in turn …"):
            told = _of_run(str(job.file(f"{HITS}.run.json")), smiles)
    except MolSearchError as error:
        theme.problem(error)
        return
    dark = theme.is_dark()
    pictures = [
        f"<figure><img src='{drawing.as_url(picture, dark=dark)}' alt='{words}'>"
        f"<figcaption>{caption}</figcaption></figure>"
        for picture, words, caption in (
            (told.hit, f"atom map of {html.escape(name, quote=True)}", "hit"),
            (told.query, "atom map of its query", f"query {html.escape(told.name)}"),
        )
    ]
    st.html(f"<div class='ms-pair'>{''.join(pictures)}</div>{_legend(told)}{_words(told)}")


@st.cache_data(max_entries=500, show_spinner=False)
def _of_run(record: str, smiles: str) -> Told:
    return CHEMISTRY.run(explained, record, smiles, seconds=SECONDS)


def explained(record: str, smiles: str) -> Told:
    """Explain one molecule as a run would rank it; in a process that keeps its encoder.

    Where the encoder looks at geometry, ECFP4's part of the score is explained, and that is said.

    Raises
    ------
    MolSearchError
        The run is older than records of rankings, or the molecule is too large.
    """
    if n_atoms(smiles) > drawing.MOST_ATOMS:
        raise UsageError(f"molecules of more than {drawing.MOST_ATOMS} atoms are not explained")
    try:
        return _explained(record, smiles, None, "")
    except UsageError as error:
        reason = str(error).split(";")[0].split(":")[0]
        return _explained(record, smiles, STORED, f"{reason}: this is ECFP4's part of it")


def _explained(record: str, smiles: str, rank: str | None, note: str) -> Told:
    from molsearch.service.explain import explain
    from molsearch.service.requests import ExplainRequest

    request = ExplainRequest(
        hits=record,
        molecules=(Molecule(smiles=smiles),),
        rank=rank,
        common_seconds=_COMMON_SECONDS,
        device="cpu",
    )
    made = explain(request, _session())
    (reason,), (hit,) = made.reasons, made.hits
    query = made.queries[reason.query]
    pair = drawn(reason, query.smiles, hit.smiles)
    best, worst = reason.atoms.best, reason.atoms.worst
    return Told(
        query=pair.query,
        hit=pair.hit,
        name=query.name,
        score=reason.atoms.score,
        parts=parts_words(reason.atoms),
        query_score=reason.atoms.query_score,
        scale=pair.scale,
        best=(best.smiles, best.share),
        worst=(worst.smiles, worst.share),
        common=common_words(reason),
        against=tuple(made.queries[number].name for number in reason.against),
        n_queries=len(made.queries),
        note=note,
    )


@lru_cache(maxsize=1)
def _session() -> Any:
    from molsearch.service.session import Session

    return Session()


def _legend(told: Told) -> str:
    from molsearch.chem.draw_map import LOWERS, RAISES

    names = "".join(
        f"<span><i style='background:{colour}'></i>{words}</span>"
        for colour, words in ((RAISES, _RAISES), (LOWERS, _LOWERS))
    )
    return (
        f"<div class='ms-legend'>{names}<span>full colour {told.scale:.3f}; grey: the common "
        "part</span></div>"
    )


def _words(told: Told) -> str:
    lines = [
        f"Score {told.score:.3f} = {html.escape(told.parts)}."
        + (f" For this query alone {told.query_score:.3f}." if told.n_queries > 1 else ""),
        (
            f"Most for it <code>{html.escape(told.best[0])}</code> {told.best[1]:+.3f}, "
            f"least <code>{html.escape(told.worst[0])}</code> {told.worst[1]:+.3f}."
        ),
        html.escape(told.common[:1].upper() + told.common[1:]) + ".",
    ]
    if told.against:
        names = ", ".join(html.escape(name) for name in told.against[:8])
        more = f" and {len(told.against) - 8} more" if len(told.against) > 8 else ""
        lines.append(
            f"{told.n_queries - len(told.against)} of {counted(told.n_queries, 'query')} speak "
            "for it; for "
            f"these it is no better than {SUPPORT:.0%} of random molecules: {names}{more}."
        )
    if told.note:
        lines.append(html.escape(told.note[:1].upper() + told.note[1:]) + ".")
    return "".join(f"<p class='ms-why'>{line}</p>" for line in lines)
