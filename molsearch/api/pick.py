"""`pick`: a plate of hits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from molsearch.api.arguments import config_of
from molsearch.api.given import ligands_of
from molsearch.picks.output import check_output, write_picks
from molsearch.picks.pick import Picks as _Picks
from molsearch.picks.table import table_of
from molsearch.service.pick import pick as choose
from molsearch.service.requests import PickRequest

_SEVERAL = ("must_have", "must_not", "facts", "leave_empty")


@dataclass(frozen=True)
class Picks:
    """A plate of hits.

    Attributes
    ----------
    frame
        One row a well; see `molsearch.picks.pick.Picks`.
    account
        What made it, as in ``run.json``: numbers of the picks beside those of the best hits.
    words
        What was picked and what it cost in score, a sentence each.
    """

    frame: pd.DataFrame
    account: dict[str, Any]
    words: tuple[str, ...]
    _picks: _Picks
    _request: PickRequest

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a file: .csv .tsv .sdf (each also .gz), .parquet, or .xlsx with drawings.

        Raises
        ------
        UsageError
            The name tells no format, or the file exists.
        """
        check_output(Path(path), overwrite=overwrite)
        write_picks(self._picks, self._request.config, Path(path))


def pick(
    hits: pd.DataFrame | str | Path,
    n: int | None = None,
    *,
    positive: Any = (),
    negative: Any = (),
    **options: Any,
) -> Picks:
    r"""Choose a plate of hits.

    Parameters
    ----------
    hits
        What `Index.search` returns, or a file of hits.
    n
        How many; the free wells of the plate by default.
    positive, negative
        Actives and inactives for control wells: SMILES, InChI, files, RDKit molecules, tables.
    options
        Fields of `molsearch.picks.config.PickConfig`: ``method`` (``"leader"``, ``"maxmin"``,
        ``"score"``), ``max_similarity``, ``per_scaffold``, ``novel``, ``budget``, ``where``,
        ``exclude_alerts``, ``must_have``, ``must_not``, ``plate`` (96, 384, None), ``plates``,
        ``leave_empty``, …; also ``read`` (`molsearch.config.ReadConfig`).

    Raises
    ------
    UsageError
        More is asked than there is, wells do not suffice, an option is wrong.
    InputError
        The hits hold no structure, or no score.

    Examples
    --------
    >>> picks = ms.pick(index.search(query, k=1000), 96, per_scaffold=2)   # doctest: +SKIP
    >>> picks.write("plate.xlsx"); print(*picks.words, sep="\n")           # doctest: +SKIP
    """
    fields = {
        name: (value,) if name in _SEVERAL and isinstance(value, str) else value
        for name, value in options.items()
    }
    table = table_of(hits) if isinstance(hits, pd.DataFrame) else None
    request = config_of(
        PickRequest,
        {
            "hits": None if isinstance(hits, pd.DataFrame) else str(hits),
            "n": n,
            "positive": ligands_of(positive),
            "negative": ligands_of(negative),
            **fields,
        },
    )
    done = choose(request, table=table)
    return Picks(done.picks.frame, done.account, tuple(done.picks.words), done.picks, request)
