"""Pages of the demo: one a query, with the comparison beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from molsearch.search.page import write_page
from molsearch.service.demo_tally import Example, Result
from molsearch.words import counted

FAMOUS = (
    "These drugs are well known, and the encoder may have met some of them, or close analogues, in "
    "training: the example shows how a screen works and is no benchmark."
)
_DRAWN = 60


def write_pages(
    results: Sequence[Result], place: Callable[[Example], Path], *, encoder: str
) -> None:
    """Write one page a query, each linked with the others.

    Parameters
    ----------
    place
        Gives the file of a query's page.
    encoder
        What the encoder calls itself.
    """
    for result in results:
        example = result.example
        query = {"id": example.name, "smiles": example.smiles, "note": example.drug_class}
        page = page_of(result, results, encoder=encoder)
        write_page(result.hits.frame, [query], place(example), page, drawn=_DRAWN)


def page_of(result: Result, results: Sequence[Result], *, encoder: str) -> dict[str, Any]:
    """Contents of a query's page beside its hits."""
    example, counts = result.example, result.tally
    return {
        "title": f"Hits for {example.name}",
        "facts": [
            ("library", f"{counted(counts.molecules + 1, 'molecule')}"),
            ("encoder", encoder),
        ],
        "links": [
            {
                "title": other.example.name,
                "href": f"{other.example.name}.html",
                "current": other is result,
            }
            for other in results
        ],
        "highlight": {"column": "drug_class", "value": example.drug_class},
        "tally": {
            "caption": f"{example.drug_class}s found, of {counts.members}",
            "columns": [f"first {depth}" for depth in counts.depths],
            "rows": [
                _tally_row("molsearch", counts.molsearch, counts.ecfp4),
                _tally_row("ECFP4", counts.ecfp4, counts.molsearch),
            ],
        },
        "warnings": result.hits.warnings,
        "ranking": result.hits.ranking.words(),
        "footnotes": [FAMOUS],
    }


def _tally_row(label: str, mine: Sequence[int], other: Sequence[int]) -> dict[str, Any]:
    cells = [
        {"value": value, "best": value > against}
        for value, against in zip(mine, other, strict=True)
    ]
    return {"label": label, "cells": cells}
