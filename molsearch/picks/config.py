"""What is picked, and how it is laid out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from molsearch.config import Config

Method = Literal["leader", "maxmin", "score"]
Fill = Literal["rows", "columns"]


class PickConfig(Config):
    """Which of some hits are picked, and in which wells they stand."""

    n: int | None = Field(default=None, gt=0, description="picks; none: as many as wells are free")
    by: str | None = Field(
        default=None, description="column that says which hit is better; none: what ranks the hits"
    )
    lower_is_better: bool = False
    method: Method = Field(
        default="leader",
        description="leader: down the list, none too similar to an earlier pick (sphere "
        "exclusion); maxmin: each the least similar to those before it; score: the best",
    )
    max_similarity: float | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False,
        description="leader: highest ECFP4 similarity of two picks; none: 0.6, or as little more "
        "as fills the plate",
    )  # fmt: skip
    depth: int | None = Field(
        default=None, gt=0, description="maxmin: best hits chosen from; none: ten a pick"
    )
    per_scaffold: int | None = Field(default=None, gt=0, description="most picks of a scaffold")
    novel: float = Field(
        default=0.0, ge=0, le=1, allow_inf_nan=False,
        description="least share of picks that no query resembles",
    )  # fmt: skip
    novel_below: float = Field(
        default=0.35, gt=0, le=1, allow_inf_nan=False,
        description="ECFP4 similarity to the nearest query below which a hit is such",
    )  # fmt: skip
    budget: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    price_column: str | None = Field(default=None, description="none: found by its name")
    where: tuple[str, ...] = ()
    exclude_alerts: bool = False
    include_smarts: tuple[str, ...] = ()
    exclude_smarts: tuple[str, ...] = ()
    must_have: tuple[str, ...] = Field(
        default=(),
        description="ids or files of ids that are picked in any case; SMARTS that a pick contains",
    )
    must_not: tuple[str, ...] = Field(
        default=(), description="ids, files of ids, SMARTS that are not picked"
    )
    keep_query: bool = Field(default=False, description="queries and inactives may be picked")
    facts: tuple[str, ...] = Field(default=(), description="further columns of the picks")
    plate: Literal[96, 384] | None = Field(default=96, description="wells; none: a list")
    plates: int = Field(default=1, gt=0, description="most plates")
    fill: Fill = "rows"
    leave_empty: tuple[str, ...] = Field(
        default=(), description="wells (A01), rows (H) and columns (12) that stay empty"
    )
    control_wells: int | None = Field(
        default=None, ge=0, description="of each kind a plate; none: one a control, at most eight"
    )
