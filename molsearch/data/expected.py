"""About how many records a library holds, told by the sizes of its files; for speed alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

from molsearch.data.prepared_manifest import PrepareRun

_BYTES = 64  # of a line with a SMILES
_BYTES_OF_BLOCK = 2_500
_BLOCKS = frozenset({".sdf", ".sd", ".mol", ".mol2", ".cdxml"})
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})
_RATIO = 4  # of what is packed


def expected_records(run: PrepareRun) -> int:
    """Guess the records of a run; 0 where nothing is known."""
    found = sum(_records_in(one.name, one.size or 0) for one in run.sources)
    if run.limit is not None:
        found = min(found, run.limit)
    return found if run.part is None else found // run.part[1]


def expected_of_files(names: Iterable[str | Path]) -> int:
    """Guess the records of files; what is none (a folder, a pattern) counts for nothing."""
    paths = [path for path in map(Path, names) if path.is_file()]
    return sum(_records_in(path.name, path.stat().st_size) for path in paths)


def _records_in(name: str, size: int) -> int:
    suffixes = {one.lower() for one in PurePath(name).suffixes}
    whole = size * (_RATIO if suffixes & _PACKED else 1)
    return whole // (_BYTES_OF_BLOCK if suffixes & _BLOCKS else _BYTES)
