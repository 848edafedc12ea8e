"""What ``molsearch screen`` says of its hits: a table on the terminal, and the run's account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molsearch import schema

if TYPE_CHECKING:
    from molsearch.config import ScreenConfig
    from molsearch.search.queries import Query
    from molsearch.search.screen import HitList, Stopwatch

_SHOWN = 10
_WIDTHS = {"rank": 4, "score": 5, "above": 8, "ECFP4": 5, "inactive": 8, "penalised": 9}
_CONTRASTS = {schema.INACTIVE_SCORE: "inactive", schema.PENALISED_SCORE: "penalised"}


def run_account(
    hits: HitList, config: ScreenConfig, watch: Stopwatch, output: Path
) -> dict[str, Any]:
    """Everything that made the hit list, for ``run.json``."""
    manifest = hits.reader.manifest
    return {
        "output": str(output),
        "n_hits": len(hits.frame),
        "config": config.model_dump(mode="json"),
        "ranking": {**hits.ranking.record(), "percentile_of": hits.percentile_of},
        "queries": [
            {
                **_described(query),
                "n_conformers": sum(row.n_conformers for row in query.conformers),
            }
            for query in hits.queries
        ],
        "inactives": _inactives(hits),
        "index": {
            "path": str(hits.reader.path),
            "generation": manifest.generation,
            "n_molecules": manifest.n_ok,
            "n_failed": manifest.n_failed,
            "sources": list(manifest.library.sources),
            "library": manifest.plan.library,
            "prepare": manifest.library.prepare.model_dump(mode="json"),
        },
        "encoder": manifest.plan.encoder,
        "warnings": list(hits.warnings),
        "seconds": {name: round(seconds, 3) for name, seconds in watch.seconds.items()},
    }


def inactive_facts(hits: HitList) -> list[tuple[str, str]]:
    """Say on a page how many counter-examples there are; nothing where there are none."""
    if hits.inactives is None:
        return []
    facts = [("known inactives", f"{len(hits.inactives.molecules):,}")]
    if hits.inactives.n_failed:
        facts.append(("inactives that cannot be used", f"{hits.inactives.n_failed:,}"))
    return facts


def _described(query: Query) -> dict[str, Any]:
    return {
        "id": query.query_id,
        "smiles": query.first.smiles,
        "parent_smiles": query.first.parent_smiles,
        "source": query.first.source,
    }


def _inactives(hits: HitList) -> dict[str, Any] | None:
    """Counter-examples with every row that could not be used; None where none were given."""
    given = hits.inactives
    if given is None:
        return None
    return {
        "n_in": given.n_in,
        "n_ok": given.n_ok,
        "n_failed": given.n_failed,
        "molecules": [_described(one) for one in given.molecules],
        "failures": [asdict(one) for one in given.failures],
    }


def print_hits(hits: HitList, watch: Stopwatch, output: Path | None) -> None:
    """Print the first hits and the seconds of each stage on stderr."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    several = len(hits.queries) > 1
    contrasts = [name for name in _CONTRASTS if hits.inactives and name in hits.frame]
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    for label in ("rank", "score", "above", "ECFP4", *(_CONTRASTS[name] for name in contrasts)):
        table.add_column(label, justify="right", no_wrap=True, min_width=_WIDTHS.get(label))
    for label in ("molecule", *(["nearest query"] if several else []), "structure"):
        ratio = 2 if label == "structure" else 1
        table.add_column(label, overflow="ellipsis", no_wrap=True, ratio=ratio)
    table.add_column("note", no_wrap=True, min_width=8)
    for row in hits.frame.head(_SHOWN).to_dict("records"):
        cells = [
            str(row[schema.RANK]),
            f"{row[schema.SCORE]:.3f}",
            _percent(row[schema.PERCENTILE]),
            f"{row[schema.ECFP4_SIMILARITY]:.2f}",
            *(f"{row[name]:.3f}" for name in contrasts),
            str(row[schema.MOLECULE_ID]),
            *([str(row[schema.QUERY_ID])] if several else []),
            str(row[schema.PARENT_SMILES]),
            _note(row),
        ]
        # Text, not markup: an id such as [red] is an id.
        table.add_row(*(Text(" ".join(cell.split())) for cell in cells))
    console.print(table)
    console.print(Text(_closing(hits, output)))
    console.print(Text(f"score: {hits.ranking.words()}"))
    console.print(Text(_seconds(watch)), style="dim")


def _closing(hits: HitList, output: Path | None) -> str:
    line = f"{len(hits.frame):,} hits of {hits.reader.n_rows:,} molecules"
    return line if output is None else f"{line} in {output}"


def _seconds(watch: Stopwatch) -> str:
    return " · ".join(f"{name} {seconds:.2f} s" for name, seconds in watch.seconds.items())


def _percent(value: float) -> str:
    return "" if value != value else f"{value:.2f} %"


def _note(row: Mapping[Any, Any]) -> str:
    """Say that a hit is the query, an inactive, or how many structural alerts it has."""
    if row[schema.IS_QUERY]:
        return "query"
    if row.get(schema.IS_INACTIVE) is True:
        return "inactive"
    n = len([name for name in str(row[schema.ALERTS]).split("; ") if name])
    return "" if n == 0 else f"{n} alert{'' if n == 1 else 's'}"
