"""Further components of a ranking, opened for an index and its queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from molsearch.chem.fingerprints import FINGERPRINTS
from molsearch.config import ScreenConfig
from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.scoring.extra import Extra, encoder_extra, fingerprint_extra
from molsearch.scoring.ranking import Ranking
from molsearch.search.exact import dot
from molsearch.search.queries import Query, embed_queries

# What is computed, molecules done, those of them that failed.
OnExtra = Callable[[str, int, int], None]


def is_encoder(name: str) -> bool:
    """Whether a name is that of a bundled encoder, or of a folder with one."""
    from molsearch.nn.weights import CARD_FILE, bundled_encoders

    return name in bundled_encoders() or (Path(name) / CARD_FILE).is_file()


def opened(
    ranking: Ranking,
    reader: IndexReader,
    queries: Sequence[Query],
    config: ScreenConfig,
    device: torch.device | str,
    on_extra: OnExtra | None = None,
) -> list[Extra]:
    """Open what a ranking adds beside what the index holds; computes what was never asked for.

    Raises
    ------
    UsageError
        An encoder looks at conformers that the index lacks, is the index's own by another name,
        or what was computed cannot be kept.
    """
    from molsearch.nn.weights import load_encoder

    found = []
    for term in ranking.extras:
        report = None if on_extra is None else partial(on_extra, term.name)
        if term.name in FINGERPRINTS:
            parents = [query.first.parent_smiles for query in queries]
            found.append(fingerprint_extra(term, reader, parents, report))
            continue
        encoder = load_encoder(term.name, device=str(device))
        if encoder.identity == reader.identity:
            raise UsageError(
                f"--rank: {term.name!r} is the encoder of the index under another name; name it "
                "once, as molsearch"
            )
        if encoder.sees_geometry and not reader.manifest.library.prepare.n_conformers:
            raise UsageError(
                f"--rank: {term.name!r} looks at conformers, and {reader.path} holds none; make "
                "the index with --conformers 1, or leave it out"
            )
        embedded = embed_queries(
            queries, encoder, fusion=term.fusion or "max",
            conformer_fusion=config.conformer_fusion,
        )  # fmt: skip
        found.append(encoder_extra(term, reader, encoder, embedded, dot, report))
    _refuse_alike(found)
    return found


def _refuse_alike(found: Sequence[Extra]) -> None:
    columns = [extra.column for extra in found]
    for column in columns:
        if columns.count(column) > 1:
            raise UsageError(f"--rank: two components would be {column!r}; rename a folder")
