"""Picks of a hit list: the whole way from its rows to the rows of a plate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.facts import fact_names
from molsearch.chem.filters import matching
from molsearch.errors import UsageError
from molsearch.picks.choose import Chosen, as_diverse_as_fits
from molsearch.picks.columns import Columns, ranking_column
from molsearch.picks.config import PickConfig
from molsearch.picks.eligible import UNPRICED, Eligible, eligible
from molsearch.picks.lists import Named, named
from molsearch.picks.plate import Layout, layout
from molsearch.picks.report import Account, Costs, Placed
from molsearch.picks.select import chosen_of, limits_of
from molsearch.picks.table import HitTable
from molsearch.picks.values import RANKING, ours
from molsearch.picks.wells import PRICE, SIMILARITY, WHY, Control, well_frame
from molsearch.words import counted

_MOST_CONTROLS = 8
_LARGE: Literal[384] = 384  # wells


@dataclass(frozen=True)
class Picks:
    """Picks and what they cost.

    Attributes
    ----------
    frame
        One row a well: plate, well, role (``pick``, ``query``, ``inactive``), why it was picked,
        molecule_id, smiles, ECFP4 similarity to the nearest other pick, then the columns of the
        hit list. Without a plate there are no wells.
    texts
        The same as it is written to a text: columns of the hit list as they came.
    account
        Numbers of the picks beside those of the best hits.
    parents
        SMILES of the parent of each row.
    """

    frame: pd.DataFrame
    texts: pd.DataFrame
    account: Account
    parents: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """What was picked and what it cost, a sentence each."""
        return self.account.words()


def pick(table: HitTable, config: PickConfig, controls: Sequence[Control] = ()) -> Picks:
    """Pick from a hit list.

    Parameters
    ----------
    controls
        Molecules for control wells; none of them is picked.

    Raises
    ------
    UsageError
        More is asked than there is, wells do not suffice, a column or pattern is unknown.
    InputError
        The ranking column is no number for every hit.
    """
    columns = Columns(table)
    ids = columns.texts("", schema.MOLECULE_ID)
    known = set(ids)
    must = named("--must-have", config.must_have, known, all_known=True)
    must_not = named("--must-not", config.must_not, known, all_known=False)
    if both := [one for one in must.ids if one in must_not.ids]:
        raise UsageError(f"{both[0]!r} is both --must-have and --must-not; choose one")
    plate = _layout(config, controls)
    n = _wanted(config, plate, len(table))
    more = fact_names(config.facts)
    price = columns.price_column(config.price_column, needed=config.budget is not None)
    paid = price if config.budget is not None else None
    found = eligible(columns, config, must_not, {one.parent for one in controls}, paid)
    rows, first = _candidates(found, must.ids, ids)
    first += _with_patterns(must, table, rows, first)
    chosen = chosen_of(columns, config, rows, first, n, price)
    if len(chosen.picks) < n:
        raise UsageError(_too_few(chosen, config, found, n, columns, rows, first, price))
    picked = rows[chosen.picks]
    _check_budget(columns, config, picked, price)
    costs = Costs.of(columns, config, price)
    ranking = ranking_column(columns.names, config.by)
    account = Account(
        n_hits=len(table),
        n_failed=len(table.failures),
        left_out=found.left_out,
        refused=dict(chosen.refused),
        unknown_ids=must_not.n_unknown,
        max_similarity=chosen.max_similarity,
        method=config.method,
        column=ranking,
        lower_is_better=config.lower_is_better,
        of_screen=ranking in ours(columns.names) & RANKING,
        price_column=price,
        novel_below=config.novel_below,
        picks=costs.profile(picked),
        best=costs.profile(found.rows[:n]),
        controls=_placed(plate, controls, n),
    )
    values = table.with_numbers({ranking, *([] if price is None else [price])})
    own: dict[str, Any] = {
        WHY: _reasons(must, first, chosen, config), SIMILARITY: costs.nearest(picked)
    }  # fmt: skip
    prices = _prices(columns, values, picked, price)
    frame, parents = well_frame(values, columns, picked, plate, controls, more, {**own, **prices})
    # In full: nobody rounds an amount of money to six digits.
    own |= {name: [_amount(one) for one in some] for name, some in prices.items()}
    texts, _ = well_frame(table.texts, columns, picked, plate, controls, more, own)
    return Picks(frame, texts, account, parents)


def _layout(config: PickConfig, controls: Sequence[Control]) -> Layout | None:
    if config.plate is None:
        if controls or config.leave_empty:
            raise UsageError("controls and empty wells need a plate: --plate 96 or 384")
        return None
    if config.control_wells and not controls:
        raise UsageError(
            f"--control-wells {config.control_wells}, but there are no controls: name some with "
            "--controls, --positive or --negative"
        )
    most = _MOST_CONTROLS if config.control_wells is None else config.control_wells
    exact = config.control_wells is not None
    kinds = _kinds(controls)
    n_positive, n_negative = (
        0 if not kind else (most if exact else min(kind, most)) for kind in kinds
    )
    return layout(config.plate, config.fill, config.leave_empty, n_positive, n_negative)


def _kinds(controls: Sequence[Control]) -> tuple[int, int]:
    """Count controls of each kind: of actives and of inactives."""
    n_positive = sum(one.role == "query" for one in controls)
    return n_positive, len(controls) - n_positive


def _placed(plate: Layout | None, controls: Sequence[Control], n: int) -> Placed:
    """Count controls without a well on the plates that `n` picks take."""
    if plate is None:
        return Placed()
    n_plates = -(-n // len(plate.picks))
    wells = (len(plate.positive), len(plate.negative))
    kinds = _kinds(controls)
    out = sum(max(0, kind - n_plates * some) for kind, some in zip(kinds, wells, strict=True))
    return Placed(len(controls), out, max(-(-kind // n_plates) for kind in kinds))


def _wanted(config: PickConfig, plate: Layout | None, n_hits: int) -> int:
    if plate is None:
        if config.n is None:
            raise UsageError("say how many with -n, or give a --plate to fill")
        room = config.n
    else:
        room = len(plate.picks) * config.plates
    n = room if config.n is None else config.n
    if n > n_hits:
        raise UsageError(
            f"{n:,} picks of {counted(n_hits, 'hit')}: make a longer hit list, or "
            f"-n {min(n_hits, room)}"
        )
    if plate is not None and n > room:
        raise UsageError(
            f"{n:,} picks do not fit: {config.plates} plate{'s' * (config.plates > 1)} of "
            f"{plate.size} wells hold{'s' * (config.plates == 1)} {room:,} beside controls and "
            f"empty wells; pass {_roomier(config, plate, n)}, or -n {room}"
        )
    return n


def _roomier(config: PickConfig, plate: Layout, n: int) -> str:
    """Name what would hold `n` picks with the controls that there are."""
    found = [f"--plates {-(-n // len(plate.picks))}"]
    n_positive, n_negative = len(plate.positive), len(plate.negative)
    if plate.size < _LARGE:
        large = layout(_LARGE, config.fill, config.leave_empty, n_positive, n_negative)
        if len(large.picks) * config.plates >= n:
            found.insert(0, f"--plate {_LARGE}")
    if not (n_positive or n_negative or config.leave_empty):
        found.append("--plate none for a list")
    return ", ".join(found)


def _candidates(
    found: Eligible, must: Sequence[str], ids: Sequence[str]
) -> tuple[NDArray[np.int64], list[int]]:
    """Rows that may be picked, best first, with those that must be, and the places of these."""
    best: dict[str, int] = {}
    for row in found.order:
        best.setdefault(ids[row], int(row))
    forced = [best[one] for one in must]
    allowed = found.passed.copy()
    allowed[forced] = True
    rows = found.order[allowed[found.order]]
    place = {int(row): number for number, row in enumerate(rows)}
    return rows, [place[row] for row in forced]


def _with_patterns(
    must: Named, table: HitTable, rows: NDArray[np.int64], first: Sequence[int]
) -> list[int]:
    """For each SMARTS that must occur: the best candidate that has it, unless one was taken."""
    taken = [*first]
    parents = [table.parents[row] for row in rows]
    for smarts in must.smarts:
        places = np.flatnonzero(matching(smarts, parents))
        if not len(places):
            raise UsageError(f"--must-have {smarts}: no hit that may be picked contains it")
        if not set(places.tolist()) & set(taken):
            taken.append(int(places[0]))
    return taken[len(first) :]


def _too_few(
    chosen: Chosen,
    config: PickConfig,
    found: Eligible,
    n: int,
    columns: Columns,
    rows: NDArray[np.int64],
    first: list[int],
    price: str | None,
) -> str:
    """Say how many there are, why not more, and what would give as many as were asked."""
    got = len(chosen.picks)
    out = ", ".join(f"{rule}: {count:,}" for rule, count in found.left_out.items())
    refused = ", ".join(f"{rule}: {count:,}" for rule, count in chosen.refused.items())
    said = f"only {got:,} of {n:,} picks: of {counted(len(columns.table), 'hit')} "
    said += f"are left out {out}; " if out else "none is left out; "
    said += f"refused {refused}; " if refused else ""
    advice = f"pass -n {got}" if got else "ask for less"
    if not refused and found.left_out.get(UNPRICED, 0) >= n - got:
        return f"{said}leave --budget out, make a longer hit list, or {advice}"
    if config.budget is not None and price is not None and chosen.refused.get("--budget"):
        prices = columns.prices(price)[rows]
        rest = np.sort(np.delete(prices, first))[: n - len(first)]
        least = rest.sum() + np.nansum(prices[first])
        said += f"the {n:,} cheapest cost {least:,.2f}; " if np.isfinite(rest).all() else ""
    if chosen.refused.get("--max-similarity"):
        prints = columns.table.prints[rows]
        enough = as_diverse_as_fits(
            prints,
            n,
            limits_of(columns, config, rows, n, price).fresh,
            first,
            start=config.max_similarity or 0.0,
        )
        if len(enough.picks) >= n:
            return f"{said}--max-similarity {enough.max_similarity:g} gives {n:,}, or {advice}"
    elif config.method == "maxmin" and len(rows) >= n > got and not refused:
        return f"{said}a --depth of {n:,} or more is needed"
    return f"{said}loosen one, make a longer hit list, or {advice}"


def _check_budget(
    columns: Columns, config: PickConfig, picked: NDArray[np.int64], price: str | None
) -> None:
    """Refuse what is dearer than allowed, as picks that must be may be."""
    if config.budget is None or price is None:
        return
    total = float(np.nansum(columns.prices(price)[picked]))
    if total > config.budget * (1 + 1e-9):
        raise UsageError(
            f"--budget {config.budget:,.2f} does not pay for what must be picked: "
            f"{total:,.2f}; raise it, or leave some of --must-have out"
        )


def _prices(
    columns: Columns, values: pd.DataFrame, picked: NDArray[np.int64], price: str | None
) -> dict[str, list[float]]:
    """Read prices that are text (``$ 45``), for a column of numbers beside them."""
    if price is None or pd.api.types.is_numeric_dtype(values[price].dtype):
        return {}
    return {PRICE: columns.prices(price)[picked].tolist()}


def _amount(price: float) -> str | None:
    return f"{price:.15g}" if np.isfinite(price) else None


def _reasons(must: Named, first: list[int], chosen: Chosen, config: PickConfig) -> list[str]:
    n_ids = len(must.ids)
    usual = {
        "leader": f"best that differs (ECFP4 ≤ {chosen.max_similarity or 1:g})",
        "maxmin": "farthest from the picks before",
        "score": "best",
    }[config.method]
    return [
        "must-have" if place < n_ids else "must-have SMARTS" if place < len(first) else usual
        for place in range(len(chosen.picks))
    ]
