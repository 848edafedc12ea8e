"""What is picked, and how it is laid out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from molsearch.config import Config
from molsearch.schema import NEW_BELOW

PickMethod = Literal["leader", "maxmin", "score"]
Fill = Literal["rows", "columns"]


class PickConfig(Config):
    """Which of some hits are picked, and in which wells they stand."""

    n: int | None = Field(
        default=None, gt=0, description="picks; as many as wells are free where none"
    )
    by: str | None = Field(
        default=None, description="column that ranks; what ranked the screen where none"
    )
    lower_is_better: bool = Field(
        default=False, description="low values of that column are good, as of docking scores"
    )
    method: PickMethod = Field(
        default="leader",
        description="leader: down the list, none too similar to an earlier pick (sphere "
        "exclusion); maxmin: each the farthest from those before; score: the best",
    )
    max_similarity: float | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False,
        description="leader: highest ECFP4 similarity of two picks; 0.6 where none, or as little "
        "more as fills the plate",
    )  # fmt: skip
    depth: int | None = Field(
        default=None, gt=0, description="maxmin: best hits to choose from; ten a pick where none"
    )
    per_scaffold: int | None = Field(
        default=None, gt=0, description="most picks of a Murcko scaffold"
    )
    novel: float = Field(
        default=0.0, ge=0, le=1, allow_inf_nan=False,
        description="least share of picks that resemble no query",
    )  # fmt: skip
    novel_below: float = Field(
        default=NEW_BELOW, gt=0, le=1, allow_inf_nan=False,
        description="ECFP4 similarity to the nearest query below which a hit is novel",
    )  # fmt: skip
    budget: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="what all picks may cost"
    )
    price_column: str | None = Field(
        default=None, description="column of prices; found by its name where none"
    )
    where: tuple[str, ...] = Field(
        default=(),
        description="condition such as 'mw<450, qed>0.5', a preset (lipinski, lead, …), or on a "
        "column of the list; facts that it lacks are computed",
    )
    exclude_alerts: bool = Field(default=False, description="no pick with a structural alert")
    include_smarts: tuple[str, ...] = Field(
        default=(), description="substructure every pick has; repeat for all of several"
    )
    exclude_smarts: tuple[str, ...] = Field(
        default=(), description="substructure no pick has; may be repeated"
    )
    must_have: tuple[str, ...] = Field(
        default=(),
        description="id, or file of ids, that is picked in any case; or SMARTS that at least one "
        "pick contains; may be repeated",
    )
    must_not: tuple[str, ...] = Field(
        default=(),
        description="id, file of ids (such as earlier picks), or SMARTS that is not picked; may be "
        "repeated",
    )
    keep_query: bool = Field(default=False, description="queries and known inactives may be picked")
    facts: tuple[str, ...] = Field(
        default=(), description="further columns, such as qed,fsp3, or all"
    )
    plate: Literal[96, 384] | None = Field(default=96, description="wells of a plate; none: a list")
    plates: int = Field(default=1, gt=0, description="most plates")
    fill: Fill = Field(default="rows", description="A01, A02, … or A01, B01, …")
    leave_empty: tuple[str, ...] = Field(
        default=(), description="rows, columns and wells that stay empty: 'A,H,1,12', 'D06'"
    )
    control_wells: int | None = Field(
        default=None,
        ge=0,
        description="wells of each kind a plate; one a control where none, at most eight",
    )
