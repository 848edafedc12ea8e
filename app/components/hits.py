"""The hit list of a run: read, filtered, grouped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from molsearch import schema
from molsearch.chem.filters import SmartsFilter
from molsearch.errors import InputError
from molsearch.io import parquet
from molsearch.io.typed import Types, text_frame
from molsearch.scoring.default import RARITY
from molsearch.search.hits import COLUMNS, free_names
from molsearch.view.hit import is_penalised, new_ones
from molsearch_app.components.launch import EACH, HITS, MAP
from molsearch_app.guard import CHEMISTRY
from molsearch_app.jobs import AppRun

SORTS = {
    "rank": (schema.RANK, True),
    "score": (schema.SCORE, False),
    "ECFP4, least similar first": (schema.ECFP4_SIMILARITY, True),
    "ECFP4, most similar first": (schema.ECFP4_SIMILARITY, False),
    "molecular weight": ("mw", True),
    "cLogP": ("clogp", True),
    "TPSA": ("tpsa", True),
}
SMARTS_SECONDS = 20.0
# Where a score has several components.
BY_PARTS = {
    "encoder's part": (schema.MOLSEARCH_SCORE, False),
    "ECFP4's part": (schema.ECFP4_SCORE, False),
}
BY_MARGIN = "margin over the inactives"
# Score for the nearest query less that for the nearest known inactive.
MARGIN = "margin"


@dataclass(frozen=True)
class Result:
    """A finished screen.

    Attributes
    ----------
    frame
        The hit list, indexed by record number.
    account
        What the command line says of the run.
    chart
        Points of the chemical-space map; None where it is not made.
    each
        Score of the best hits for each query by itself, a column a query, indexed by record
        number; None where there is one query, or they are not made.
    types
        Of the user's columns that had one in the library's file; in `frame` they are text.
    """

    frame: pd.DataFrame
    account: dict[str, Any]
    chart: pd.DataFrame | None
    each: pd.DataFrame | None = None
    types: Types = field(default_factory=dict)

    @property
    def queries(self) -> list[dict[str, str]]:
        """Id and parent SMILES of each query."""
        return [
            {"id": str(query["id"]), "smiles": str(query["parent_smiles"])}
            for query in self.account["queries"]
        ]

    @property
    def user_columns(self) -> list[str]:
        """Columns that the user's library brought."""
        ours = (*schema.ALL_INACTIVE_COLUMNS, MARGIN) if self.has_inactives else ()
        rarity = (schema.RARITY_SCORE,) if self.has_rarity else ()
        return [name for name in self.frame.columns if name not in (*COLUMNS, *ours, *rarity)]

    @property
    def has_rarity(self) -> bool:
        """Whether rarity is part of the score; else a column of its name is the user's."""
        told = (self.account.get("ranking") or {}).get("components") or ()
        return any(one["name"] == RARITY for one in told)

    @property
    def has_inactives(self) -> bool:
        """Whether hits are scored against known inactives too."""
        return bool(self.account.get("inactives"))

    @property
    def ranking(self) -> str:
        """What the score is; runs made before it was a sum do not say."""
        found: dict[str, str] = self.account.get("ranking") or {}
        return found.get("words", "cosine of the embeddings")

    @property
    def trust(self) -> str:
        """What enrichment to expect, or why nothing can be told; empty in runs of before."""
        found: dict[str, str] = self.account.get("trust") or {}
        sentence = found.get("sentence", "")
        return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""

    @property
    def reliability(self) -> list[dict[str, Any]]:
        """How probabilities held on held-out targets, tier by tier; empty where nothing is said."""
        found = (self.account.get("trust") or {}).get("held") or {}
        return list(found.get("tiers") or ())

    @property
    def mutual(self) -> str:
        """How well the queries find each other in this library; empty where that was not tried."""
        found: dict[str, str] = self.account.get("leave_one_out") or {}
        return f"Queries against each other: {found['sentence']}." if "sentence" in found else ""

    @property
    def placed_by_encoder(self) -> bool:
        """Whether percentiles are the encoder's, since its background tells nothing of the sum."""
        told = (self.account.get("ranking") or {}).get("percentile_of", schema.SCORE)
        return bool(told == schema.MOLSEARCH_SCORE)

    def query_of(self, hit: Mapping[str, Any]) -> str:
        """SMILES of the query nearest to a hit."""
        found = {query["id"]: query["smiles"] for query in self.queries}
        return found.get(str(hit[schema.QUERY_ID]), self.queries[0]["smiles"])


def load(job: AppRun) -> Result:
    """Read the hit list of a finished run.

    Raises
    ------
    InputError
        A file is missing or damaged.
    """
    try:
        frame, types = text_frame(parquet.read(job.file(HITS)))
        account = json.loads(job.file(f"{HITS}.run.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            "the hit list of this run cannot be read (a file was moved or damaged); "
            "start the screen again"
        ) from error
    if account.get("inactives"):
        if is_penalised(frame.columns):
            now = {schema.SCORE: schema.SIMILARITY_SCORE, schema.PENALISED_SCORE: schema.SCORE}
            frame = frame.rename(columns=now)
        (own,) = free_names([MARGIN], frame.columns)
        frame = frame.rename(columns={MARGIN: own})  # a user's own of that name
        # Both are cosines; runs made before scores were sums hold it as the score.
        cosine = schema.MOLSEARCH_SCORE if schema.MOLSEARCH_SCORE in frame else schema.SCORE
        frame[MARGIN] = frame[cosine] - frame[schema.INACTIVE_SCORE]
    frame[schema.SOURCE] = file_names(frame[schema.SOURCE])
    frame = frame.set_index(schema.RECORD_NUMBER, drop=False)
    each = _optional(job, EACH)
    if each is not None:
        each = each.set_index(schema.RECORD_NUMBER)
    return Result(frame, account, _optional(job, MAP), each, types)


def file_names(sources: pd.Series) -> pd.Series:
    """Names of the files that hits come from, with as many folders as tell them apart.

    Where they lie on the server is nobody's business who takes the hit list away.
    """
    parts = {name: PurePath(name).parts for name in sources.dropna().unique()}
    depth = 1
    while len({found[-depth:] for found in parts.values()}) < len(parts):
        depth += 1
    short = {name: "/".join(found[-depth:]) for name, found in parts.items()}
    return sources.map(short, na_action="ignore")


def changed(job: AppRun, name: str) -> int:
    """Time in nanoseconds at which a file of a run was written last; 0 where there is none."""
    try:
        return job.file(name).stat().st_mtime_ns
    except OSError:
        return 0


def _optional(job: AppRun, name: str) -> pd.DataFrame | None:
    """Read a table that a run may lack; a damaged one is as good as none."""
    try:
        return pd.read_parquet(job.file(name)) if job.file(name).exists() else None
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class Filter:
    """What the user wants to see of a hit list.

    Attributes
    ----------
    text
        Words that the id or one of the user's columns contains.
    smarts
        Substructure.
    ranges
        Column to lowest and highest value.
    """

    text: str = ""
    smarts: str = ""
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    no_alerts: bool = False
    no_query: bool = False
    only_new: bool = False
    beats_inactives: bool = False
    sort: str = "rank"

    def apply(self, result: Result) -> pd.DataFrame:
        """Return the rows that pass, sorted.

        Raises
        ------
        UsageError
            The SMARTS cannot be read, or takes longer than a page may to look for.
        """
        frame = result.frame
        keep = np.ones(len(frame), dtype=bool)
        for column, (low, high) in self.ranges.items():
            keep &= frame[column].between(low, high).to_numpy()
        if self.no_alerts:
            keep &= (frame[schema.ALERTS].fillna("") == "").to_numpy()
        if self.no_query:
            keep &= ~frame[schema.IS_QUERY].to_numpy(dtype=bool)
        if self.only_new:
            keep &= new_ones(frame).to_numpy()
        if self.beats_inactives and result.has_inactives:
            keep &= (frame[MARGIN] > 0).to_numpy()
        for word in self.text.split():
            keep &= _contains(frame, [schema.MOLECULE_ID, *result.user_columns], word)
        if self.smarts.strip():
            keep[keep] = _matches(self.smarts.strip(), tuple(frame[schema.PARENT_SMILES][keep]))
        column, ascending = {**SORTS, **BY_PARTS}.get(self.sort, (MARGIN, False))
        found = frame[keep]
        by = [column] if column == schema.RANK else [column, schema.RANK]
        return found.sort_values(by, ascending=[ascending, True][: len(by)], kind="stable")


@lru_cache(maxsize=8)
def _matches(smarts: str, parents: tuple[str, ...]) -> list[bool]:
    """Say of each structure whether it contains a substructure, found in another process."""
    SmartsFilter((smarts,), ())  # what cannot be read is refused at once
    return CHEMISTRY.run(_passing, smarts, parents, seconds=SMARTS_SECONDS)


def _passing(smarts: str, parents: tuple[str, ...]) -> list[bool]:
    asked = SmartsFilter((smarts,), ())
    return [asked.passes(parent) for parent in parents]


def _contains(frame: pd.DataFrame, columns: list[str], word: str) -> np.ndarray:
    found = np.zeros(len(frame), dtype=bool)
    for name in columns:
        texts = frame[name].astype("str").fillna("")
        found |= texts.str.contains(word, case=False, regex=False).to_numpy(dtype=bool)
    return found


def bounds(frame: pd.DataFrame, column: str, step: float) -> tuple[float, float]:
    """Lowest and highest value of a column, widened to whole steps."""
    values = frame[column].dropna()
    if values.empty:
        return 0.0, step
    low = float(np.floor(values.min() / step) * step)
    high = float(np.ceil(values.max() / step) * step)
    return round(low, 6), round(max(high, low + step), 6)


def scaffolds(frame: pd.DataFrame) -> pd.DataFrame:
    """Group hits by scaffold: size, best rank and score, the best hit's record; best first.

    Hits without rings stand for themselves under one heading, whose scaffold is empty.
    """
    ordered = frame.sort_values(schema.RANK)
    grouped = ordered.groupby(ordered[schema.SCAFFOLD].fillna(""), sort=False)
    found = grouped.agg(
        hits=(schema.RANK, "size"),
        best_rank=(schema.RANK, "first"),
        best_score=(schema.SCORE, "first"),
        ecfp4=(schema.ECFP4_SIMILARITY, "median"),
        record=(schema.RECORD_NUMBER, "first"),
    )
    found.index.name = schema.SCAFFOLD
    return found.reset_index().sort_values("best_rank", ignore_index=True)
