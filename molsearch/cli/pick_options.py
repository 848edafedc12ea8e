"""Options of ``molsearch pick``."""

from __future__ import annotations

from typing import Literal

from molsearch.cli import options
from molsearch.cli import screen_options as screens
from molsearch.cli.flags import Flag

_DIVERSITY = "Diversity"
_RULES = "Rules (each pick keeps them)"
_PLATE = "Plate"
_CONTROLS = "Controls"


def _wells(text: str) -> int | None:
    return None if text == "none" else int(text)


PICK = (
    Flag("hits", metavar="HITS", argument=True, required=True),
    Flag("n", ("-n",)),
    Flag("output", ("-o", "--output"), kind=list[str]),
    Flag("by"),
    Flag("lower_is_better"),
    Flag("method", panel=_DIVERSITY),
    Flag("max_similarity", panel=_DIVERSITY),
    Flag("depth", panel=_DIVERSITY),
    Flag("per_scaffold", panel=_DIVERSITY),
    Flag("novel", panel=_DIVERSITY),
    Flag("novel_below", panel=_DIVERSITY),
    Flag("budget", panel=_RULES),
    Flag("price_column", panel=_RULES),
    Flag("where", panel=_RULES),
    Flag("exclude_alerts", ("--no-alerts",), _RULES),
    *(Flag(flag.field, panel=_RULES) for flag in screens.SMARTS),
    Flag("must_have", panel=_RULES),
    Flag("must_not", panel=_RULES),
    Flag("keep_query", panel=_RULES),
    screens.FACTS,
    Flag("plate", panel=_PLATE, read=_wells, kind=Literal["96", "384", "none"]),
    Flag("plates", panel=_PLATE),
    Flag("fill", panel=_PLATE),
    Flag("leave_empty", panel=_PLATE),
    Flag("controls", panel=_CONTROLS),
    Flag("positive", panel=_CONTROLS),
    Flag("negative", panel=_CONTROLS),
    Flag("control_wells", panel=_CONTROLS),
    *options.READING,
    screens.EXCEL_SAFE,
    options.OVERWRITE,
)
