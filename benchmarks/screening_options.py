"""Options that benchmarks of how ligands are ranked have in common."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_screening(
    parser: argparse.ArgumentParser, *, queries: str, draws: int, encoder: str | None = None
) -> None:
    """Add encoder, numbers of queries, draws and seed, with these defaults, and the output."""
    parser.add_argument(
        "--encoder", default=encoder, help="the default one, a name, or a folder (%(default)s)"
    )
    parser.add_argument(
        "--queries", type=_numbers, default=queries, help="how many at a time (%(default)s)"
    )
    parser.add_argument("--draws", type=int, default=draws, help="of queries (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the folder of benchmarks and activity records."""
    parser.add_argument("--data", type=Path, default=None, help="else MOLSEARCH_DATA")


def _numbers(text: str) -> list[int]:
    """Read numbers with commas between them."""
    return [int(part) for part in text.split(",") if part.strip()]
