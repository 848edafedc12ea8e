"""The hit list as files to take away."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from molsearch import schema
from molsearch.chem.overlay import overlay
from molsearch.errors import InputError
from molsearch.io.tables import write_sdf, write_text_table
from molsearch.io.typed import Types, typed_table
from molsearch.search.hits import STRUCTURES
from molsearch.search.page import write_page
from molsearch.view.hit import records, title_of
from molsearch_app.components import uploads
from molsearch_app.components.hits import Result
from molsearch_app.guard import CHEMISTRY, TooLongError

POSES_MOST = 100
OVERLAY_SECONDS, PAGE_SECONDS = 60.0, 120.0
_UNSAFE = re.compile(r"[^A-Za-z0-9-]+")
# A library's suffix inside a name would tell a wrong format: gefitinib_in_mine.sdf.csv.
_FORMATS = re.compile(rf"\.(?:{'|'.join(uploads.TYPES)})\b", re.IGNORECASE)


def file_name(text: str, suffix: str) -> str:
    """Make a file name of any text; `suffix` may begin with more than a format (``-all.csv``)."""
    return (_UNSAFE.sub("_", _FORMATS.sub("", text)).strip("_-")[:50] or "hits") + suffix


def csv_bytes(rows: pd.DataFrame, *, excel_safe: bool = False) -> bytes:
    """Table as csv: every value verbatim, unless it is to be safe in a spreadsheet.

    Parameters
    ----------
    excel_safe
        Put an apostrophe before text that a spreadsheet would run as a formula, as the option
        ``--excel-safe`` of the command line does; numbers stay numbers.
    """
    handle = io.StringIO()
    write_text_table(rows, handle, excel_safe=excel_safe, verbatim=STRUCTURES)
    return handle.getvalue().encode()


def parquet_bytes(rows: pd.DataFrame, types: Types) -> bytes:
    """Table as parquet, the user's columns with the `types` of their source."""
    handle = io.BytesIO()
    pq.write_table(typed_table(rows, types).table, handle)
    return handle.getvalue()


def html_bytes(rows: pd.DataFrame, result: Result) -> bytes:
    """Self-contained page of the rows."""
    account = result.account
    names = ", ".join(query["id"] for query in result.queries)
    run = {
        "title": f"Hits for {names}"[:120],
        "facts": [
            ("library", f"{account['index']['n_molecules']:,}"),
            ("encoder", str(account["encoder"])[:12]),
        ],
        "warnings": account.get("warnings", []),
        "ranking": result.ranking,
    }
    return CHEMISTRY.run(_page, rows, result.queries, run, seconds=PAGE_SECONDS)


def _page(rows: pd.DataFrame, queries: list[dict[str, str]], run: dict[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hits.html"
        write_page(rows, queries, path, run)
        return path.read_bytes()


def sdf_bytes(
    rows: pd.DataFrame,
    result: Result,
    on_progress: Callable[[float], None] | None = None,
    *,
    most: int = POSES_MOST,
) -> bytes:
    """Hits as SDF, each laid over its nearest query's geometry, which comes first.

    At most `most` rows; a hit of which no 3D geometry can be made is left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "poses.sdf"
        write_sdf(_entries(rows.head(most), result, on_progress), path)
        return path.read_bytes()


def _entries(
    rows: pd.DataFrame, result: Result, on_progress: Callable[[float], None] | None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    placed: set[str] = set()
    for number, hit in enumerate(records(rows), start=1):
        query = str(hit[schema.QUERY_ID])
        try:
            asked = partial(overlay, hit_name=title_of(hit)[0], references=1)
            parent = str(hit[schema.PARENT_SMILES])
            found = CHEMISTRY.run(asked, result.query_of(hit), parent, seconds=OVERLAY_SECONDS)
        except (InputError, TooLongError):
            continue
        finally:
            if on_progress is not None:
                on_progress(number / len(rows))
        if query not in placed:
            placed.add(query)
            yield found.query_block, {schema.MOLECULE_ID: query, "role": "query"}
        tags = {str(name): value for name, value in hit.items()}
        yield (
            found.hit_block,
            {
                **tags,
                "role": "hit",
                "overlaid_on": query,
                "shape_tanimoto": found.shape,
                "colour_tanimoto": found.colour,
            },
        )
